"""Benchmark of models on elements, originals and factors that were not trained.

``result`` has the result of one training and evaluation, ``submission`` the file in which others
hand in theirs, ``board`` the public table of both, ``pictures`` its curves.
"""
