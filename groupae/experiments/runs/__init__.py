"""Runs: one training in one folder, its report, its swaps and its export."""
