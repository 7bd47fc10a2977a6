"""What changed between two versions of a definition, for whom: sentences, not JSON.

Asked by the history's pages, REST and the command line; pure. `tell` leaves nothing out: where it has no
better words for a keyword, the sentence names it.
"""

from metadata.telling.said import Line, Said, english, listed
from metadata.telling.whole import tell

__all__ = ["Line", "Said", "english", "listed", "tell"]
