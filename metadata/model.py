"""What a definition is once it has been read: frozen values, no raw JSON.

`parser.py` makes them; catalog, tables, access, validation and the portal's screens read them.
Nothing here does I/O or knows a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Self

from metadata.kinds import Courses, Grades, Okr, ReviewForm, Survey

Kind = Literal["entity", "kpi", "okr_level", "catalog", "review_form", "survey", "walkthrough"]
RowScope = Literal["none", "own", "assigned", "reports", "unit", "department", "all"]
ACTIONS = ("list", "show", "add", "edit", "remove", "export", "import")
SCOPES: tuple[RowScope, ...] = ("none", "own", "assigned", "reports", "unit", "department", "all")
LISTS = frozenset({"references", "choices", "rows"})  # their entries are kept in a table beside the record's
SYSTEM_COLUMNS = (
    "id",
    "_version",
    "_created_at",
    "_created_by",
    "_changed_at",
    "_changed_by",
    "_removed_at",
    "_removed_by",
)


NOTHING: Mapping[str, Any] = MappingProxyType({})


def frozen(mapping: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """A read-only copy of `mapping`; all empty ones are the same."""
    return MappingProxyType(dict(mapping)) if mapping else NOTHING


@dataclass(frozen=True)
class Texts:
    """What people read of a thing, in English and per language: `title`, `plural`, `description`."""

    title: str
    plural: str = ""
    description: str = ""
    translated: Mapping[str, Mapping[str, str]] = field(default_factory=frozen)

    def get(self, name: str, language: str = "en") -> str:
        """The text called `name` ("title", "plural", "description") in `language`, else in English.

        A list without a name of its own in a language is called by the title there: Chinese knows no plural.
        """
        said = self.translated.get(language, {})
        own = said.get(name) or (said.get("title") if name == "plural" else None)
        return own or str(getattr(self, name)) or (self.title if name == "plural" else "")

    def named(self, name: str = "title") -> Title:
        """The text called `name` in every language."""
        return Title(self.get(name), {language: self.get(name, language) for language in self.translated})


class Title(str):
    """What something is called, in English as any text; it knows its other languages, for messages worded later."""

    __slots__ = ("translated",)
    translated: Mapping[str, str]

    def __new__(cls, english: str, translated: Mapping[str, str]) -> Self:
        """`translated` is by language; English is said where a language has no words."""
        made = super().__new__(cls, english)
        made.translated = translated
        return made

    def spoken(self, language: str) -> str:
        """In one language."""
        return self.translated.get(language) or str(self)

    @classmethod
    def joined(cls, between: str, titles: Sequence[str]) -> Title:
        """Several as one, each language with its own."""
        known = {language for title in titles if isinstance(title, Title) for language in title.translated}
        said = {
            language: between.join(t.spoken(language) if isinstance(t, Title) else t for t in titles)
            for language in known
        }
        return cls(between.join(titles), said)


@dataclass(frozen=True)
class EnumValue:
    """One choice of an enum; a retired one stays valid where it stands and is offered no more."""

    value: str | int
    labels: Mapping[str, str] = field(default_factory=frozen)
    retired: bool = False

    def label(self, language: str = "en") -> str:
        """The choice as people read it."""
        return self.labels.get(language) or self.labels.get("en") or str(self.value)


@dataclass(frozen=True)
class Field:
    """One property of a definition.

    `type` names a row of `fieldtypes.TYPES`; `column` is the physical column (`x-id`), given at first
    publish and kept for life; `scale` is the number of decimal places where `multipleOf` gives one. A field of a
    nested object is called `object.field`. `ref` is the definition pointed at, by one value or by a list of them;
    `rows` are the fields of each entry of a child table; `was` the columns that its values lived in
    before, newest first, and `moves` says how they came from the newest of them.
    """

    name: str
    column: str
    type: str
    texts: Texts
    required: bool = False
    enum: tuple[EnumValue, ...] = ()
    ref: str | None = None
    max_length: int | None = None
    min_length: int | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    exclusive_minimum: float | int | None = None
    exclusive_maximum: float | int | None = None
    scale: int | None = None
    multiple_of: float | int | None = None
    pattern: str | None = None
    default: Any = None
    has_default: bool = False
    dimension: bool = False
    core: bool = False
    widget: str = ""
    format: str = ""
    formula: str | None = None
    tree: bool = False
    was: tuple[str, ...] = ()
    moves: Mapping[str, Any] = field(default_factory=frozen)
    rows: Mapping[str, Field] = field(default_factory=frozen)
    min_items: int | None = None
    max_items: int | None = None
    accept: tuple[str, ...] = ()
    max_size: int | None = None

    @property
    def many(self) -> bool:
        """Whether its value is a tuple of entries."""
        return self.type in LISTS

    @property
    def stored(self) -> bool:
        """Whether the record's own table has a column for it."""
        return self.formula is None and self.type not in LISTS

    @property
    def target(self) -> str | None:
        """The definition that its one value is a record of; None for lists and for plain values."""
        return None if self.many else self.ref

    @property
    def origin(self) -> str:
        """The column that its values were born in: what a field keeps through every rename and conversion."""
        return self.was[-1] if self.was else self.column

    def title(self, language: str = "en") -> str:
        """The label of the field."""
        return self.texts.get("title", language)

    def help(self, language: str = "en") -> str:
        """The sentence under the field; empty where there is none."""
        return self.texts.get("description", language)

    def choice(self, value: Any) -> EnumValue | None:
        """The enum value that equals `value`."""
        return next((e for e in self.enum if e.value == value), None)


@dataclass(frozen=True)
class Rule:
    """Refuses a record, with `texts.description` at the field `at`: where `block` matches or `formula` is not true."""

    texts: Texts
    at: str = ""
    block: Mapping[str, Any] | None = None
    formula: str | None = None

    @property
    def said(self) -> Mapping[str, str]:
        """The message in further languages."""
        return {language: words["description"] for language, words in self.texts.translated.items()}


@dataclass(frozen=True)
class RoleAccess:
    """One rule of a role: what it may do with which records of a definition, without which fields.

    `assigned` names the references that the scope of this name goes by; `where` is a block of the dialect that a
    record must meet besides.
    """

    rows: RowScope
    can: frozenset[str]
    hides: frozenset[str] = frozenset()
    locks: frozenset[str] = frozenset()
    others_only: bool = False
    assigned: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=frozen)


@dataclass(frozen=True)
class Section:
    """A titled group of fields on a form, so many of them side by side where there is room."""

    texts: Texts
    fields: tuple[str, ...]
    columns: int = 2


@dataclass(frozen=True)
class Screen:
    """Which fields a list shows, in what order its rows come, and how a form is divided."""

    list: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]  # (field, descending)
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Measure:
    """How a KPI is measured; expressions are read by `metadata.measure`.

    `thresholds` grade its attainment; `curve` holds the per cent of a year that each month is expected to bring.
    """

    time: str
    plan: str
    actual: str
    direction: str = "higher"
    unit: str = ""
    baseline: str = "0"
    floor: str = "0"
    cap: str = "1.2"
    extra: Mapping[str, Any] = field(default_factory=frozen)
    thresholds: Grades | None = None
    curve: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Owner:
    """Which reference fields say whose record it is; "" means the record itself, None nobody."""

    person: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Directory:
    """Marks the definition that holds people or units, and the fields that tie them together."""

    kind: Literal["person", "unit"]
    account: str = ""
    unit: str = ""
    parent: str = ""
    head: str = ""
    manager: str = ""


@dataclass(frozen=True)
class Definition:
    """One definition, read and checked. `document` is the JSON it came from (never changed)."""

    name: str
    kind: Kind
    texts: Texts
    fields: Mapping[str, Field]
    unique: tuple[tuple[str, ...], ...]
    logic: Mapping[str, Any]
    rules: tuple[Rule, ...]
    access: Mapping[str, tuple[RoleAccess, ...]]
    screen: Screen
    owner: Owner
    directory: Directory | None
    measure: Measure | None
    label_fields: Mapping[str, tuple[str, ...]]
    group: str
    icon: str
    extras: Mapping[str, Any]
    document: Mapping[str, Any]
    okr: Okr | None = None
    survey: Survey | None = None
    courses: Courses | None = None
    form: ReviewForm | None = None

    @property
    def nameless(self) -> bool:
        """Whether its records are answers of which nobody may know, or find out, whose they are."""
        return self.survey is not None and self.survey.anonymous

    def title(self, language: str = "en") -> str:
        """The name of one record's kind, for example "Employee"."""
        return self.texts.get("title", language)

    def plural(self, language: str = "en") -> str:
        """The name of the list, for example "Employees"."""
        return self.texts.get("plural", language)

    def label_of(self, language: str = "en") -> tuple[str, ...]:
        """The fields that make a record's label in `language`."""
        return self.label_fields.get(language) or self.label_fields["en"]

    @property
    def stores_records(self) -> bool:
        """Whether there is a table behind it (a walkthrough has none)."""
        return bool(self.fields)

    @cached_property
    def table_name(self) -> str:
        """The physical table."""
        return f"rec_{self.name}"

    @cached_property
    def columns(self) -> Mapping[str, Field]:
        """The fields that are columns of the record's own table."""
        return frozen({name: f for name, f in self.fields.items() if f.stored})

    @cached_property
    def lists(self) -> Mapping[str, Field]:
        """The fields whose entries are kept in a table beside the record's."""
        return frozen({name: f for name, f in self.fields.items() if f.many})

    @cached_property
    def formulas(self) -> Mapping[str, Field]:
        """The fields that are computed from others."""
        return frozen({name: f for name, f in self.fields.items() if f.formula is not None})

    @cached_property
    def held(self) -> Mapping[str, Field]:
        """The fields whose values are kept: all but the computed ones."""
        return frozen({name: f for name, f in self.fields.items() if f.formula is None})

    @cached_property
    def references(self) -> frozenset[str]:
        """The definitions that its fields point at, those of child tables too."""
        found = [f for item in self.fields.values() for f in (item, *item.rows.values())]
        return frozenset(f.ref for f in found if f.ref)
