"""The types a field can have: one frozen row each, read by tables, validation, forms, REST and imports.

A row says which SQL column holds the value, how a value is read from typed text and from JSON, and how
it is written back. Adding a type is one row here and one row in the contract test. Readers raise
`ValueError` with a sentence (a translation key with `%(name)s` places) and its parameters.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Boolean, Date, Dialect, Float, Numeric, String, Text, Time, TypeDecorator, Uuid
from sqlalchemy.types import TypeEngine

from metadata.engine import UTCDateTime
from metadata.model import Field

LARGEST_INTEGER = 2**63 - 1
DECIMAL_DIGITS = 15  # what a float64 column of SQLite keeps exactly
TRUE_WORDS = frozenset({"true", "1", "yes", "on", "y", "是"})
FALSE_WORDS = frozenset({"false", "0", "no", "off", "n", "否"})


class BadValue(ValueError):
    """Text or JSON that is no value of the type: a sentence, its parameters, and how to mend it."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


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


def _plain(value: Any) -> Any:
    return value


def _text_json(_field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("Text is expected here.")
    if "\x00" in value:
        raise BadValue("This text holds a character that can't be stored.")
    return value


def _text(field: Field, value: str, _zone: ZoneInfo) -> str:
    return _text_json(field, value.replace("\r\n", "\n"))


def _integer_json(_field: Field, value: Any) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise BadValue("A whole number is expected here.")
    if value != int(value):
        raise BadValue("A whole number is expected here.")
    return _bounded(int(value))


def _bounded(value: int) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise BadValue("This number is too large.")
    return value


def _integer(_field: Field, value: str, _zone: ZoneInfo) -> int:
    number = _decimal_of(value, "A whole number is expected here.")
    if number != number.to_integral_value():
        raise BadValue("A whole number is expected here.")
    return _bounded(int(number))


def _decimal_of(value: str, message: str) -> Decimal:
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        raise BadValue(message) from None
    if not number.is_finite() or number.adjusted() > 400:
        raise BadValue(message)
    return number


def _number_json(_field: Field, value: Any) -> float:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue("A number is expected here.")
    try:
        number = float(value)
    except OverflowError:
        raise BadValue("This number is too large.") from None
    if not math.isfinite(number):
        raise BadValue("A number is expected here.")
    return number


def _number(field: Field, value: str, _zone: ZoneInfo) -> float:
    return _number_json(field, float(_decimal_of(value, "A number is expected here.")))


def _scaled(field: Field, number: Decimal) -> Decimal:
    scale = field.scale or 0
    if number != 0 and number.adjusted() >= DECIMAL_DIGITS - scale:
        raise BadValue("This number is too large.")
    exact = number.quantize(Decimal(1).scaleb(-scale))
    if exact != number:
        raise BadValue("At most %(places)s decimal places are kept here.", places=scale)
    return exact


def _decimal_json(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadValue("A number is expected here.")
    return _scaled(
        field, _decimal_of(repr(value) if isinstance(value, float) else str(value), "A number is expected here.")
    )


def _decimal(field: Field, value: str, _zone: ZoneInfo) -> Decimal:
    return _scaled(field, _decimal_of(value, "A number is expected here."))


def _boolean_json(_field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("True or false is expected here.")
    return value


def _boolean(_field: Field, value: str, _zone: ZoneInfo) -> bool:
    word = value.strip().casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise BadValue("Yes or no is expected here.")


def _date(_field: Field, value: str, _zone: ZoneInfo) -> date:
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise BadValue("A date such as 2026-03-31 is expected here.") from None


def _date_json(field: Field, value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) != 10:
        raise BadValue("A date such as 2026-03-31 is expected here.")
    return _date(field, value, ZoneInfo("UTC"))


def _moment(_field: Field, value: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue("A date and time such as 2026-03-31T14:30 is expected here.") from None


def _moment_json(field: Field, value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise BadValue("A date and time such as 2026-03-31T14:30:00Z is expected here.")
    moment = _moment(field, value, ZoneInfo("UTC"))
    if datetime.fromisoformat(value.strip()).tzinfo is None:
        raise BadValue("The time zone is missing; write for example 2026-03-31T14:30:00Z.")
    return moment


def _moment_to_json(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(_field: Field, value: str, _zone: ZoneInfo) -> time:
    try:
        moment = time.fromisoformat(value.strip())
    except ValueError:
        raise BadValue("A time such as 14:30 is expected here.") from None
    if moment.tzinfo is not None:
        if moment.utcoffset():
            raise BadValue("Times are kept in UTC; write for example 14:30:00Z.")
        moment = moment.replace(tzinfo=None)
    return moment


def _time_json(field: Field, value: Any) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str):
        raise BadValue("A time such as 14:30 is expected here.")
    return _time(field, value, ZoneInfo("UTC"))


def _uuid_json(_field: Field, value: Any) -> uuid.UUID:
    try:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise BadValue("An identifier such as 123e4567-e89b-12d3-a456-426614174000 is expected here.") from None


def _uuid(field: Field, value: str, _zone: ZoneInfo) -> uuid.UUID:
    return _uuid_json(field, value.strip())


def _choice_json(field: Field, value: Any) -> Any:
    if isinstance(value, bool) or field.choice(value) is None:
        raise BadValue("“%(value)s” is not one of the choices: %(choices)s.", value=value, choices=_choices(field))
    return value


def _choices(field: Field) -> str:
    offered = [str(e.value) for e in field.enum if not e.retired]
    return ", ".join(offered[:12]) + (" …" if len(offered) > 12 else "")


def _choice(field: Field, value: str, _zone: ZoneInfo) -> Any:
    word = value.strip()
    for choice in field.enum:
        if str(choice.value) == word:
            return choice.value
    folded = word.casefold()
    for choice in field.enum:  # people type and import labels, in either language
        if folded in {label.casefold() for label in choice.labels.values()} | {str(choice.value).casefold()}:
            return choice.value
    raise BadValue("“%(value)s” is not one of the choices: %(choices)s.", value=word, choices=_choices(field))


def _reference_json(_field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_INTEGER:
        raise BadValue("The id of a record is expected here.")
    return value


def _reference(field: Field, value: str, _zone: ZoneInfo) -> int:
    if not value.strip().isdecimal():
        raise BadValue("Choose a record from the list.")
    return _reference_json(field, int(value))


def _length(field: Field) -> String:
    return String(field.max_length)


def _iso(value: Any) -> str:
    return str(value.isoformat())


TYPES: Mapping[str, FieldType] = {
    row.name: row
    for row in (
        FieldType("text", _length, _text, _text_json, _plain, str, "text", "string", searchable=True),
        FieldType("long_text", lambda f: Text(), _text, _text_json, _plain, str, "textarea", "string", searchable=True),
        FieldType("date", lambda f: Date(), _date, _date_json, _iso, _iso, "date", "string"),
        FieldType(
            "date_time",
            lambda f: UTCDateTime(),
            _moment,
            _moment_json,
            _moment_to_json,
            _moment_to_json,
            "datetime",
            "string",
        ),
        FieldType("time", lambda f: Time(), _time, _time_json, _iso, _iso, "time", "string"),
        FieldType(
            "email",
            lambda f: String(f.max_length or 320),
            _text,
            _text_json,
            _plain,
            str,
            "email",
            "string",
            searchable=True,
        ),
        FieldType("uri", lambda f: Text(), _text, _text_json, _plain, str, "url", "string", searchable=True),
        FieldType("uuid", lambda f: Uuid(), _uuid, _uuid_json, str, str, "text", "string"),
        FieldType(
            "integer", lambda f: BigInteger(), _integer, _integer_json, _plain, str, "integer", "integer", numeric=True
        ),
        FieldType(
            "decimal",
            lambda f: ExactDecimal(f.scale or 0),
            _decimal,
            _decimal_json,
            float,
            str,
            "number",
            "number",
            numeric=True,
        ),
        FieldType("number", lambda f: Float(53), _number, _number_json, _plain, repr, "number", "number", numeric=True),
        FieldType(
            "boolean",
            lambda f: Boolean(),
            _boolean,
            _boolean_json,
            _plain,
            lambda v: "true" if v else "false",
            "switch",
            "boolean",
        ),
        FieldType("choice", lambda f: String(100), _choice, _choice_json, _plain, str, "select", "string"),
        FieldType("choice_integer", lambda f: BigInteger(), _choice, _choice_json, _plain, str, "select", "integer"),
        FieldType(
            "reference", lambda f: BigInteger(), _reference, _reference_json, _plain, str, "reference", "integer"
        ),
    )
}


def of(field: Field) -> FieldType:
    """The type of `field`."""
    return TYPES[field.type]
