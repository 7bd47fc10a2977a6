"""The file store: what people attach to records, kept in the database so that one transaction and one backup hold it.

Pages, REST, the record door and housekeeping come here. A file is an upload of one person until a record takes it
over; from then on it is read by whoever may read that field of that record, and it stays as long as the record's
history does. See docs/decisions/0085 to 0087.
"""

from metadata.files.attaching import attach, problems, unfitting
from metadata.files.forgetting import forget_field, forget_records, forget_table, sweep
from metadata.files.kinds import unfit
from metadata.files.rights import find, known
from metadata.files.store import File, about, broken, charset_of, part, parts, receive, text_of

__all__ = [
    "File",
    "about",
    "attach",
    "broken",
    "charset_of",
    "find",
    "forget_field",
    "forget_records",
    "forget_table",
    "known",
    "part",
    "parts",
    "problems",
    "receive",
    "sweep",
    "text_of",
    "unfit",
    "unfitting",
]
