"""Comparisons of many models on one data set.

``comparison`` trains what is missing in a folder and writes its tables; ``trial`` has one training
of one model with one seed, ``result`` the file that it leaves; ``workers`` trains trials side by
side; ``leaderboard`` orders the models and prints them.
"""
