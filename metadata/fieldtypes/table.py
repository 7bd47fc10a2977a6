"""The types a field can have: one frozen row each. Adding one is a row here and a row in the contract test."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BigInteger, Boolean, Date, Float, String, Text, Time, Uuid

from metadata.engine import UTCDateTime
from metadata.fieldtypes import entries, scalars
from metadata.fieldtypes.kinds import ExactDecimal, FieldType
from metadata.model import Field

SCALARS: Mapping[str, FieldType] = {
    row.name: row
    for row in (
        FieldType(
            "text",
            scalars.length,
            scalars.read_text,
            scalars.text_json,
            scalars.as_it_is,
            str,
            "text",
            "string",
            searchable=True,
        ),
        FieldType(
            "long_text",
            lambda f: Text(),
            scalars.read_text,
            scalars.text_json,
            scalars.as_it_is,
            str,
            "textarea",
            "string",
            searchable=True,
        ),
        FieldType(
            "date", lambda f: Date(), scalars.read_date, scalars.date_json, scalars.iso, scalars.iso, "date", "string"
        ),
        FieldType(
            "date_time",
            lambda f: UTCDateTime(),
            scalars.read_moment,
            scalars.moment_json,
            scalars.moment_to_json,
            scalars.moment_to_json,
            "datetime",
            "string",
        ),
        FieldType(
            "time", lambda f: Time(), scalars.read_time, scalars.time_json, scalars.iso, scalars.iso, "time", "string"
        ),
        FieldType(
            "email",
            lambda f: String(f.max_length or 320),
            scalars.read_email,
            scalars.email_json,
            scalars.as_it_is,
            str,
            "email",
            "string",
            searchable=True,
        ),
        FieldType(
            "uri",
            lambda f: Text(),
            scalars.read_uri,
            scalars.uri_json,
            scalars.as_it_is,
            str,
            "url",
            "string",
            searchable=True,
        ),
        FieldType("uuid", lambda f: Uuid(), scalars.read_uuid, scalars.uuid_json, str, str, "text", "string"),
        FieldType(
            "integer",
            lambda f: BigInteger(),
            scalars.read_integer,
            scalars.integer_json,
            scalars.as_it_is,
            str,
            "integer",
            "integer",
            numeric=True,
        ),
        FieldType(
            "decimal",
            lambda f: ExactDecimal(f.scale or 0),
            scalars.read_decimal,
            scalars.decimal_json,
            float,
            str,
            "number",
            "number",
            numeric=True,
        ),
        FieldType(
            "number",
            lambda f: Float(53),
            scalars.read_number,
            scalars.number_json,
            scalars.as_it_is,
            repr,
            "number",
            "number",
            numeric=True,
        ),
        FieldType(
            "boolean",
            lambda f: Boolean(),
            scalars.read_boolean,
            scalars.boolean_json,
            scalars.as_it_is,
            lambda v: "true" if v else "false",
            "switch",
            "boolean",
        ),
        FieldType(
            "choice",
            lambda f: String(100),
            scalars.read_choice,
            scalars.choice_json,
            scalars.as_it_is,
            str,
            "select",
            "string",
        ),
        FieldType(
            "choice_integer",
            lambda f: BigInteger(),
            scalars.read_choice,
            scalars.choice_json,
            scalars.as_it_is,
            str,
            "select",
            "integer",
        ),
        FieldType(
            "reference",
            lambda f: BigInteger(),
            scalars.read_reference,
            scalars.reference_json,
            scalars.as_it_is,
            str,
            "reference",
            "integer",
        ),
        FieldType(
            "person",
            lambda f: BigInteger(),
            scalars.read_reference,
            scalars.reference_json,
            scalars.as_it_is,
            str,
            "reference",
            "integer",
        ),
        FieldType(
            "attachment",
            lambda f: Uuid(),
            scalars.read_file,
            scalars.file_json,
            str,
            str,
            "file",
            "string",
            ordered=False,
        ),
    )
}


TYPES: Mapping[str, FieldType] = {**SCALARS, **{row.name: row for row in entries.types(SCALARS)}}


def of(field: Field) -> FieldType:
    """The type of `field`."""
    return TYPES[field.type]
