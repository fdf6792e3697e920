"""What is refused: each submission here is hostile or beyond help, and costs nobody else anything."""

from __future__ import annotations

import io
import lzma
import os
import socket
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

import pytest

from autograder.intake import Arrival, Piece, arrivals, receive
from autograder.intake.records import Unreadable
from autograder.intake.source import DiskSource
from autograder.tests.test_intake import CODE, a_homework, laid, said, taken, tarred, zipped


def refused(*args, **kwargs) -> str:
    """Receive, check that nothing was taken and that the reason is one line, and return the reason."""
    submission = taken(*args, **kwargs)
    said(submission)
    assert submission.files == {} and submission.refused
    return submission.refused


def special_zip(mode: int, name: str = "lqr.py", data: bytes = b"/etc/passwd", flags: int = 0) -> bytes:
    info = zipfile.ZipInfo(name)
    info.external_attr, info.create_system = mode << 16, 3
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, data)
    raw = bytearray(out.getvalue())
    raw[raw.index(b"PK\x01\x02") + 8] |= flags
    return bytes(raw)


def special_tar(kind: bytes, name: str = "lqr.py") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(info)
    return out.getvalue()


MODES = {
    stat.S_IFLNK: "symbolic link",
    stat.S_IFIFO: "FIFO",
    stat.S_IFCHR: "device",
    stat.S_IFSOCK: "special file",
}
TYPES = {tarfile.SYMTYPE: "symbolic link", tarfile.LNKTYPE: "hard link", tarfile.FIFOTYPE: "FIFO",
         tarfile.CHRTYPE: "device", tarfile.BLKTYPE: "device", b"Z": "special file"}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["lqr.py", "extra", "d/lqr.py"])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode, name):
    assert f"{name} is a {MODES[mode]}" in refused(tmp_path / "a.zip", special_zip(mode | 0o777, name))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ["lqr.py", "extra", "d/lqr.py"])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, name):
    assert f"{name} is a {TYPES[kind]}" in refused(tmp_path / "a.tar", special_tar(kind, name))


def bind(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{path.parent.name}/lqr.py")


def test_links_fifos_and_sockets_in_a_folder_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket may not be long
    (tmp_path / "secret").write_text("x = 1\n")
    makers = {
        "symbolic link": lambda path: path.symlink_to(tmp_path / "secret"),
        "hard link": lambda path: os.link(tmp_path / "secret", path),
        "FIFO": os.mkfifo,
        "special file": bind,
    }
    for number, (kind, make) in enumerate(makers.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        make(folder / "lqr.py")
        assert f"lqr.py is a {kind}" in refused(folder)


def test_a_link_in_place_of_the_folder_or_above_it_is_refused(tmp_path):
    laid(tmp_path / "elsewhere", {"hw2_lqr_ilqr/lqr.py": CODE})
    laid(tmp_path / "class", {"plain/lqr.py": CODE})
    (tmp_path / "class" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "class" / "archived.zip").symlink_to(tmp_path / "elsewhere" / "x.zip")
    listed = arrivals(tmp_path / "class", a_homework())
    results = {arrival.student: receive(arrival, a_homework()) for arrival in listed}
    assert results.pop("plain").files == {"lqr.py": CODE}
    assert len(results) == 2 and all("symbolic link" in result.refused for result in results.values())
    behind = Arrival("linked", "x", tmp_path / "class", (listed[0].pieces[0]._replace(inside="linked/hw2_lqr_ilqr"),))
    assert "behind a symbolic link" in receive(behind, a_homework()).refused


def test_a_folder_that_links_to_itself_is_refused_and_ends(tmp_path):
    laid(tmp_path / "s", {"lqr.py": CODE})
    (tmp_path / "s" / "loop").symlink_to(tmp_path / "s")
    assert "loop is a symbolic link" in refused(tmp_path / "s")


def test_a_file_swapped_for_a_link_after_listing_is_not_followed(tmp_path):
    laid(tmp_path / "s", {"lqr.py": CODE})
    source = DiskSource(tmp_path / "s", "", 10)
    [entry] = source.entries()
    (tmp_path / "s" / "lqr.py").unlink()
    (tmp_path / "s" / "lqr.py").symlink_to("/etc/hostname")
    with pytest.raises(Unreadable):
        source.read(entry, 100)


def test_a_long_run_of_combining_marks_in_a_name_is_refused_and_a_short_one_is_not(tmp_path):
    """Sorting a long run takes quadratic time, each time a name is compared."""
    marked = {
        length: zipped({"lqr.py": CODE, "a" + "\u0301\u0323" * (length // 2) + ".txt": b""}) for length in (14, 16)
    }
    assert "too long or too deep" in refused(tmp_path / "a.zip", marked[16])
    assert taken(tmp_path / "b.zip", marked[14]).files == {"lqr.py": CODE}


NAMES = ["../lqr.py", "a/../../lqr.py", "/lqr.py", "C:/lqr.py", "c:lqr.py", "..\\lqr.py", "\\\\host\\share\\lqr.py",
         "\\lqr.py", "a/" * 40 + "lqr.py", "x" * 2000]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_out_are_refused(tmp_path, name):
    both = {"lqr.py": CODE, name: b"x"}
    assert "expected" in refused(tmp_path / "a.zip", zipped(both))
    assert "expected" in refused(tmp_path / "a.tar", tarred(both))


def test_a_nul_in_a_name_is_refused(tmp_path):
    assert "NUL" in refused(tmp_path / "a.zip", zipped({"lqr.pyXabc": CODE}).replace(b"pyXabc", b"py\0abc"))
    assert refused(tmp_path / "a.tar", pax_tar(b"path", b"lqr.py\0.txt"))


def pax_tar(key: bytes, value: bytes, name: str = "lqr.py") -> bytes:
    """Return a tar with one file and a pax header that gives it the record `key=value`."""
    record = b" " + key + b"=" + value + b"\n"
    length = len(record) + len(str(len(record) + 3))
    body = str(length).encode() + record
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, len(body)
    return header.tobuf() + body + bytes(-len(body) % 512) + tarred({name: CODE}, format=tarfile.USTAR_FORMAT)


def test_pax_names_and_sizes_are_believed_but_judged(tmp_path):
    assert taken(tmp_path / "a.tar", pax_tar(b"path", b"lqr.py", "short")).files == {"lqr.py": CODE}
    assert "'..'" in refused(tmp_path / "a.tar", pax_tar(b"path", b"../lqr.py"))
    assert "sparse" in refused(tmp_path / "a.tar", pax_tar(b"GNU.sparse.major", b"1"))
    assert "unpacks to more than" in refused(tmp_path / "a.tar", pax_tar(b"size", b"9" * 15))
    assert "damaged" in refused(tmp_path / "a.tar", pax_tar(b"size", b"-1"))


def test_an_old_sparse_file_is_refused(tmp_path):
    header = bytearray(tarfile.TarInfo("lqr.py").tobuf(tarfile.GNU_FORMAT))
    header[156:157], header[482] = b"S", 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert "sparse" in refused(tmp_path / "a.tar", bytes(header) + bytes(512) + bytes(1024))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE])
def test_a_huge_extension_header_is_refused_before_it_is_read(tmp_path, kind):
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 8 << 30
    assert "header of 8589934592 bytes" in refused(tmp_path / "a.tar", info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))


def test_a_chain_of_extension_headers_ends(tmp_path):
    link = tarfile.TarInfo("x")
    link.type, link.size = tarfile.GNUTYPE_LONGNAME, 1
    data = (link.tobuf() + b"y".ljust(512, b"\0")) * 10_000
    assert "holds no files" in said(taken(tmp_path / "a.tar", data))


def test_a_tar_with_negative_or_impossible_sizes_is_refused(tmp_path):
    for field in (b"\xff" * 12, b"\x80" + b"\x7f" * 11):
        header = bytearray(tarfile.TarInfo("lqr.py").tobuf())
        header[124:136], header[148:156] = field, b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        assert "impossible size" in refused(tmp_path / "a.tar", bytes(header) + bytes(1024))


def test_an_encrypted_zip_is_refused(tmp_path):
    assert "lqr.py is an encrypted file" in refused(tmp_path / "a.zip", special_zip(stat.S_IFREG, flags=1))


def test_unusual_compression_is_refused(tmp_path):
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "unusual way" in refused(tmp_path / "a.zip", zipped({"lqr.py": CODE}, method))


def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path):
    assert "zip bomb" in refused(tmp_path / "a.zip", zipped({"lqr.py": CODE, "zeros": bytes(5 << 20)}))


def test_a_zip_bomb_is_refused_by_its_declared_size(tmp_path):
    files = {f"{n}.bin": os.urandom(1 << 18) for n in range(9)}
    reason = refused(tmp_path / "a.zip", zipped({"lqr.py": CODE} | files), a_homework(archive_mb=2))
    assert "it holds 2.25 MB, expected at most 2" in reason


def test_a_zip_that_lies_about_sizes_gives_no_byte_more_than_it_declares(tmp_path):
    raw = zipped({"lqr.py": b"x = 1\n" * 100_000})
    small = raw.replace(struct.pack("<L", 600_000), struct.pack("<L", 60))
    assert small != raw
    submission = taken(tmp_path / "a.zip", small)
    assert submission.files == {} and "lqr.py is damaged" in said(submission)


def test_overlapping_files_of_a_zip_are_refused(tmp_path):
    raw = zipped({"lqr.py": CODE * 100, "kqr.py": CODE * 100}, zipfile.ZIP_STORED)
    second = raw.index(b"PK\x03\x04", 4)
    overlapped = raw.replace(struct.pack("<L", second) + b"kqr.py", struct.pack("<L", 20) + b"kqr.py")
    assert overlapped != raw and "overlaps" in refused(tmp_path / "a.zip", overlapped)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_tar_bomb_is_refused_after_the_limit(tmp_path, mode):
    data = tarred({"zeros": bytes(4 << 20), "lqr.py": CODE}, mode)
    assert "unpacks to more than" in refused(tmp_path / "a.tar.gz", data, a_homework(archive_mb=1))


def test_an_xz_that_wants_gigabytes_of_memory_is_refused(tmp_path):
    data = bytearray(lzma.compress(tarred({"lqr.py": CODE}), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]))
    assert taken(tmp_path / "a.tar.xz", bytes(data)).files == {"lqr.py": CODE}
    data[data.index(b"\x21\x01") + 2] = 40  # the size of the dictionary: 4 GB
    end = 12 + 4 * (data[12] + 1)  # of the block's header, whose last four bytes are its checksum
    data[end - 4 : end] = struct.pack("<L", zlib.crc32(data[12 : end - 4]))
    assert "damaged" in refused(tmp_path / "a.tar.xz", bytes(data))


def test_archives_in_archives_end_after_the_second(tmp_path):
    data = zipped({"lqr.py": CODE})
    assert taken(tmp_path / "a.zip", zipped({"b.zip": data})).files == {"lqr.py": CODE}
    assert "more than 2 deep" in refused(tmp_path / "a.zip", zipped({"c.zip": zipped({"b.zip": data})}))


def test_too_many_files_are_refused_but_junk_does_not_count(tmp_path):
    many = {f"{n}.txt": b"" for n in range(20)}
    homework = a_homework(archive_files=10)
    assert "it holds 21 files, expected at most 10" in refused(
        tmp_path / "a.zip", zipped({"lqr.py": CODE} | many), homework
    )
    junk = {f".git/{name}": b"" for name in many}
    assert taken(tmp_path / "a.zip", zipped({"lqr.py": CODE} | junk), homework).files == {"lqr.py": CODE}


def test_a_zip_with_an_enormous_list_of_files_is_refused(tmp_path):
    assert "entries" in refused(tmp_path / "a.zip", zipped({f"__pycache__/{n}": b"" for n in range(20_001)}))
    end = zipped({"lqr.py": CODE})
    lying = end[:-10] + struct.pack("<L", 1 << 30) + end[-6:]
    assert refused(tmp_path / "a.zip", lying)


def test_a_module_larger_than_a_module_can_be_is_refused(tmp_path):
    assert "lqr.py has 1.5 MB, expected at most 1" in refused(tmp_path / "lqr.py", b"#" * (3 << 19))


COLLISIONS = [
    ("lqr.py", "LQR.py"),
    ("café.txt", "cafe\u0301.txt"),
    ("a/x", "A/x"),
    ("straße", "STRASSE"),
    ("a", "a/b"),
    ("A", "a/b"),
]


@pytest.mark.parametrize("one, other", COLLISIONS)
def test_names_that_some_file_system_takes_for_one_are_refused(tmp_path, one, other):
    assert refused(tmp_path / "a.zip", zipped({one: CODE, other: CODE}))
    assert refused(tmp_path / "a.tar", tarred({one: CODE, other: CODE}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(tmp_path):
    assert "one name" in refused(
        tmp_path / "a.zip", zipped({"lqr.py": CODE, "LQR.PY": CODE}).replace(b"LQR.PY", b"lqr.py")
    )


SHADOWS = ["random.py", "numpy.py", "numpy/__init__.py", "torch/x.py", "course.py", "autograder/__init__.py", "pytest.py",
           "Random.py", "sitecustomize.py", "usercustomize.py", "deep/down/sitecustomize.py", "typing.pyc",
           "numpy.cpython-311-x86_64-linux-gnu.so", "json.pyd"]  # fmt: skip


@pytest.mark.parametrize("name", SHADOWS)
@pytest.mark.parametrize("base", ["", "hw2_lqr_ilqr/"])
def test_names_that_hide_a_module_are_refused(tmp_path, name, base):
    assert "would hide it" in refused(tmp_path / "a.zip", zipped({base + "lqr.py": CODE, base + name: b""}))
    assert "would hide it" in refused(laid(tmp_path / "s", {base + "lqr.py": CODE, base + name: b""}))


@pytest.mark.parametrize(
    "name", ["code/figure.png", "json/data.json", "numpy.txt", "old/random.py", "test.py", "utils.py"]
)
def test_names_that_hide_nothing_are_left_alone(tmp_path, name):
    assert taken(tmp_path / "a.zip", zipped({"lqr.py": CODE, name: b""})).files == {"lqr.py": CODE}


def test_a_wrapping_folder_called_like_a_module_hides_nothing(tmp_path):
    assert taken(tmp_path / "a.zip", zipped({"code/lqr.py": CODE})).files == {"lqr.py": CODE}


FOREIGN = {
    "a.rar": b"Rar!\x1a\x07\x00",
    "a.7z": b"7z\xbc\xaf\x27\x1c",
    "b.zip": b"Rar!\x1a\x07\x01\x00",
    "c.zip": b"not a zip",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_archives_are_refused_with_what_to_do(tmp_path, name):
    reason = refused(tmp_path / name, FOREIGN[name] + bytes(100))
    assert "expected a zip; zip the files and hand them in again" in reason


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.95])
def test_a_truncated_archive_is_refused(tmp_path, keep):
    content = {"a.txt": os.urandom(5000), "lqr.py": CODE}
    for name, data in (("a.zip", zipped(content)), ("a.tar.gz", tarred(content, "w:gz"))):
        assert "hand it in again" in refused(tmp_path / name, data[: int(len(data) * keep)])
    assert "empty file" in refused(tmp_path / "a.zip", b"")


def test_what_vanished_since_listing_is_refused(tmp_path):
    assert "check that it is there" in refused(tmp_path / "gone")
    assert "gone.zip" in receive(Arrival("s", "x", tmp_path / "gone.zip", (Piece("a", ""),)), a_homework()).refused


def test_a_file_that_may_not_be_read_is_missing(tmp_path, monkeypatch):
    def deny(*_):
        raise PermissionError(13, "Permission denied")

    laid(tmp_path / "s", {"lqr.py": CODE})
    monkeypatch.setattr(os, "open", deny)
    assert "lqr.py is not readable (Permission denied)" in said(taken(tmp_path / "s"))


BOMB = """
import sys, tracemalloc
from pathlib import Path
from autograder.tests.test_intake import taken
tracemalloc.start()
for path in sorted(Path(sys.argv[1]).iterdir()):
    print(path.name, taken(path).refused, flush=True)
print(tracemalloc.get_traced_memory()[1] >> 20)
"""


def test_memory_stays_within_the_limit_whatever_an_archive_says(tmp_path):
    zeros = bytes(200 << 20)
    (tmp_path / "a.tar.gz").write_bytes(tarred({"lqr.py": zeros}, "w:gz"))
    (tmp_path / "b.zip").write_bytes(zipped({"lqr.py": zeros}))
    (tmp_path / "c.zip").write_bytes(zipped({"n.zip": zipped({"lqr.py": zeros})}))
    del zeros
    padding = b"".join(os.urandom(100) + bytes(15_000) for _ in range(1000))
    fan = zipped({"x.zip": zipped({"padding": padding}, zipfile.ZIP_STORED)})
    laid(tmp_path / "d", {f"{n}.zip": fan for n in range(20)})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.run(
        [sys.executable, "-c", BOMB, tmp_path], capture_output=True, text=True, env=environment, check=True
    )
    *reasons, peak = out.stdout.splitlines()
    assert len(reasons) == 4 and all("unpacks to more than" in reason for reason in reasons[:3])
    assert "its archives hold more than 40 MB" in reasons[3]
    assert int(peak) < 100
