"""Payloads of the user's own: made by a function, or read from a file or the files of a folder; and work of the user's.

The environment tells every process of a visit where they come from, see ANNOUNCED and WORKS. The messages are made when
they are first needed, before the clock starts, and once per process.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from pathlib import Path
from typing import Any, NamedTuple

from ipcbench.errors import BadRequest
from ipcbench.measure.api.kind import Kind, PickledChannel, built_in
from ipcbench.measure.api.pool import how_many
from ipcbench.measure.api.ports import Channel
from ipcbench.model import PAYLOADS

WORK_NAME = "[a-z][a-z0-9-]*-[0-9a-f]{8}"  # names of OwnWork, as a regular expression
WORKS = "IPCBENCH_WORKS"  # an environment variable: JSON, the fields of a Source by name of work
ANNOUNCED = "IPCBENCH_PAYLOADS"  # an environment variable: JSON, the fields of a Source and a Form by name of payload
LARGEST = 512 * 2**20  # bytes of one message
MOST_FILES = 1024
_PICKLES = (".pkl", ".pickle")
CODECS = {
    "bytes": "as they are",
    "array": "as the bytes of its memory",
    "plain": "pickled",
    "object": "pickled",
}


class Source(NamedTuple):
    """Where messages come from.

    text is 'module:function' or a path; folder is what a relative path begins at, and the first that modules are looked
    for in. trusted allows files that are pickles, which run code when they are read.
    """

    text: str
    folder: str
    trusted: bool = False

    def find_modules(self) -> None:
        """Let this process import modules from the folder: also those of classes whose objects it only receives."""
        if self.is_function and self.folder not in sys.path:
            sys.path.insert(0, self.folder)

    @property
    def is_function(self) -> bool:
        """Whether it is a function; otherwise it is a file or a folder."""
        return ":" in self.text and not Path(self.folder, self.text).exists()


class Form(NamedTuple):
    """How messages look to a channel of bytes.

    size is that of the largest message on its way, in bytes, and varies says that not all have it. name is bytes,
    array, plain (text, numbers, lists and dicts) or object; arrays have elements of type `dtype` and this shape.
    """

    name: str
    size: int
    varies: bool = False
    dtype: str = ""
    shape: tuple[int, ...] = ()


def kind(name: str) -> Kind:
    """Return a payload that was announced as a kind; raises BadRequest for any other name."""
    announced = _announced()
    if name not in announced:
        raise BadRequest(f"payload {name!r} is not known here: --payload takes its function or file")
    source, form = announced[name]
    source.find_modules()
    coded: dict[str, Callable[[Channel], Channel] | None] = {"bytes": None, "array": partial(_array_channel, form)}
    row = form.size // form.shape[0] if form.shape else 1
    return Kind(
        name=name,
        title=f"the payload {name}",
        make=_one,
        messages=partial(_messages, source),
        only_size=form.size,
        unit=row,
        like="object" if form.name == "plain" else "",
        plain=form.name in ("bytes", "plain"),
        has_length=form.name in ("bytes", "array"),
        coded=coded.get(form.name, PickledChannel),
        codec=CODECS[form.name],
        varies=form.varies,
    )


def _array_channel(form: Form, inner: Channel) -> Channel:
    make: Any = built_in("array").coded
    channel: Channel = make(inner, form.dtype, form.shape)
    return channel


def announce(payloads: dict[str, tuple[Source, Form]]) -> None:
    """Tell this process and those that it starts where payloads come from, by name."""
    os.environ[ANNOUNCED] = json.dumps({name: [source, form] for name, (source, form) in payloads.items()})


def announce_works(works: dict[str, Source]) -> None:
    """Tell this process and those that it starts where the functions are that work on messages, by name."""
    os.environ[WORKS] = json.dumps(works)


@cache
def work(name: str) -> Callable[[Any], object]:
    """Return the function that works on messages; raises BadRequest for a name that was not announced."""
    announced = json.loads(os.environ.get(WORKS, "{}"))
    if name not in announced:
        raise BadRequest(f"work {name!r} is not known here: --work takes its function")
    source = Source(*announced[name])
    source.find_modules()
    return function_of(source)


def _announced() -> dict[str, tuple[Source, Form]]:
    told = json.loads(os.environ.get(ANNOUNCED, "{}"))
    return {
        name: (Source(*source), Form(*form)._replace(shape=tuple(form[-1]))) for name, (source, form) in told.items()
    }


def _one(_: bytes) -> Any:
    raise NotImplementedError("a payload of the user's is not made from random bytes")


@cache
def _messages(source: Source) -> Sequence[Any]:
    return make_messages(source, how_many)


def make_messages(source: Source, how_many: Callable[[Any], int]) -> Sequence[Any]:
    """Make or read all messages of a source; how_many says how many a function makes, from its first.

    Raises BadRequest, one line without the name of the source, for a source that is missing or unreadable; and whatever
    a user's function raises.
    """
    if source.is_function:
        return _called(source, how_many)
    path = Path(source.folder, source.text)
    if not path.is_dir():
        return [_read(path, source.trusted)]
    files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    if not 1 <= len(files) <= MOST_FILES:
        raise BadRequest(f"the folder has {len(files):,} files: expected 1 to {MOST_FILES:,}")
    return [_read(one, source.trusted) for one in files]


def _called(source: Source, how_many: Callable[[Any], int]) -> Sequence[Any]:
    function = function_of(source)
    if not _takes_a_number(function):
        return [function()]
    first = function(0)
    return [first, *map(function, range(1, how_many(first)))]


def function_of(source: Source) -> Callable[..., Any]:
    """Return the function that a source names; raises BadRequest."""
    module, _, name = source.text.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise BadRequest(f"there is no module {module} in {source.folder} or on sys.path") from error
        raise
    try:
        found = reduce(getattr, name.split("."), found)
    except AttributeError as error:
        raise BadRequest(f"the module {module} has no {name}") from error
    if not callable(found):
        raise BadRequest(f"{name} of the module {module} is of type {type(found).__name__}: expected a function")
    function: Callable[..., Any] = found
    return function


def _takes_a_number(function: Callable[..., Any]) -> bool:
    """Return whether a function can be called with one argument; raises BadRequest if it needs others too."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # a builtin without a signature
        return True
    for arguments in ((0,), ()):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return bool(arguments)
    raise BadRequest(f"it is called with the number of the message, or without an argument, and is {signature}")


def _read(path: Path, trusted: bool) -> Any:
    """Read a file by its ending; raises BadRequest."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BadRequest(f"cannot be read: {error.strerror}") from error
    if not 1 <= size <= LARGEST:
        raise BadRequest(f"{path.name} has {size:,} B: expected 1 B to {LARGEST // 2**20} MiB for one message")
    if path.suffix in _PICKLES and not trusted:
        raise BadRequest(f"{path.name} is a pickle, which runs code when it is read: --trust-pickle allows it")
    kind = {built_in(name).ending: built_in(name) for name in PAYLOADS}.get(path.suffix or ".")
    for library in kind.requires if kind else ():
        if importlib.util.find_spec(library) is None:
            raise BadRequest(f"{path.name} needs {library}, which is not installed")
    read = _read_pickle if path.suffix in _PICKLES else (kind and kind.read) or Path.read_bytes
    try:
        return read(path)
    except Exception as error:
        raise BadRequest(f"{path.name} cannot be read as {path.suffix or 'bytes'}: {said(error)}") from error


def said(error: BaseException) -> str:
    """Return an error of the user's code or file in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _read_pickle(path: Path) -> Any:
    import pickle

    return pickle.loads(path.read_bytes())
