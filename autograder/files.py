"""Files that nobody ever sees half written."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from autograder.errors import UserError


def write_whole(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Write a file under a temporary name beside it, then rename it; raise UserError where that is impossible.

    sync: have it on the disk before it is renamed, so that not even a power failure leaves half of it.
    """
    temporary = path.with_name(f".{os.getpid()}.{path.name[-40:]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); nothing was half-written") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
