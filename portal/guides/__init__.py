"""Guides by task for each role, in both languages: Markdown files beside this module, read once and shown under /help/.

Called by portal/views/guides.py and tours.py. Anybody who is logged in may read every guide; `first` says which one is
a person's own. HTML in a guide is shown as text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from metadata.deferred import Deferred

if TYPE_CHECKING:
    import markdown_it
else:
    markdown_it = Deferred("markdown_it")

HERE = Path(__file__).parent
ROLES = {  # role → file; the order is that in which a person with several roles is meant
    "HR admin": "hr_admin",
    "Department head": "head",
    "Trainer": "trainer",
    "Auditor": "auditor",
    "Employee": "employee",
}
NAMES = tuple(ROLES.values())


@dataclass(frozen=True)
class Guide:
    """A guide to read: its title, its tasks as (anchor, heading), and its text as HTML."""

    name: str
    title: str
    tasks: tuple[tuple[str, str], ...]
    html: str


@cache
def guide(name: str, language: str) -> Guide | None:
    """The guide called `name`, one of NAMES, in "en" or "zh"; None where there is none."""
    if name not in NAMES:
        return None
    reader = markdown_it.MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse((HERE / language / f"{name}.md").read_text(encoding="utf-8"))
    title, tasks = "", []
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            title = inline.content
        elif token.type == "heading_open" and token.tag == "h2":
            anchor = f"task-{len(tasks) + 1}"
            token.attrSet("id", anchor)
            tasks.append((anchor, inline.content))
    html = reader.renderer.render(tokens, reader.options, {})
    return Guide(name, title, tuple(tasks), re.sub(r"<h1>.*?</h1>\n?", "", html, count=1))


def first(roles: Collection[str]) -> str:
    """The guide of a person with these roles."""
    return next((name for role, name in ROLES.items() if role in roles), "employee")


def ordered(roles: Collection[str], language: str) -> list[Guide]:
    """All guides, the person's own first."""
    own = first(roles)
    found = [guide(name, language) for name in sorted(NAMES, key=lambda name: name != own)]
    return [one for one in found if one is not None]
