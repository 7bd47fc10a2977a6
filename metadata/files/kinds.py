"""What a file is, judged by its first bytes: never by what a browser claims, and by its name only where both agree.

Called by `store` when a file comes in, by `attaching` and publishing for what a field takes, by pages for what a
browser may show. Signatures are known by puremagic; that a text is a text is decided here, as the standard for sniffing
has it. Pure.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from metadata.deferred import Deferred
from metadata.errors import Problem
from metadata.files.naming import ending
from metadata.model import Field

if TYPE_CHECKING:
    import puremagic
else:
    puremagic = Deferred("puremagic")

HEAD = 64 * 1024
UNKNOWN = "application/octet-stream"
NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
MARKUP = re.compile(  # what stands before the first tag is passed over without going back: a hostile file costs no time
    rb"(?>\s*<!--.*?-->|\s*<\?xml.*?\?>)*+\s*+"
    rb"<(!doctype html|html|head|body|script|iframe|meta|style|title|svg|!doctype svg)",
    re.IGNORECASE | re.DOTALL,
)
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."
# Endings that promise a signature: what bears one without the signature is not what it says.
SIGNED: Mapping[str, str] = {
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".doc": "application/msword",
    ".ppt": "application/vnd.ms-powerpoint",
    ".xls": "application/vnd.ms-excel",
    ".docx": f"{OFFICE}wordprocessingml.document",
    ".pptx": f"{OFFICE}presentationml.presentation",
    ".xlsx": f"{OFFICE}spreadsheetml.sheet",
    ".odp": f"{OPEN}presentation",
    ".ods": f"{OPEN}spreadsheet",
    ".odt": f"{OPEN}text",
}
ZIPPED = frozenset({".docx", ".odp", ".ods", ".odt", ".pptx", ".xlsx", ".zip"})
# Endings that a system runs when they are opened; a field takes one only where it is named under x-accept.
PROGRAMS = frozenset(
    {
        *(".app", ".bat", ".cmd", ".com", ".cpl", ".dll", ".exe", ".hta", ".jar", ".js", ".jse", ".lnk", ".msi"),
        *(".msp", ".pif", ".ps1", ".reg", ".scr", ".sh", ".url", ".vb", ".vbe", ".vbs", ".wsf", ".wsh"),
    }
)
PROGRAM, SVG = "application/x-executable", "image/svg+xml"
TEXTS: Mapping[str, str] = {
    ".csv": "text/csv",
    ".ics": "text/calendar",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".rtf": "application/rtf",
    ".tsv": "text/tab-separated-values",
    ".xml": "application/xml",
}
LIKE_TEXT = ("text/", "application/json", "application/xml", "application/javascript", "application/rtf")
SHOWN: Mapping[str, Literal["image", "pdf", "text"]] = {
    "image/png": "image",
    "image/jpeg": "image",
    "image/gif": "image",
    "image/webp": "image",
    "application/pdf": "pdf",
    "text/plain": "text",
    "text/csv": "text",
    "text/markdown": "text",
    "text/tab-separated-values": "text",
}
OWN = mimetypes.MimeTypes(filenames=())  # the same on every machine
NOT_WHAT_IT_SAYS = "“%(name)s” ends in %(ending)s, but its content is something else (%(type)s)."
NOT_TAKEN = "This field takes files of these kinds: %(kinds)s. “%(name)s” is none of them (%(type)s)."
A_PROGRAM = "“%(name)s” is a program; programs are not taken here."
TOO_LONG = "“%(name)s” has %(size)s, and this field takes at most %(limit)s."


@dataclass(frozen=True)
class Kind:
    """What a content is: its media type, and whether its name says the same."""

    media_type: str
    agrees: bool


def sniff(head: bytes, name: str) -> Kind:
    """The kind of a file that begins with `head` and is called `name`."""
    suffix, text = ending(name), _is_text(head)
    if _runs(head, text=text):
        return Kind(PROGRAM, agrees=suffix not in SIGNED)
    found = _signatures(head, name)
    if suffix in found and (suffix in SIGNED or not text):
        return Kind(SIGNED.get(suffix) or found[suffix] or UNKNOWN, agrees=True)
    for signature, kind in ((b"%PDF-", ".pdf"), (b"PK\x03\x04", ".zip")):
        if head.startswith(signature):
            if kind == ".zip" and suffix in ZIPPED:
                return Kind(SIGNED[suffix], agrees=True)
            return Kind(SIGNED[kind], agrees=not _promised(suffix))
    if text:
        told = _text_type(head, suffix)
        return Kind(told, agrees=_like_text(suffix) and (suffix != ".svg" or told == SVG))
    kinds = [kind for kind in found.values() if kind]
    return Kind(next(iter(kinds), UNKNOWN), agrees=_may_be(suffix, kinds))


def _may_be(suffix: str, kinds: Sequence[str]) -> bool:
    """Whether a content that is no text, with signatures of these kinds, can be what its ending promises."""
    promised = _promised(suffix)
    if not promised:
        return True
    families = {kind.partition("/")[0] for kind in kinds}
    return suffix not in SIGNED and not _like_text(suffix) and (not families or promised.partition("/")[0] in families)


def _like_text(suffix: str) -> bool:
    """Whether a text may bear this ending."""
    promised = _promised(suffix)
    return suffix not in SIGNED and (not promised or promised == SVG or promised.startswith(LIKE_TEXT))


def _signatures(head: bytes, name: str) -> dict[str, str]:
    """The endings whose signature the content has, with their media types, the likeliest first."""
    try:
        matches = puremagic.magic_string(head, name)
    except (puremagic.PureError, ValueError):
        return {}
    found: dict[str, str] = {}
    for match in matches:
        suffix = match.extension.lower()
        if match.byte_match and suffix and not found.get(suffix):  # it also tells what a name alone would mean
            found[suffix] = match.mime_type
    return found


def _text_type(head: bytes, suffix: str) -> str:
    markup = MARKUP.match(head.removeprefix(b"\xef\xbb\xbf"))
    if markup is not None:
        return SVG if b"svg" in markup[1].lower() else "text/html"
    return TEXTS.get(suffix, "text/plain")


def _promised(suffix: str) -> str:
    """The media type that an ending stands for; empty where it stands for none that is known."""
    return SIGNED.get(suffix) or TEXTS.get(suffix) or OWN.guess_type(f"x{suffix}")[0] or ""


def _is_text(head: bytes) -> bool:
    return head.startswith(UTF_16) or NO_TEXT.search(head) is None


def _runs(head: bytes, *, text: bool) -> bool:
    """Whether a system would run this content."""
    return head.startswith(b"#!") or (not text and head.startswith((b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe")))


def accepts(accept: tuple[str, ...], name: str, media_type: str) -> bool:
    """Whether a file is of one of these kinds: endings such as `.pdf`, media types, or families such as `image/*`."""
    if not accept:
        return not is_program(name, media_type)
    family = f"{media_type.partition('/')[0]}/*"
    return bool({ending(name), media_type, family} & {kind.lower() for kind in accept})


def is_program(name: str, media_type: str) -> bool:
    """Whether a system would run it when it is opened."""
    return media_type == PROGRAM or ending(name) in PROGRAMS


def unfit(item: Field, name: str, media_type: str, size: int) -> Problem | None:
    """What keeps a file from being a value of the field `item`; None when nothing does."""
    pointer = f"/{item.name}"
    if not accepts(item.accept, name, media_type):
        if not item.accept:
            return Problem(pointer, A_PROGRAM, {"name": name})
        params = {"name": name, "kinds": ", ".join(item.accept), "type": media_type}
        return Problem(pointer, NOT_TAKEN, params)
    if item.max_size is not None and size > item.max_size:
        return Problem(pointer, TOO_LONG, {"name": name, "size": worded(size), "limit": worded(item.max_size)})
    return None


def inline(media_type: str) -> Literal["image", "pdf", "text", ""]:
    """How a browser may show it within the portal's address; empty where it may only be downloaded."""
    return SHOWN.get(media_type, "")


def worded(size: int) -> str:
    """A number of bytes for people."""
    for unit, step in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= step:
            return f"{size / step:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} B"
