"""The loops that overhead.py compares with: what a careful engineer writes by hand for messages of 64 B.

Each loop makes the library calls of its mechanism, in equal number, inlined and with local names; it calls no function
of ipcbench. A call that may be short is checked, as careful code does; code that a message of 64 B never needs is left
out, such as a loop for the rest.
"""

import mmap
import os
import pickle
import textwrap
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from multiprocessing.reduction import ForkingPickler
from multiprocessing.shared_memory import SharedMemory
from time import perf_counter
from typing import Any

from ipcbench.measure.api.pattern import Lap, Turn
from ipcbench.measure.api.ports import Side
from ipcbench.measure.patterns.tasks import answer
from ipcbench.measure.transports.ring import LENGTH
from ipcbench.model import Case

Loop = Callable[[Any, Any, Turn], Lap]
Written = tuple[str, str, str]

# The lines before the loop, the lines that send a message p, the lines that receive m. This process sends into the port
# `there` and receives from `back`.
_QUEUE = ("put, get = there.queue.put, back.queue.get", "put(p)", "m = get()")
_CONNECTION = ("send, recv = there.end.send, back.end.recv", "send(p)", "m = recv()")


def _codec(before: str, encoded: str = "encode(p)", decoded: str = "decode(recv())") -> Written:
    return (
        f"{before}\nsend, recv = there.end.send_bytes, back.end.recv_bytes",
        f"send({encoded})",
        f"m = {decoded}",
    )


_SEMAPHORES = """
wait_free, post_full = there.free.acquire, there.full.release
wait_full, post_free = back.full.acquire, back.free.release
"""
_RING = f"{_SEMAPHORES}\ni = j = 0\nslots = there.slots"
_VALUE = (
    f"{_SEMAPHORES}\nnew, old = there.holder, back.holder",
    "wait_free(); new.value = p; post_full()",
    "wait_full(); m = old.value; post_free()",
)
_ITEM = (
    f"{_RING}\nnew, old = there.holder, back.holder",
    "wait_free(); new[i] = p; i = (i + 1) % slots; post_full()",
    "wait_full(); m = old[j]; j = (j + 1) % slots; post_free()",
)

_PUT = "s = i * stride; put_length(new, s, len(p)); new[s + 8 : s + 8 + len(p)] = p; i = (i + 1) % slots"
_GET = "s = j * stride; m = bytes(old[s + 8 : s + 8 + get_length(old, s)[0]]); j = (j + 1) % slots"
_STRIDES = "stride, put_length, get_length = there.stride, length.pack_into, length.unpack_from"
_SEGMENTS = "new, old = there.segment.memory.buf, back.segment.memory.buf"


def _bytes_ring(views: str) -> Written:
    return (f"{_RING}\n{views}\n{_STRIDES}", f"wait_free(); {_PUT}; post_full()", f"wait_full(); {_GET}; post_free()")


_SHARED_MEMORY = _bytes_ring(_SEGMENTS)
_SHARED_MEMORY_VIEW = (
    f"{_SHARED_MEMORY[0]}\npage = mmap.PAGESIZE",
    _SHARED_MEMORY[1],
    "post_free(); wait_full(); s = j * stride; m = old[s + 8 : s + 8 + get_length(old, s)[0]]; bytes(m[::page]); "
    "j = (j + 1) % slots",
)
_SHARED_MEMORY_PIPE = (
    f"i = j = 0\nslots = there.slots\n{_SEGMENTS}\n{_STRIDES}\nread, write, bell = os.read, os.write, bytes(1)\n"
    "wait_free, post_full = there.free[0].fileno(), there.full[1].fileno()\n"
    "wait_full, post_free = back.full[0].fileno(), back.free[1].fileno()",
    f"""
if not read(wait_free, 1):
    raise EOFError
{_PUT}
write(post_full, bell)
""",
    f"""
if not read(wait_full, 1):
    raise EOFError
{_GET}
write(post_free, bell)
""",
)
_SHARED_MEMORY_SPIN = (
    f"i = j = 0\nslots, stride, let_others = there.slots, there.stride, os.sched_yield\n{_SEGMENTS}\n"
    "new_words, old_words, words = new.cast('Q'), old.cast('Q'), stride // 8",
    """
looks = 0
while new_words[i * words]:
    looks += 1
    if not looks % 1000:
        let_others()
n = len(p)
new[i * stride + 8 : i * stride + 8 + n] = p
new_words[i * words] = n + 1
i = (i + 1) % slots
""",
    """
looks = 0
while not (n := old_words[j * words]):
    looks += 1
    if not looks % 1000:
        let_others()
m = bytes(old[j * stride + 8 : j * stride + 7 + n])
old_words[j * words] = 0
j = (j + 1) % slots
""",
)
_SHARED_MEMORY_NEW = (
    "wait_free, tell, prefix, i = there.free.acquire, there.writer.send, there.prefix, 0\n"
    "hear, post_free = back.reader.recv, back.free.release",
    """
wait_free()
segment = SharedMemory(f"{prefix}-{i}", create=True, size=len(p))
segment.buf[: len(p)] = p
segment.close()
tell((segment.name, len(p)))
i += 1
""",
    """
name, n = hear()
segment = SharedMemory(name)
m = bytes(segment.buf[:n])
segment.close()
segment.unlink()
post_free()
""",
)

_DESCRIPTORS = (
    "pack, unpack, writev, read = length.pack, length.unpack, os.writev, os.read",
    """
n = len(p)
if writev(outward, (pack(n), p)) < 8 + n:
    raise EOFError
""",
    """
s = read(inward, 8)
if len(s) < 8:
    raise EOFError
n, = unpack(s)
m = read(inward, n)
if len(m) < n:
    raise EOFError
""",
)
_OS_PIPE = (f"{_DESCRIPTORS[0]}\noutward, inward = there.writer.fileno(), back.reader.fileno()", *_DESCRIPTORS[1:])
_FIFO = (f"{_DESCRIPTORS[0]}\noutward, inward = there.opened[-1], back.opened[-1]", *_DESCRIPTORS[1:])
_STREAM_SOCKET = (
    "pack, unpack, sendmsg, recv_into = length.pack, length.unpack_from, there.end.sendmsg, back.end.recv_into\n"
    "buffer = memoryview(bytearray(back.size))",
    """
n = len(p)
if sendmsg((pack(n), p)) < 8 + n:
    raise EOFError
""",
    """
if recv_into(buffer, 8) < 8:
    raise EOFError
n, = unpack(buffer)
if recv_into(buffer, n) < n:
    raise EOFError
m = bytes(buffer[:n])
""",
)
_ASYNCIO = (
    """
run, write, drain, read = there.run, there.writer.write, there.writer.drain, back.reader.readexactly
pack, unpack = length.pack, length.unpack

async def send(p):
    write(b"".join((pack(len(p)), p)))
    await drain()

async def receive():
    return await read(unpack(await read(8))[0])
""",
    "run(send(p))",
    "m = run(receive())",
)

_SOCKET = ("send, recv = there.socket.send, back.socket.recv", "send(p)", "m = recv()")
_KERNEL_QUEUE = ("send, take = there.queue.send, back.queue.receive", "send(p)", "m = take()[0]")
_ICEORYX = (
    "loan, look = there.held[0].loan_slice_uninit, back.held[0].receive",
    "n = len(p); sample = loan(n); sample.payload().as_memory_view().cast('B')[:] = p; sample.assume_init().send()",
    "m = sample.payload().as_memory_view().tobytes(); sample.delete()",
)
_LOOK = """
looks = 0
while (sample := look()) is None:
    looks += 1
    if not looks % 1000:
        let_others()
"""
_FOR_EVER = "timeout=1e9"
_NATS = (
    """
run, publish, flush, subject = there.run, there.client.publish, there.client.flush, there.subject
wait, post = there.free.acquire, back.free.release
back_run, take = back.run, back.subscription.next_msg

async def send(p):
    await publish(subject, p)
    await flush()
""",
    "wait(); run(send(p))",
    "m = back_run(take(None)).data; post()",
)
_LMDB = (
    "new, old, let_others = there.environment.begin, back.environment.begin, os.sched_yield\n"
    "keys, slots, i, j = there.keys, len(there.keys), 0, 0",
    """
looks = 0
while True:
    with new() as look:
        if look.get(keys[i]) is None:
            break
    looks += 1
    if not looks % 100:
        let_others()
with new(write=True) as change:
    change.put(keys[i], p)
i = (i + 1) % slots
""",
    """
looks = 0
while True:
    with old() as look:
        if (m := look.get(keys[j])) is not None:
            break
    looks += 1
    if not looks % 100:
        let_others()
with old(write=True) as change:
    change.delete(keys[j])
j = (j + 1) % slots
""",
)
_ARROW = (
    f"{_RING}\npage, new, old = mmap.PAGESIZE, there.buffers, back.buffers\n"
    "buffer, array, batch = there.arrow.py_buffer, there.arrow.Array.from_buffers, "
    "there.arrow.RecordBatch.from_arrays\n"
    "into, writing, reading = there.arrow.FixedSizeBufferWriter, there.ipc.new_stream, back.ipc.open_stream\n"
    "kind, schema = there.kind, there.schema",
    """
wait_free()
column = array(kind, len(p), [None, buffer(p)])
with into(new[i]) as sink, writing(sink, schema) as writer:
    writer.write_batch(batch([column], schema=schema))
post_full()
i = (i + 1) % slots
""",
    """
post_free()
wait_full()
with reading(old[j]) as reader:
    m = memoryview(reader.read_next_batch().column(0).buffers()[1])
bytes(m[::page])
j = (j + 1) % slots
""",
)

CHANNELS: dict[str, Written] = {
    "queue": _QUEUE,
    "simple-queue": _QUEUE,
    "joinable-queue": (
        "put, get, done = there.queue.put, back.queue.get, back.queue.task_done",
        "put(p)",
        "m = get(); done()",
    ),
    "thread-queue": _QUEUE,
    "pipe": _CONNECTION,
    "pipe-simplex": ("send, recv = there.writer.send, back.reader.recv", "send(p)", "m = recv()"),
    "pipe-bytes": ("send, recv = there.end.send_bytes, back.end.recv_bytes", "send(p)", "m = recv()"),
    "pipe-bytes-into": (
        "send, recv_into, buffer = there.end.send_bytes, back.end.recv_bytes_into, memoryview(bytearray(back.size))",
        "send(p)",
        "m = bytes(buffer[: recv_into(buffer)])",
    ),
    "pipe-oob": (
        "send, recv, dumps, loads = there.end.send_bytes, back.end.recv_bytes, pickle.dumps, pickle.loads\n"
        "to_come = map(bytearray, iter(recv, None))",
        "buffers = []\nsend(dumps(p, 5, buffer_callback=buffers.append))\nfor buffer in buffers: send(buffer.raw())",
        "m = loads(recv(), buffers=to_come)",
    ),
    "os-pipe": _OS_PIPE,
    "fifo": _FIFO,
    "socketpair": _STREAM_SOCKET,
    "unix-stream": _STREAM_SOCKET,
    "unix-datagram": (
        "send, recv, size = there.outlet.send, back.inlet.recv, back.size",
        "send(p)",
        "m = recv(size)",
    ),
    "tcp": _STREAM_SOCKET,
    "tcp-nodelay": _STREAM_SOCKET,
    "tcp-split": (
        f"{_STREAM_SOCKET[0]}\nsendall = there.end.sendall",
        "sendall(pack(len(p))); sendall(p)",
        _STREAM_SOCKET[2],
    ),
    "listener-unix": _CONNECTION,
    "listener-tcp": _CONNECTION,
    "asyncio-unix": _ASYNCIO,
    "manager-queue": _QUEUE,
    "manager-tcp": _QUEUE,
    "manager-list": (
        f"{_SEMAPHORES}\nappend, pop = there.items.append, back.items.pop",
        "wait_free(); append(p); post_full()",
        "wait_full(); m = pop(0); post_free()",
    ),
    "manager-dict": _ITEM,
    "manager-array": _ITEM,
    "manager-value": _VALUE,
    "manager-namespace": (
        f"{_RING}\nnew, old, names = there.namespace, back.namespace, there.names",
        "wait_free(); setattr(new, names[i], p); i = (i + 1) % slots; post_full()",
        "wait_full(); m = getattr(old, names[j]); j = (j + 1) % slots; post_free()",
    ),
    "value": _VALUE,
    "raw-value": _VALUE,
    "array": (
        f"{_RING}\nnew, old = there.arrays, back.arrays",
        "wait_free(); new[i].raw = p; i = (i + 1) % slots; post_full()",
        "wait_full(); m = old[j].raw; j = (j + 1) % slots; post_free()",
    ),
    "raw-array": _bytes_ring("new, old = memoryview(there.memory).cast('B'), memoryview(back.memory).cast('B')"),
    "mmap": _bytes_ring("new, old = memoryview(there.map), memoryview(back.map)"),
    "shared-memory": _SHARED_MEMORY,
    "shared-memory-view": _SHARED_MEMORY_VIEW,
    "shared-memory-pipe": _SHARED_MEMORY_PIPE,
    "shared-memory-spin": _SHARED_MEMORY_SPIN,
    "shared-memory-new": _SHARED_MEMORY_NEW,
    "shareable-list": (
        f"{_RING}\nnew, old = there.items, back.items",
        r"wait_free(); new[i] = b'%b\x01' % p; i = (i + 1) % slots; post_full()",
        "wait_full(); m = old[j][:-1]; j = (j + 1) % slots; post_free()",
    ),
    "redis-list": (
        "wait, push, pop, post = there.free.acquire, there.client.lpush, back.client.brpop, back.free.release\n"
        "new, old = there.key, back.key",
        "wait(); push(new, p)",
        "m = pop(old, 0)[1]; post()",
    ),
    "nats": _NATS,
    "grpc-unix": ("send, recv = there.outbox.put, back.incoming().__next__", "send(p)", "m = recv()"),
    "lmdb": _LMDB,
    "arrow-shared-memory": _ARROW,
    "zmq-ipc": _SOCKET,
    "zmq-tcp": _SOCKET,
    "zmq-push-pull": ("send, recv = there.end.send_pyobj, back.end.recv_pyobj", "send(p)", "m = recv()"),
    "uvloop-unix": _ASYNCIO,
    "json-pipe": _codec("import json\ndumps, decode = json.dumps, json.loads", "dumps(p).encode()"),
    "marshal-pipe": _codec("import marshal\nencode, decode = marshal.dumps, marshal.loads"),
    "msgspec-pipe": _codec(
        "from msgspec import msgpack\nencode, decode = msgpack.Encoder().encode, msgpack.Decoder().decode"
    ),
    "msgspec-json-pipe": _codec(
        "from msgspec import json\nencode, decode = json.Encoder().encode, json.Decoder().decode"
    ),
    "orjson-pipe": _codec("import orjson\nencode, decode = orjson.dumps, orjson.loads"),
    "msgpack-pipe": _codec("import msgpack\nencode, decode = msgpack.packb, msgpack.unpackb"),
    "cloudpickle-pipe": _codec("import cloudpickle\nencode, decode = cloudpickle.dumps, pickle.loads"),
    "protobuf-pipe": _codec(
        "from ipcbench.measure.api.message import Message\n"
        "from ipcbench.measure.transports.libraries.protobuf import message_class\nwire = message_class()",
        "wire(number=p.number, created=p.created, origin=p.origin, data=p.data).SerializeToString()",
        "wire.FromString(recv())\nm = Message(m.number, m.created, m.origin, m.data)",
    ),
    "dill-pipe": _CONNECTION,
    "dill-queue": _QUEUE,
    "faster-fifo": (_QUEUE[0], f"put(p, {_FOR_EVER})", "m = get(True, 1e9)"),
    "faster-fifo-many": (
        "put, take, come = there.queue.put, back.queue.get_many, iter(())",
        f"put(p, {_FOR_EVER})",
        "for m in come: break\nelse:\n    come = iter(take(True, 1e9))\n    m = next(come)",
    ),
    "posix-shm": _bytes_ring("new, old = there.view(), back.view()"),
    "posix-mq": _KERNEL_QUEUE,
    "sysv-mq": _KERNEL_QUEUE,
    "iceoryx2-spin": (f"{_ICEORYX[0]}\nlet_others = os.sched_yield", _ICEORYX[1], f"{_LOOK}{_ICEORYX[2]}"),
    "iceoryx2-event": (
        f"{_ICEORYX[0]}\nnotify, wait = there.held[1].notify, back.held[1].blocking_wait",
        f"{_ICEORYX[1]}; notify()",
        f"while (sample := look()) is None: wait()\n{_ICEORYX[2]}",
    ),
    "mpi-pickle": (
        "send, recv, other = there.world.send, back.world.recv, there.other",
        "send(p, other)",
        "m = recv()",
    ),
    "mpi-buffer": (
        "from mpi4py import MPI\nstatus, buffer = MPI.Status(), memoryview(bytearray(back.size))\n"
        "send, fill, count, other = there.world.Send, back.world.Recv, status.Get_count, there.other",
        "send(p, other)",
        "fill(buffer, other, 0, status); m = bytes(buffer[:count()])",
    ),
    "no-op": ("keep, take = there.held.append, there.held.pop", "keep(p)", "m = take()"),
    "memcpy": (
        "buffer = bytearray(len(turn.payloads[0])); view = memoryview(buffer)",
        "view[:] = p",
        "m = bytes(buffer)",
    ),
    "pickle": ("dumps, loads = ForkingPickler.dumps, ForkingPickler.loads", "held = dumps(p)", "m = loads(held)"),
    "pickle5": ("dumps, loads = pickle.dumps, pickle.loads", "held = dumps(p, 5)", "m = loads(held)"),
    "pickle5-oob": (
        "dumps, loads = pickle.dumps, pickle.loads",
        "buffers = []; held = dumps(p, 5, buffer_callback=buffers.append)",
        "m = loads(held, buffers=buffers)",
    ),
}

# Likewise for signals: the lines that notify, the lines that wait.
_POSIX = "post, wait = there.{0}.release, back.{0}.acquire"
SIGNALS: dict[str, Written] = {
    "lock": (_POSIX.format("lock"), "post()", "wait()"),
    "semaphore": (_POSIX.format("semaphore"), "post()", "wait()"),
    "event": ("post, wait, clear = there.event.set, back.event.wait, back.event.clear", "post()", "wait(); clear()"),
    "barrier": ("post, wait = there.barrier.wait, back.barrier.wait", "post()", "wait()"),
    "condition": (
        "mine, theirs, posted, pending = there.condition, back.condition, there.pending, back.pending",
        "with mine:\n    posted.value += 1\n    mine.notify()",
        "with theirs:\n    while not pending.value:\n        theirs.wait()\n    pending.value -= 1",
    ),
}

Run = Callable[[Any, Sequence[Any]], list[tuple[int, int]]]


def _pool_submit(port: Any, tasks: Sequence[Any]) -> list[tuple[int, int]]:
    submit, window, waiting, finished = port.pool.apply_async, port.settings.window, deque[Any](), []
    for task in tasks:
        if len(waiting) == window:
            finished.append(waiting.popleft().get())
        waiting.append(submit(answer, (task,)))
    while waiting:
        finished.append(waiting.popleft().get())
    return finished


def _future_submit(port: Any, tasks: Sequence[Any]) -> list[tuple[int, int]]:
    submit, window, waiting, finished = port.pool.submit, port.settings.window, deque[Any](), []
    for task in tasks:
        if len(waiting) == window:
            finished.append(waiting.popleft().result())
        waiting.append(submit(answer, task))
    while waiting:
        finished.append(waiting.popleft().result())
    return finished


_FUTURES: dict[str, Run] = {
    "submit": _future_submit,
    "map": lambda port, tasks: list(port.pool.map(answer, tasks, chunksize=1)),
}
EXECUTORS: dict[str, dict[str, Run]] = {
    "pool": {"submit": _pool_submit, "map": lambda port, tasks: port.pool.map(answer, tasks, 1)},
    "process-pool-executor": _FUTURES,
    "thread-pool-executor": _FUTURES,
    "loky": _FUTURES,
    "serial": {"map": lambda _port, tasks: [answer(task) for task in tasks]},
}

# Mechanisms that offer one of these ports and have no loop here, each with the reason.
NOT_COMPARED: dict[str, str] = {
    **dict.fromkeys(
        ("interpreter-queue", "interpreter-queue-spin", "interpreter-memory", "interpreter-pool-executor"),
        "nobody has compared it under a released Python 3.14 yet",
    ),
    **dict.fromkeys(("nng-ipc", "nng-tcp"), "after its first use no process may fork, and the next comparison does"),
    "joblib": "with the one worker that is compared it runs tasks in its caller",
}


def bare_loop(case: Case, side: Side) -> Loop:
    """Return the loop of one side: the driver sends or notifies first, the peer receives or waits first."""
    if case.pattern == "tasks":
        return _tasks(EXECUTORS[case.mechanism][case.operation])
    before, send, receive = (SIGNALS if case.pattern == "hand-over" else CHANNELS)[case.mechanism]
    body = f"{send}\n{receive}" if side == "driver" else f"{receive}\np = m\n{send}"
    source = (
        "def loop(there, back, turn):\n    m = None\n"
        + textwrap.indent(before, "    ")
        + "\n    start = perf_counter()\n    for p in turn.payloads or repeat(None, turn.operations):\n"
        + textwrap.indent(body, " " * 8)
        + "\n    return Lap(start, perf_counter(), turn.operations, m)\n"
    )
    scope = dict(_SCOPE)
    exec(source, scope)
    loop: Loop = scope["loop"]
    return loop


_SCOPE: dict[str, Any] = {
    "ForkingPickler": ForkingPickler,
    "Lap": Lap,
    "SharedMemory": SharedMemory,
    "length": LENGTH,
    "mmap": mmap,
    "os": os,
    "perf_counter": perf_counter,
    "pickle": pickle,
    "repeat": repeat,
}


def _tasks(run: Run) -> Loop:
    def loop(port: Any, _: Any, turn: Turn) -> Lap:
        start = perf_counter()
        finished = run(port, turn.payloads)
        return Lap(start, perf_counter(), len(finished), finished=finished)

    return loop
