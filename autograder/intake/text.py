"""Source files as programs and people really save them, brought to UTF-8 with line feeds.

Only encodings of the fixed list are tried: some of Python's codecs take quadratic time, and a submission may
name any.
"""

from __future__ import annotations

import codecs
import re

COOKIE = re.compile(rb"^(?:\xef\xbb\xbf)?((?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*)([-\w.]+)")
DECLARABLE = frozenset(
    "ascii utf-8 iso8859-1 iso8859-15 iso8859-2 cp1252 cp1250 cp1251 koi8-r mac-roman gbk gb18030 big5 "
    "shift_jis euc_jp euc_kr cp949".split()
)


def mended(name: str, data: bytes) -> tuple[bytes, list[str]]:
    """Return `data` as UTF-8 with line feeds and no byte-order mark, and in sentences what was changed."""
    notes = []
    if not data.strip():
        return data, [f"{name} is empty"]
    text, form = _decoded(data)
    if text is None:
        return data, [f"{name} is not readable as text: {form}"]
    if form:
        notes.append(f"{name} was saved as {form}; it was read as that")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append(f"{name} has the line ends of another system; they were read as ordinary ones")
    return text.encode("utf-8", "surrogatepass"), notes


def _decoded(data: bytes) -> tuple[str | None, str]:
    """Return text and the name of the encoding ("" for plain UTF-8), or None and what is wrong."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _attempt(data, "utf-16") or (None, "it starts like UTF-16 and is not")
    if data.startswith(codecs.BOM_UTF8):
        return _attempt(data, "utf-8-sig", "UTF-8 with a byte-order mark") or (
            None,
            "it is not the UTF-8 that it starts as",
        )
    declared = COOKIE.match(data)
    if declared:
        return _declared(data, declared)
    return (
        _attempt(data, "utf-8", "")
        or _attempt(data, "cp1252", "Windows-1252, not UTF-8")
        or (data.decode("latin-1"), "Latin-1")
    )


def _declared(data: bytes, cookie: re.Match) -> tuple[str | None, str]:
    """Decode as the file's own first lines say, and let them say UTF-8 from now on."""
    name = cookie[2].decode("ascii", "replace")
    try:
        known = codecs.lookup(name.replace(".", "")).name
    except LookupError:
        known = ""
    if known not in DECLARABLE:
        return None, f"it declares the encoding {name[:30]!r}; save it as UTF-8"
    if known in ("utf-8", "ascii"):
        return _attempt(data, "utf-8", "") or (data.decode("latin-1"), "Latin-1, although it declares UTF-8")
    utf8 = data[: cookie.start(2)] + b"utf-8" + data[cookie.end(2) :]
    return _attempt(utf8, known, f"{name[:30]}, as it declares") or (
        None,
        f"it is not the {name[:30]} that it declares",
    )


def _attempt(data: bytes, encoding: str, form: str | None = None) -> tuple[str, str] | None:
    try:
        return data.decode(encoding), encoding.upper() if form is None else form
    except UnicodeDecodeError:
        return None
