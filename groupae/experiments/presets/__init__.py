"""Presets: models and trainings as plain data, one file per data set.

``experiment`` defines an experiment and ``config`` a preset; ``paper`` and ``rivals`` have the
presets of the paper and of the baselines. ``building`` makes the model of a config: ``backbones``
and ``systems`` find its parts by name, ``conv_backbones``, ``set_backbones`` and
``paper_backbones`` have the backbones.
"""
