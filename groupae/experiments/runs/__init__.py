"""Runs: one training in one folder.

``run`` makes, opens and trains a run; ``run_config`` writes and reads its ``config.yaml``;
``run_folder`` has the names of its files and its lock; ``report`` and ``swaps`` evaluate the
trained model, in tables and pictures; ``export`` writes it as a file that needs no groupae.
"""
