"""Making text from a submission harmless to read: what escaping alone does not do.

Escaping keeps `<script>` from being an element. It does not keep a terminal sequence, a bidirectional
override, a stack of two thousand accents or a megabyte of zeros from spoiling the page; the functions here
do.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)")
# What is invisible or reorders its neighbours. ZWJ and ZWNJ (200c, 200d) stay: scripts and emoji need them.
INVISIBLE = re.compile(
    "[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NOT_TEXT = re.compile("[\x80-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
STACKED = re.compile(
    "([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# An absolute path of two parts or more, with or without a drive; its last part is kept.
PATH = re.compile(r"(?<![\w./\\])(?:[A-Za-z]:)?(?:[/\\][\w.+@~-]+)+[/\\]([\w.+@~-]+)")


class Clipped(NamedTuple):
    """The beginning of a text and how many characters are missing from it."""

    text: str
    cut: int


def neutralise(text: str) -> str:
    """Return `text` with nothing in it that acts: controls become visible, overrides their code point."""
    text = TERMINAL.sub("", text).replace("\r\n", "\n")
    text = re.sub("[\r\x85\u2028\u2029]", "\n", text)
    text = INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)
    text = UNPRINTABLE.sub(lambda match: "␡" if match[0] == "\x7f" else chr(0x2400 + ord(match[0])), text)
    return STACKED.sub(r"\1", NOT_TEXT.sub("\ufffd", text))


def one_line(text: str, limit: int = 300) -> str:
    """Return `text` neutralised, on one line and of at most about `limit` characters."""
    clipped = clip(" ".join(neutralise(text[: 20 * limit]).split()), limit)
    return clipped.text + (" …" if clipped.cut else "")


def clip(text: str, limit: int = 1500, lines: int = 40) -> Clipped:
    """Return the first `limit` characters or `lines` lines of `text` and the count of what was left out."""
    end = len("\n".join(text.split("\n", lines)[:lines]))
    end = min(end, limit)
    return Clipped(text[:end], len(text) - end)


def without_paths(text: str) -> str:
    """Return `text` with absolute paths cut to their last part: where a grader lives is not for students."""
    return PATH.sub(r"\1", text)


def number(value: float) -> str:
    """Return points as people write them: 20, 17.5, 33.33."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def count(n: int, noun: str) -> str:
    """Return "1 test", "2 tests"."""
    return f"{n} {noun}" + ("" if n == 1 else "s")
