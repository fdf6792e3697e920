"""Seeds of the tests' data: HMAC-SHA256(course secret, homework, test).

Whoever does not know the course's secret cannot know the data, and last year's answers are worth nothing;
whoever knows it gets the same data for every student and for every regrade.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import NamedTuple

DEVELOPMENT_SECRET = b"development secret: published, so data drawn from it can be predicted"
SECRET = "MBRL_COURSE_SECRET"
SECRET_FILE = "MBRL_COURSE_SECRET_FILE"


class Secret(NamedTuple):
    """The secret in force, and whether it is only the published one."""

    secret: bytes
    is_development: bool


def seed_for(secret: bytes, homework: str, test: str) -> int:
    """Return the 128-bit seed of one test's data."""
    message = f"{homework}\0{test}".encode()
    return int.from_bytes(hmac.new(secret, message, hashlib.sha256).digest()[:16], "big")


def course_secret() -> Secret:
    """Read the course's secret from MBRL_COURSE_SECRET, or from the file named by MBRL_COURSE_SECRET_FILE.

    Without either, the published development secret is returned and said to be so. A file that is named but
    missing or empty is an error: falling back in silence would make the grade's data public.
    """
    if text := os.environ.get(SECRET, "").strip():
        return Secret(text.encode(), False)
    if file := os.environ.get(SECRET_FILE, ""):
        secret = Path(file).read_bytes().strip() if Path(file).is_file() else b""
        if not secret:
            raise ValueError(f"{SECRET_FILE}: got {file}, expected a file that holds the course's secret")
        return Secret(secret, False)
    return Secret(DEVELOPMENT_SECRET, True)
