"""Digests of payloads: equal content has equal digests, in every process and after every transport.

What is digested is the content of an object, part by part, not its pickle: a pickle also tells which parts are the same
object, and in which order a set is stored. An object of a class is what the class says for `pickle`, see
object.__reduce_ex__: its parts are digested in turn, and large memory without a copy.
"""

from __future__ import annotations

import copyreg
import hashlib
import pickle
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType
from typing import Any

_PLAIN = (bool, int, float, complex)
_PROTOCOL = 5  # the first that hands out memory without a copy (PEP 574)


def digest(payload: Any) -> str:
    """Return the SHA-256 of a payload's content, in hex; for None, a text that matches no digest.

    An array has the digest of its bytes, and so has a signed 64-bit number. Raises what a class raises that has no
    state to give, such as TypeError for a lock.
    """
    if payload is None:
        return "not a payload"
    found = hashlib.sha256()
    if isinstance(payload, int) and -(2**63) <= payload < 2**63:
        found.update(payload.to_bytes(8, "little", signed=True))
    elif isinstance(payload, bytes | bytearray | memoryview):
        found.update(payload)
    elif type(payload).__name__ == "ndarray" and payload.dtype.name == "float64" and payload.ndim == 1:
        found.update(payload.tobytes())
    else:
        _feed(found.update, payload, ())
    return found.hexdigest()


def digests(payloads: Iterable[object]) -> list[str]:
    """Return the digest of each payload, in order."""
    return [digest(payload) for payload in payloads]


def own(payload: Any) -> Any:
    """Copy a payload that is lent, because a mechanism that lends its memory reuses it at the next receive."""
    if isinstance(payload, memoryview):
        return bytes(payload)
    if type(payload).__name__ == "RecordBatch":
        return pickle.loads(pickle.dumps(payload))
    return payload.copy() if type(payload).__name__ == "ndarray" else payload


def _feed(update: Callable[[Any], object], value: Any, inside: tuple[int, ...]) -> None:
    """Give a hash the content of a value; inside are the ids of the objects that contain it."""
    kind = type(value)
    if value is None or kind in _PLAIN:
        update(f"{kind.__name__} {value!r};".encode())
    elif kind is str:
        _chunk(update, "str", value.encode("utf-8", "surrogatepass"))
    elif kind in (bytes, bytearray, memoryview):
        _chunk(update, "bytes", value)
    elif kind is pickle.PickleBuffer:
        _chunk(update, "bytes", value.raw())
    elif isinstance(value, type | FunctionType | BuiltinFunctionType):
        update(f"name {value.__module__}.{value.__qualname__};".encode())
    elif id(value) in inside:
        update(f"the object around it, {inside[::-1].index(id(value))} levels up;".encode())
    else:
        _feed_parts(update, value, (*inside, id(value)))


def _feed_parts(update: Callable[[Any], object], value: Any, inside: tuple[int, ...]) -> None:
    kind = type(value)
    if kind in (list, tuple):
        parts = list(value)
    elif kind is dict:
        parts = [part for item in value.items() for part in item]
    elif kind in (set, frozenset):
        parts = sorted(_alone(part, inside) for part in value)
    else:
        _feed_reduced(update, value, inside)
        return
    update(f"{kind.__name__} of {len(parts)};".encode())
    for part in parts:
        _feed(update, part, inside)


def _feed_reduced(update: Callable[[Any], object], value: Any, inside: tuple[int, ...]) -> None:
    """Give a hash what the class of a value says for pickle."""
    plain = _PLAINER.get(f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}")
    if plain:
        update(f"{type(value).__name__};".encode())
        _feed(update, plain(value), inside)
        return
    reducer = copyreg.dispatch_table.get(type(value))
    reduced = reducer(value) if reducer else value.__reduce_ex__(_PROTOCOL)
    if isinstance(reduced, str):
        update(f"name {reduced};".encode())
        return
    update(b"made by ")
    for i, part in enumerate(reduced):  # function, arguments, state, then two iterators: over items and over entries
        _feed(update, list(part) if i in (3, 4) and part is not None else part, inside)


def _alone(value: Any, inside: tuple[int, ...]) -> str:
    found = hashlib.sha256()
    _feed(found.update, value, inside)
    return found.hexdigest()


def _chunk(update: Callable[[Any], object], name: str, data: Any) -> None:
    view = memoryview(data)
    update(f"{name} of {view.nbytes};".encode())
    update(view.cast("B") if view.c_contiguous else view.tobytes())


def _of_array(array: Any) -> Any:
    """Return the type, shape and memory of a numpy array, which may be a part of larger memory; or its objects."""
    memory = array.tolist() if array.dtype.hasobject else array.tobytes()
    return str(array.dtype), array.shape, memory


def _of_batch(batch: Any) -> Any:
    """Return the columns of an Arrow record batch or table: a batch may refer to a part of larger memory."""
    return str(batch.schema), [column.to_pylist() for column in batch.columns]


def _of_tensor(tensor: Any) -> Any:
    """Return the type, shape and memory of a torch tensor, which pickles a reference to its storage."""
    return str(tensor.dtype), tuple(tensor.shape), tensor.detach().cpu().contiguous().numpy().tobytes()


_PLAINER: dict[str, Callable[[Any], Any]] = {
    "numpy.ndarray": _of_array,
    "pyarrow.RecordBatch": _of_batch,
    "pyarrow.Table": _of_batch,
    "torch.Tensor": _of_tensor,
}
