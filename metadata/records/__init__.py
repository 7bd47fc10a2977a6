"""The record door: every read and write of records, from page, REST, import or workflow, comes through here.

It checks access (rows, fields, action), validates, keeps the optimistic lock, and writes the audit row
and the outbox event in the caller's transaction. Functions never commit and never read the clock.
"""

from metadata.records.batch import Outcome
from metadata.records.bulk import create_many, merge_many
from metadata.records.bulk_change import Change, change_many
from metadata.records.fieldrights import settable
from metadata.records.grouping import Figures, Group, Grouping, Groups, group, totals
from metadata.records.history import Entry, history
from metadata.records.many import Changed, Edited, FieldEdit, addable, edit_field, ids, in_hand, restore_field
from metadata.records.query import Filter, Query
from metadata.records.read import Page, Record, count, find, labels, pick, select, stream
from metadata.records.rehearse import Outlook, rehearse
from metadata.records.relations import Relation, related_counts, relations
from metadata.records.remove import purge, remove, restore
from metadata.records.then import Then, ThenPage, find_then, select_then
from metadata.records.write import change, create

__all__ = [
    "Change",
    "Changed",
    "Edited",
    "Entry",
    "FieldEdit",
    "Figures",
    "Filter",
    "Group",
    "Grouping",
    "Groups",
    "Outcome",
    "Outlook",
    "Page",
    "Query",
    "Record",
    "Relation",
    "Then",
    "ThenPage",
    "addable",
    "change",
    "change_many",
    "count",
    "create",
    "create_many",
    "edit_field",
    "find",
    "find_then",
    "group",
    "history",
    "ids",
    "in_hand",
    "labels",
    "merge_many",
    "pick",
    "purge",
    "rehearse",
    "related_counts",
    "relations",
    "remove",
    "restore",
    "restore_field",
    "select",
    "select_then",
    "settable",
    "stream",
    "totals",
]
