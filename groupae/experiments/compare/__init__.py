"""Comparisons: many trainings in one folder, their results and the leaderboard."""
