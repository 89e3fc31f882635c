"""Presets: models and trainings as plain data, one file a data set.

``experiment`` says what an experiment is, ``config`` what a preset is; ``backbones`` and
``systems`` find by name what a preset names, ``building`` makes the model; ``paper`` and ``rivals``
have the presets of the paper and of the systems we compare with.
"""
