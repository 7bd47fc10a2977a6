"""What a field type is: one frozen row, its column types, and the error of a value that can't be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Dialect, Float, Numeric, TypeDecorator
from sqlalchemy.types import TypeEngine

from metadata.model import Field


class BadValue(ValueError):
    """Text or JSON that is no value of the type: a sentence, its parameters, and how to mend it."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params

    def each(self) -> Iterator[tuple[str, BadValue]]:
        """The single faults with their places inside the value; one without a place where it is a whole."""
        yield "", self


class BadEntries(BadValue):
    """Several faults in the entries of a list, each with its place such as `/2/weight`."""

    def __init__(self, faults: list[tuple[str, BadValue]]) -> None:
        first = faults[0][1]
        super().__init__(first.message, **first.params)
        self.faults = faults

    def each(self) -> Iterator[tuple[str, BadValue]]:
        """The faults, entry by entry."""
        yield from self.faults


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal with a fixed number of places: NUMERIC, on SQLite a float that is rounded when read."""

    impl = Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__(28, scale)
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite has no decimals; 15 digits survive a float."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Float())
        return dialect.type_descriptor(Numeric(28, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """A float for SQLite, the decimal itself elsewhere."""
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The decimal that was stored."""
        if value is None or isinstance(value, Decimal):
            return value
        return Decimal(repr(value)).quantize(Decimal(1).scaleb(-self.scale))


@dataclass(frozen=True)
class FieldType:
    """One type: how it is stored, read, written and asked for."""

    name: str
    sql: Callable[[Field], TypeEngine[Any]]
    from_text: Callable[[Field, str, ZoneInfo], Any]
    from_json: Callable[[Field, Any], Any]
    to_json: Callable[[Any], Any]
    to_text: Callable[[Any], str]
    widget: str
    json_type: str
    numeric: bool = False
    searchable: bool = False
    ordered: bool = True
    many: bool = False
