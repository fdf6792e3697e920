"""What becomes of the bytes of one module: encodings, line ends, what is empty or no text."""

from __future__ import annotations

import pytest

from autograder.intake import Submission
from autograder.tests.test_intake import said, taken

TEXTS = [
    ("é = 1\n".encode("cp1252"), "é = 1\n", "saved as Windows-1252"),
    (b"x = '\x81'\n", "x = '\x81'\n", "saved as Latin-1"),
    (b"\xef\xbb\xbfx = 1\n", "x = 1\n", "UTF-8 with a byte-order mark"),
    ("é = 1\n".encode("utf-16"), "é = 1\n", "saved as UTF-16"),
    ("# -*- coding: latin-1 -*-\né = 1\n".encode("latin-1"), "# -*- coding: utf-8 -*-\né = 1\n", "latin-1, as it declares"),
    ("#!x\n# vim: set fileencoding=gbk :\nx = '中'\n".encode("gbk"), "#!x\n# vim: set fileencoding=utf-8 :\nx = '中'\n", "gbk"),
    ("# coding: utf-8\né = 1\n".encode("latin-1"), "# coding: utf-8\né = 1\n", "although it declares UTF-8"),
    (b"x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n", "line ends of another system"),
]  # fmt: skip


@pytest.mark.parametrize("data, text, note", TEXTS)
def test_other_encodings_and_line_ends_become_python_that_compiles(tmp_path, data, text, note):
    submission = taken(tmp_path / "lqr.py", data)
    assert submission.files["lqr.py"].decode() == text and note in said(submission)
    compile(submission.files["lqr.py"], "lqr.py", "exec")


@pytest.mark.parametrize(
    "data", [b"# coding: punycode\nx\n", b"# coding: no-such\n", b"\xff\xfeabc", b"\xef\xbb\xbf\xff"]
)
def test_text_that_cannot_be_read_is_handed_on_unchanged_and_said(tmp_path, data):
    submission = taken(tmp_path / "lqr.py", data)
    assert submission.files["lqr.py"] == data and "not readable as text" in said(submission)


@pytest.mark.parametrize("data", [b"", b" \r\n\n"])
def test_an_empty_file_is_said(tmp_path, data):
    assert said(taken(tmp_path / "lqr.py", data)) == "lqr.py is empty"


def test_ordinary_utf_8_is_left_byte_for_byte(tmp_path):
    data = "# coding: utf-8\nσ = 'é'\n".encode()
    assert taken(tmp_path / "lqr.py", data) == Submission("s", "lqr.py", {"lqr.py": data})
