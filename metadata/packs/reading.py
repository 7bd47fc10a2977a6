"""Reads a pack: its manifest `pack.json` and the definition files that the manifest lists, in that order.

Called by the command line (`pack list`, `pack install`), the demo and the tests. Pure reading: nothing
is published here, and what the definitions say is judged by `metadata.dialect`. Promises: a whole Pack,
or one DefinitionError with every problem, each naming its file. A name given twice in one JSON object
is refused, and so are files that the manifest does not list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metadata.errors import DefinitionError, NotFound, Problem
from metadata.model import Texts, frozen
from metadata.parser import load_file

SHIPPED = Path(__file__).parent
MANIFEST = "pack.json"
KNOWN = frozenset({"name", "title", "description", "version", "requires", "x-i18n", "definitions"})
TEXT = ("name", "title", "version")
LONGEST = {"name": 60, "title": 200, "version": 60}


@dataclass(frozen=True)
class Manifest:
    """What a pack says of itself; `requires` names the packs that must be installed before it."""

    name: str
    texts: Texts
    version: str
    requires: tuple[str, ...]
    definitions: tuple[str, ...]


@dataclass(frozen=True)
class Pack:
    """A manifest and its definitions as JSON documents, in the order of the manifest."""

    manifest: Manifest
    documents: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """The name that installs it."""
        return self.manifest.name


def available() -> list[Pack]:
    """The packs that ship with the product, in order of their names."""
    return [_read(path.parent) for path in sorted(SHIPPED.glob(f"*/{MANIFEST}"))]


def load(name_or_dir: str | Path) -> Pack:
    """The shipped pack of this name, else the pack in this folder."""
    shipped = SHIPPED / name_or_dir if str(name_or_dir).isidentifier() else None
    for folder in filter(None, (shipped, Path(name_or_dir))):
        if (folder / MANIFEST).is_file():
            return _read(folder)
    raise NotFound(
        "There is no pack called “%(name)s”, and no folder of this name that holds a pack.json.",
        params={"name": str(name_or_dir)},
    )


def with_requirements(names: Iterable[str]) -> list[Pack]:
    """The shipped packs called `names` and all that they require, each after what it requires."""
    ordered: dict[str, Pack] = {}

    def add(name: str, waiting: tuple[str, ...]) -> None:
        if name in waiting:
            raise DefinitionError("The packs %(names)s require each other.", params={"names": ", ".join(waiting)})
        if name in ordered:
            return
        pack = load(name)
        for required in pack.manifest.requires:
            add(required, (*waiting, name))
        ordered[name] = pack

    for name in names:
        add(name, ())
    return list(ordered.values())


def _read(folder: Path) -> Pack:
    manifest = _manifest(folder)
    documents: list[Mapping[str, Any]] = []
    problems = list(_strays(folder, manifest))
    for name in manifest.definitions:
        path = folder / f"{name}.json"
        try:
            document = load_file(path, folder)
        except DefinitionError as error:
            problems += error.problems
            continue
        if document.get("$id") != name:
            text = "A file bears the name of its definition; this one holds “%(found)s”."
            problems.append(Problem("/$id", text, {"found": document.get("$id")}, source=path.name))
        documents.append(document)
    if problems:
        raise DefinitionError("The pack %(name)s cannot be read.", params={"name": manifest.name}, problems=problems)
    return Pack(manifest, tuple(documents))


def _manifest(folder: Path) -> Manifest:
    given = load_file(folder / MANIFEST, folder)
    problems = list(_manifest_problems(given))
    if problems:
        message = "The manifest of the pack in %(folder)s cannot be used."
        raise DefinitionError(message, params={"folder": folder.name}, problems=problems)
    spoken = {language: frozen(words) for language, words in given.get("x-i18n", {}).items()}
    return Manifest(
        name=given["name"],
        texts=Texts(given["title"], description=given.get("description", ""), translated=frozen(spoken)),
        version=given["version"],
        requires=tuple(given.get("requires", ())),
        definitions=tuple(given["definitions"]),
    )


def _manifest_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for key in sorted(set(given) - KNOWN):
        yield Problem(f"/{key}", "A manifest has no entry called “%(name)s”.", {"name": key}, source=MANIFEST)
    for key in TEXT:
        if not isinstance(given.get(key), str) or not given[key]:
            yield Problem(f"/{key}", "Text is expected here.", source=MANIFEST)
    for key in TEXT:
        if isinstance(given.get(key), str) and len(given[key]) > LONGEST[key]:
            yield Problem(f"/{key}", "At most %(limit)s characters fit here.", {"limit": LONGEST[key]}, source=MANIFEST)
    if isinstance(given.get("name"), str) and given["name"] and not given["name"].isidentifier():
        yield Problem("/name", "A name is letters, digits and _, and begins with a letter.", source=MANIFEST)
    for key in ("definitions", "requires"):
        names = given.get(key, [] if key == "requires" else None)
        if not isinstance(names, list) or not all(isinstance(name, str) and name.isidentifier() for name in names):
            yield Problem(f"/{key}", "A list of names is expected here.", source=MANIFEST)
        elif len(set(names)) < len(names):
            yield Problem(f"/{key}", "A name stands here twice.", source=MANIFEST)
    words = given.get("x-i18n", {})
    if not isinstance(words, dict) or not all(isinstance(spoken, dict) for spoken in words.values()):
        yield Problem("/x-i18n", "Texts per language are expected here.", source=MANIFEST)


def _strays(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    listed = {MANIFEST, *(f"{name}.json" for name in manifest.definitions)}
    for path in sorted(folder.glob("*.json")):
        if path.name not in listed:
            yield Problem("", "The manifest does not list this file.", source=path.name)
