"""Goals: the tree of objectives over all levels, their progress, check-ins, clashes and what a change does below.

Objectives are records of the definitions of kind `okr_level`; their key results, alignments and needs are child tables
of these. What is kept beside them (check-ins, proposals, dismissed clashes) is in `tables`.
"""
