"""The suites as data: which mechanisms, patterns, sizes and workers answer which question.

A row with fast sizes is also measured by --fast, at those. `all` is the curated union that fits ten minutes on two
CPUs; the others sweep their own axis further.
"""

from __future__ import annotations

from dataclasses import dataclass

from ipcbench.errors import UnknownName
from ipcbench.model import PayloadKind, Placement, StartMethod

KIB, MIB = 2**10, 2**20

CHANNELS = (
    "queue",
    "simple-queue",
    "joinable-queue",
    "pipe",
    "pipe-bytes",
    "array",
    "raw-array",
    "manager-queue",
    "manager-list",
    "manager-dict",
    "manager-namespace",
    "manager-value",
)
NUMBERS = ("value", "raw-value", "manager-array")
SHARED_QUEUES = ("queue", "simple-queue", "joinable-queue", "manager-queue", "manager-list")
CELLS = (
    "value",
    "raw-value",
    "array",
    "raw-array",
    "manager-value",
    "manager-array",
    "manager-list",
    "manager-dict",
    "manager-namespace",
)
STATE_OF_ANY_SIZE = ("array", "raw-array", "manager-value", "manager-list", "manager-dict", "manager-namespace")
FEW_CHANNELS = (
    "queue",
    "simple-queue",
    "pipe",
    "pipe-bytes",
    "array",
    "raw-array",
    "manager-queue",
    "manager-list",
    "manager-dict",
)
COMMON_CHANNELS = (*FEW_CHANNELS, "manager-namespace")
FEW_STREAMS = ("queue", "simple-queue", "pipe", "pipe-bytes", "raw-array", "manager-queue")
FEW_QUEUES = ("queue", "simple-queue", "manager-queue")
FEW_CELLS = ("value", "array", "manager-dict")
POOLS = ("pool", "process-pool-executor", "thread-pool-executor", "serial")
CHUNKING = ("pool", "process-pool-executor", "serial")
TAILED = ("queue", "simple-queue", "pipe", "pipe-bytes", "raw-array", "manager-queue")
OPEN = ("tail:open-1k", "tail:open-3k", "tail:open-10k", "tail:open-30k", "tail:open-100k")
CONTROLS = ("no-op", "memcpy", "pickle", "pickle5", "pickle5-oob")


@dataclass(frozen=True, slots=True)
class Row:
    """Every combination of these; --fast takes the fast ones, or leaves the row out where fast_sizes is empty.

    Start methods and placements are the plan's usual one where none is named.
    """

    questions: tuple[str, ...]
    mechanisms: tuple[str, ...]
    sizes: tuple[int, ...]
    workers: tuple[int, ...] = (1,)
    fast_sizes: tuple[int, ...] = ()
    fast_workers: tuple[int, ...] = (1,)
    fast_mechanisms: tuple[str, ...] | None = None
    payloads: tuple[PayloadKind, ...] = ("bytes",)
    start_methods: tuple[StartMethod, ...] = ()
    placements: tuple[Placement, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """A name, the question it answers in one line, and its rows."""

    name: str
    question: str
    rows: tuple[Row, ...]


_PING, _STREAM, _TASKS, _COUNTER = ("ping-pong",), ("stream",), ("task-queue",), ("counter",)
_ACCESS = ("access:read", "access:write")
_SWEEP = (8, 64, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB)

_ALL = Suite(
    "all",
    "The whole picture: latency, throughput, workers and shared state.",
    (
        Row(
            _PING,
            COMMON_CHANNELS + NUMBERS,
            (8, 64, 4 * KIB, 64 * KIB, MIB),
            fast_sizes=(64, MIB),
            fast_mechanisms=FEW_CHANNELS,
        ),
        Row(_STREAM, FEW_CHANNELS, (64, 64 * KIB, MIB), fast_sizes=(64, MIB), fast_mechanisms=FEW_STREAMS),
        Row(
            _TASKS,
            SHARED_QUEUES,
            (64,),
            (1, 2, 4, 8),
            fast_sizes=(64,),
            fast_workers=(1, 4),
            fast_mechanisms=FEW_QUEUES,
        ),
        Row(_COUNTER, CELLS, (8,), (1, 4), fast_sizes=(8,), fast_workers=(4,), fast_mechanisms=FEW_CELLS),
        Row(_ACCESS, CELLS, (8,), fast_sizes=(8,), fast_mechanisms=FEW_CELLS),
    ),
)
_LATENCY = Suite(
    "latency",
    "How long until an answer? One round trip between two processes, by payload size.",
    (
        Row(_PING, CHANNELS, _SWEEP, fast_sizes=(64, 4 * KIB, 64 * KIB, MIB)),
        Row(_PING, NUMBERS, (8,), fast_sizes=(8,)),
        Row(_PING, (*CONTROLS, "thread-queue"), (64, MIB), fast_sizes=(64, MIB)),
    ),
)
_THROUGHPUT = Suite(
    "throughput",
    "How fast do messages flow one way? Delivered messages, by payload size.",
    (
        Row(_STREAM, CHANNELS, _SWEEP, fast_sizes=(64, 4 * KIB, 64 * KIB, MIB)),
        Row(_STREAM, NUMBERS, (8,), fast_sizes=(8,)),
    ),
)
_WORKERS = Suite(
    "workers",
    "Does it scale? Tasks out and results back, with 1, 2, 4 and 8 workers.",
    (Row(_TASKS, SHARED_QUEUES, (64, 64 * KIB), (1, 2, 4, 8), fast_sizes=(64,), fast_workers=(1, 2, 4, 8)),),
)
_STATE = Suite(
    "state",
    "What does shared state cost? Reads, writes and increments under a lock, alone and contended.",
    (
        Row(_COUNTER, CELLS, (8,), (1, 2, 4, 8), fast_sizes=(8,), fast_workers=(1, 4)),
        Row(_ACCESS, CELLS, (8,), (1, 4), fast_sizes=(8,)),
        Row(_ACCESS, STATE_OF_ANY_SIZE, (4 * KIB, 64 * KIB, MIB), fast_sizes=(64 * KIB,)),
    ),
)

_POOLS = Suite(
    "pools",
    "What does a pool cost per task, by the way tasks are handed over, against threads and a plain loop?",
    (
        Row(("tasks:apply", "tasks:submit", "tasks:map"), POOLS, (64, 64 * KIB), (1, 2, 4), (64,), (2,)),
        Row(
            ("tasks:map-chunked",), ("serial", "pool", "process-pool-executor"), (64, 64 * KIB), (1, 2, 4), (64,), (2,)
        ),
        Row(("tasks:imap",), ("serial", "pool"), (64, 64 * KIB), (1, 2, 4), (64,), (2,)),
    ),
)
_TAILS = Suite(
    "tails",
    "How bad are the slow ones? Every message timed, closed loop and at fixed rates.",
    (
        Row(("tail:closed",), TAILED, (64, 64 * KIB), fast_sizes=(64,)),
        Row(OPEN, TAILED, (64,), fast_sizes=(64,), fast_mechanisms=("queue", "pipe")),
    ),
)

SUITES = {suite.name: suite for suite in (_ALL, _LATENCY, _THROUGHPUT, _WORKERS, _STATE, _POOLS, _TAILS)}


def suite(name: str) -> Suite:
    """The suite of that name; raises UnknownName."""
    if name not in SUITES:
        raise UnknownName("suite", name, SUITES)
    return SUITES[name]
