"""The start page: cards that rooms register, each shown to those for whom it holds something.

`portal/app.py` fills `CARDS`; `portal/views/home.py` asks `shown`. A card costs one or two statements and never
asks for what its reader may not see: it reads through the record door with the reader's own rights.
"""

from portal.home.card import CARDS, Card, Content, Line, Reader, shown

__all__ = ["CARDS", "Card", "Content", "Line", "Reader", "shown"]
