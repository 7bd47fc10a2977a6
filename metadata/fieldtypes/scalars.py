"""How single values are read from typed text (`read_…`) and from JSON (`…_json`), and written back.

Called by `table`, whose rows name these functions, and by `entries` for what stands in a list. Readers raise
`BadValue` with a sentence (a translation key with `%(name)s` places) and its parameters.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import String

from metadata.fieldtypes.kinds import BadValue
from metadata.model import Field

LARGEST_INTEGER = 2**63 - 1
DECIMAL_DIGITS = 15  # what a float64 column of SQLite keeps exactly
TRUE_WORDS = frozenset({"true", "1", "yes", "on", "y", "是"})
FALSE_WORDS = frozenset({"false", "0", "no", "off", "n", "否"})
LONGEST_EMAIL = 320
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")  # as lists show numbers
SAFE_SCHEMES = ("http", "https", "mailto", "ftp", "tel", "urn")


def as_it_is(value: Any) -> Any:
    return value


def text_json(_field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("Text is expected here.")
    if "\x00" in value:
        raise BadValue("This text holds a character that can't be stored.")
    return value


def read_text(field: Field, value: str, _zone: ZoneInfo) -> str:
    return text_json(field, value.replace("\r\n", "\n"))


def email_json(field: Field, value: Any) -> str:
    text = text_json(field, value)
    if len(text) > LONGEST_EMAIL or not EMAIL.fullmatch(text):
        raise BadValue("An e-mail address such as name@example.com is expected here.")
    return text


def uri_json(field: Field, value: Any) -> str:
    text = text_json(field, value)
    if not (URI.fullmatch(text) and text.split(":", 1)[0].lower() in SAFE_SCHEMES):
        raise BadValue("A web address such as https://example.com is expected here.")
    return text


def read_email(field: Field, value: str, _zone: ZoneInfo) -> str:
    return email_json(field, value)


def read_uri(field: Field, value: str, _zone: ZoneInfo) -> str:
    return uri_json(field, value)


def integer_json(_field: Field, value: Any) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise BadValue("A whole number is expected here.")
    if value != int(value):
        raise BadValue("A whole number is expected here.")
    return bounded(int(value))


def bounded(value: int) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise BadValue("This number is too large.")
    return value


def read_integer(_field: Field, value: str, _zone: ZoneInfo) -> int:
    number = decimal_of(value, "A whole number is expected here.")
    if number != number.to_integral_value():
        raise BadValue("A whole number is expected here.")
    return bounded(int(number))


def decimal_of(value: str, message: str) -> Decimal:
    word = value.strip()
    try:
        number = Decimal(word.replace(",", "") if GROUPED.fullmatch(word) else word)
    except InvalidOperation:
        raise BadValue(message) from None
    if not number.is_finite() or number.adjusted() > 400:
        raise BadValue(message)
    return number


def number_json(_field: Field, value: Any) -> float:
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


def read_number(field: Field, value: str, _zone: ZoneInfo) -> float:
    return number_json(field, float(decimal_of(value, "A number is expected here.")))


def scaled(field: Field, number: Decimal) -> Decimal:
    scale = field.scale or 0
    if number != 0 and number.adjusted() >= DECIMAL_DIGITS - scale:
        raise BadValue("This number is too large.")
    exact = number.quantize(Decimal(1).scaleb(-scale))
    if exact != number:
        raise BadValue("At most %(places)s decimal places are kept here.", places=scale)
    return exact


def decimal_json(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadValue("A number is expected here.")
    return scaled(
        field, decimal_of(repr(value) if isinstance(value, float) else str(value), "A number is expected here.")
    )


def read_decimal(field: Field, value: str, _zone: ZoneInfo) -> Decimal:
    return scaled(field, decimal_of(value, "A number is expected here."))


def boolean_json(_field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("True or false is expected here.")
    return value


def read_boolean(_field: Field, value: str, _zone: ZoneInfo) -> bool:
    word = value.strip().casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise BadValue("Yes or no is expected here.")


def read_date(_field: Field, value: str, _zone: ZoneInfo) -> date:
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise BadValue("A date such as 2026-03-31 is expected here.") from None


def date_json(field: Field, value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) != 10:
        raise BadValue("A date such as 2026-03-31 is expected here.")
    return read_date(field, value, ZoneInfo("UTC"))


def read_moment(_field: Field, value: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue("A date and time such as 2026-03-31T14:30 is expected here.") from None


def moment_json(field: Field, value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise BadValue("A date and time such as 2026-03-31T14:30:00Z is expected here.")
    moment = read_moment(field, value, ZoneInfo("UTC"))
    if datetime.fromisoformat(value.strip()).tzinfo is None:
        raise BadValue("The time zone is missing; write for example 2026-03-31T14:30:00Z.")
    return moment


def moment_to_json(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_time(_field: Field, value: str, _zone: ZoneInfo) -> time:
    try:
        moment = time.fromisoformat(value.strip())
    except ValueError:
        raise BadValue("A time such as 14:30 is expected here.") from None
    if moment.tzinfo is not None:
        if moment.utcoffset():
            raise BadValue("Times are kept in UTC; write for example 14:30:00Z.")
        moment = moment.replace(tzinfo=None)
    return moment


def time_json(field: Field, value: Any) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str):
        raise BadValue("A time such as 14:30 is expected here.")
    return read_time(field, value, ZoneInfo("UTC"))


def uuid_json(_field: Field, value: Any) -> uuid.UUID:
    try:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise BadValue("An identifier such as 123e4567-e89b-12d3-a456-426614174000 is expected here.") from None


def read_uuid(field: Field, value: str, _zone: ZoneInfo) -> uuid.UUID:
    return uuid_json(field, value.strip())


def choice_json(field: Field, value: Any) -> Any:
    if isinstance(value, bool) or field.choice(value) is None:
        raise BadValue("“%(value)s” is not one of the choices: %(choices)s.", value=value, choices=offered(field))
    return value


def offered(field: Field) -> str:
    values = [str(e.value) for e in field.enum if not e.retired]
    return ", ".join(values[:12]) + (" …" if len(values) > 12 else "")


def read_choice(field: Field, value: str, _zone: ZoneInfo) -> Any:
    word = value.strip()
    for choice in field.enum:
        if str(choice.value) == word:
            return choice.value
    folded = word.casefold()
    for choice in field.enum:  # people type and import labels, in either language
        if folded in {label.casefold() for label in choice.labels.values()} | {str(choice.value).casefold()}:
            return choice.value
    raise BadValue("“%(value)s” is not one of the choices: %(choices)s.", value=word, choices=offered(field))


def reference_json(_field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_INTEGER:
        raise BadValue("The id of a record is expected here.")
    return value


def read_reference(field: Field, value: str, _zone: ZoneInfo) -> int:
    if not value.strip().isdecimal():
        raise BadValue("Choose a record from the list.")
    return reference_json(field, int(value))


def file_json(_field: Field, value: Any) -> uuid.UUID:
    """The id that the upload answered with; the whole answer is taken as well."""
    given = value.get("id") if isinstance(value, Mapping) else value
    try:
        return given if isinstance(given, uuid.UUID) else uuid.UUID(given)
    except (ValueError, AttributeError, TypeError):
        raise BadValue("The id of an uploaded file is expected here.") from None


def read_file(field: Field, value: str, _zone: ZoneInfo) -> uuid.UUID:
    return file_json(field, value.strip())


def length(field: Field) -> String:
    return String(field.max_length)


def iso(value: Any) -> str:
    return str(value.isoformat())
