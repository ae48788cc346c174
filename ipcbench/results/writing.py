"""Write files whole or not at all, and wait until they are on disk."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

# Errors of file systems and sandboxes for a call that they do not offer.
_NOT_OFFERED = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


def write_whole(path: Path, data: bytes, replace: bool) -> None:
    """Write a file so that at every moment, even after a crash, it is either complete or not written at all.

    Temporary file in the same folder, fsync, rename, fsync of the folder. Raises FileExistsError if the path exists
    and `replace` is false, OSError if the file system refuses; then no temporary file is left. Permissions, fsync and
    hard links are skipped if the file system does not offer them.
    """
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            _write_all(descriptor, data)
            with if_offered():
                os.fchmod(descriptor, 0o666 & ~_umask())  # like any new file, but only now that it is whole
            with if_offered():
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if replace:
            os.rename(temporary, path)
        else:
            _name_anew(temporary, path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def replace_whole(path: Path, data: bytes) -> None:
    """Write a file that can be made again whole or not at all, without waiting for the disk. Raises OSError."""
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:  # never through a link that another user has put there
            file.write(data)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def rewrite(path: Path, data: bytes) -> None:
    """Rewrite a file of the user whole or not at all; keep its permissions, and follow a symbolic link to its target.

    Raises OSError, also for a read-only file in a writable folder.
    """
    place = path.resolve(strict=True)
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    mode = stat.S_IMODE(place.stat().st_mode)
    write_whole(place, data, replace=True)
    with if_offered():
        os.chmod(place, mode)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder: without this, a crash may lose a rename of synced content. Raises OSError.

    Does nothing if the file system does not offer that, or if the folder may not be read.
    """
    with if_offered():
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def if_offered() -> Iterator[None]:
    """Skip a call that the file system does not offer; raises any other OSError of the block."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise


def _name_anew(temporary: Path, path: Path) -> None:
    """Rename a file without overwriting another; raises FileExistsError.

    Without hard links, a file that is made between the check and the rename is overwritten.
    """
    try:
        os.link(temporary, path)  # unlike rename, refuses to overwrite
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        os.rename(temporary, path)
    else:
        os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0o077)  # it can only be read by setting it; meanwhile new files are private
    os.umask(mask)
    return mask
