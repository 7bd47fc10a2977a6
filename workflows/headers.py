"""How the column of a field is headed in a file, and which field a header means.

Called by exports and imports, so that what one writes the other knows. A header is a title where that means one field
alone, else the title with the field's name; a field's own name always means that field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metadata.model import Definition, Field


def titled(definition: Definition, fields: Sequence[Field], language: str) -> list[str]:
    """The headers of these fields in the words of a language."""
    known = meant(definition)
    titles = ((item, item.title(language)) for item in fields)
    return [title if known.get(plain(title)) == item.name else _both(title, item) for item, title in titles]


def meant(definition: Definition) -> Mapping[str, str]:
    """The field that a header means, by the header's letters and digits."""
    fields = definition.fields.values()
    found: dict[str, set[str]] = {}
    for item in fields:
        for title in {item.title("en"), item.title("zh")}:
            found.setdefault(plain(title), set()).add(item.name)
            found.setdefault(plain(_both(title, item)), set()).add(item.name)
    clear = {word: next(iter(names)) for word, names in found.items() if len(names) == 1}
    return clear | {plain(item.name): item.name for item in fields}


def plain(word: str) -> str:
    """A header without what people write differently."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _both(title: str, item: Field) -> str:
    return f"{title} ({item.name})"
