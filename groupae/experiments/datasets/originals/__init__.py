"""Originals: readers of published data sets, in the layout they are published in."""
