"""Find private text in public text, whatever its layout.

Text is read as tokens: words, numbers and single signs; spaces, line ends, quotes and comment marks do not
count. A *needle* is a run of tokens of a secret, long enough that nobody writes it twice by chance:

    a line of a solution (12 tokens or more) or of an alternative (20 or more)
    tokens in a row: 36 of a solution, 40 of an alternative's function, 60 of a hidden test or an oracle,
    20 of an answer or a hint; all of it where it is shorter than that

Needles are refused wherever they occur, public files included. Hidden tests and alternatives may say what the
skeleton says: its signatures are the same. Shorter lines, and lines of hidden tests, are common coin
(`for t in range(T):`, `rng.normal(size=n)`): one of 12 characters or more is refused unless it stands in a
public source as well. A line that is declared public, with a reason, in solutions/hwN_topic/public.toml is no
secret at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from autograder.release.private import Secret

TOKEN = re.compile(r"\w+|[^\w\s#\"'`\\]")
COMMENT = re.compile(r"(^|\s)#.*")
PREFIX = 8  # tokens by which needles are found; none is shorter
FEWEST_CHARACTERS = 12
NEVER = 10**9


class Sizes(NamedTuple):
    """Tokens that make a needle: a line of at least `line`, a run of `run`, or all of it from `whole` on."""

    line: int
    run: int
    whole: int


SIZES = {
    "region": Sizes(line=12, run=36, whole=12),
    "alternative": Sizes(line=20, run=40, whole=24),
    "hidden": Sizes(line=NEVER, run=60, whole=30),
    "answer": Sizes(line=12, run=20, whole=8),
    "hint": Sizes(line=NEVER, run=20, whole=8),
}


class Hit(NamedTuple):
    """A secret found: the line of the public text, and the secret with the line it was found from."""

    line: int
    secret: Secret
    secret_line: int


class Index(NamedTuple):
    """Needles by their first tokens, and short lines by their text; both with their place."""

    needles: dict[tuple[str, ...], list[tuple[tuple[str, ...], Secret, int]]]
    lines: dict[str, tuple[Secret, int]]


def index(secrets: Iterable[Secret], public: Iterable[str], skeletons: Iterable[str], declared: Iterable[str]) -> Index:
    """Prepare the search.

    public: texts that are released on purpose; skeletons: those of them that share a solution's file.
    declared: lines that are no secret.
    """
    declared = {normal(line) for line in declared}
    needles, lines = defaultdict(list), {}
    known = {normal(line) for text in public for line in text.splitlines()} | declared
    for secret in secrets:
        kept = [(number, line) for number, line in secret.lines if normal(line) not in declared]
        for needle, number in _needles(kept, SIZES[secret.kind]):
            needles[needle[:PREFIX]].append((needle, secret, number))
        for number, line in kept:
            if len(re.sub(r"\s", "", line)) >= FEWEST_CHARACTERS and normal(line) not in known:
                lines.setdefault(normal(line), (secret, number))
    shared = {needle for text in skeletons for needle, secret, _, _ in _found(text, needles) if secret.kind != "region"}
    for prefix, entries in needles.items():
        needles[prefix] = [entry for entry in entries if not (entry[0] in shared and entry[1].kind != "region")]
    return Index(dict(needles), lines)


def search(text: str, index: Index) -> list[Hit]:
    """Return where private text occurs in a public one: one hit for each secret, in order of lines."""
    hits = [Hit(line, secret, number) for _, secret, number, line in _found(text, index.needles)]
    for line, content in enumerate(text.splitlines(), start=1):
        if found := index.lines.get(normal(content)):
            hits.append(Hit(line, *found))
    first: dict[int, Hit] = {}
    for hit in sorted(hits, key=lambda hit: (hit.line, hit.secret_line)):
        first.setdefault(id(hit.secret), hit)
    return list(first.values())


def normal(line: str) -> str:
    """Return a line without its indentation, comment or list mark, and with single spaces."""
    return " ".join(line.strip().lstrip("#>*-| \"'`").rstrip("\"'`|, ").split())


def _needles(lines: list[tuple[int, str]], sizes: Sizes) -> Iterable[tuple[tuple[str, ...], int]]:
    stream: list[tuple[str, int]] = []
    for number, line in lines:
        tokens = tuple(TOKEN.findall(COMMENT.sub("", line)))
        if len(tokens) >= sizes.line:
            yield tokens, number
        stream += [(token, number) for token in tokens]
    size = min(sizes.run, len(stream))
    if size >= sizes.whole:
        for start in range(len(stream) - size + 1):
            yield tuple(token for token, _ in stream[start : start + size]), stream[start][1]


def _found(text: str, needles: dict) -> Iterable[tuple[tuple[str, ...], Secret, int, int]]:
    """Yield (needle, secret, its line, line in text); the text is read as it stands and without comments."""
    for content in {text: None, "\n".join(COMMENT.sub("", line) for line in text.splitlines()): None}:
        tokens, at = [], []
        for number, line in enumerate(content.splitlines(), start=1):
            words = TOKEN.findall(line)
            tokens += words
            at += [number] * len(words)
        for start in range(len(tokens) - PREFIX + 1):
            for needle, secret, number in needles.get(tuple(tokens[start : start + PREFIX]), ()):
                if tuple(tokens[start : start + len(needle)]) == needle:
                    yield needle, secret, number, at[start]
