"""Readers of published data sets (originals), in their published layout."""
