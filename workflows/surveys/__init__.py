"""Surveys: whom they ask, answers that nobody can be told by, results that hide small groups.

Pages call `answering` and `results`; what was promised to those who answered is held by `metadata.promises`.
"""
