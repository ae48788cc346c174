"""The suites as data: the mechanisms, patterns, sizes and workers that answer a question.

--fast measures only rows with fast sizes, at these sizes. `all` is a curated selection that takes ten minutes on two
CPUs; the other suites sweep one axis further, and --full measures all suites. The mechanisms of LADDER are planned
together: each adds one layer to the one before, and the differences are the costs of the layers. `third-party` is the
suite of mechanisms that need a library; a case whose library is absent is a skip.
"""

from __future__ import annotations

from dataclasses import dataclass

from ipcbench.errors import UnknownName
from ipcbench.model import Cpus, Placement, StartMethod

KIB, MIB = 2**10, 2**20

LADDER = ("os-pipe", "pipe-simplex", "simple-queue", "queue", "joinable-queue")
NUMBERS = ("value", "raw-value", "manager-array")
COMMON = (*LADDER, "pipe", "pipe-bytes", "unix-stream", "tcp-nodelay", "raw-array", "array", "shared-memory")
MANAGED = ("manager-queue", "manager-list", "manager-dict")
OTHERS = (
    *("pipe-bytes-into", "pipe-oob", "fifo", "socketpair", "unix-datagram", "tcp", "listener-unix", "listener-tcp"),
    *("asyncio-unix", "mmap", "shareable-list", "shared-memory-view", "shared-memory-new", "shared-memory-pipe"),
    *("shared-memory-spin", "manager-namespace", "manager-value", "manager-tcp"),
)
LARGE = tuple(name for name in OTHERS if name != "unix-datagram")  # its datagrams are limited to 208 KiB
SHARED_IN_PROCESS = ("thread-queue", "interpreter-queue", "interpreter-queue-spin")
IN_PROCESS = (*SHARED_IN_PROCESS, "interpreter-memory")
SHARED_QUEUES = ("queue", "simple-queue", "joinable-queue", "manager-queue", "manager-list")
LARGE_TASKS = (
    "queue",
    "simple-queue",
    "manager-queue",
    "manager-list",
)  # without joinable-queue, which is a queue with a counter
CELLS = (
    *("value", "raw-value", "array", "raw-array", "shared-memory", "mmap", "shareable-list"),
    *("manager-value", "manager-array", "manager-list", "manager-dict", "manager-namespace"),
)
COMMON_CELLS = (
    *("value", "raw-value", "array", "shared-memory"),
    *("manager-value", "manager-list", "manager-dict", "manager-namespace"),
)
CARELESS = ("value", "raw-value", "array", "raw-array", "mmap", "manager-value", "manager-list", "manager-dict")
SIZED_CELLS = ("array", "raw-array", "shared-memory", "mmap", "manager-value", "manager-list", "manager-dict")
SIGNALS = ("semaphore", "lock", "event", "condition", "barrier")
POOLS = ("pool", "process-pool-executor", "thread-pool-executor", "interpreter-pool-executor", "serial")
CHUNKING = ("pool", "process-pool-executor", "serial")
TAILED = ("queue", "simple-queue", "pipe", "pipe-bytes", "raw-array", "manager-queue")
PLACED = ("queue", "simple-queue", "pipe", "os-pipe", "unix-stream", "tcp-nodelay", "shared-memory", "manager-queue")
WAKING = ("queue", "simple-queue", "pipe", "os-pipe", "unix-stream", "shared-memory")
PAIRED = ("pipe", "os-pipe", "unix-stream", "shared-memory")
SPLITTING = ("listener-tcp", "manager-tcp", "tcp", "tcp-nodelay", "listener-unix", "pipe", "pipe-simplex", "os-pipe")
ARRAYS = (
    "pipe",
    "queue",
    "pipe-oob",
    "pipe-bytes",
    "socketpair",
    "raw-array",
    "shared-memory",
    "shared-memory-view",
    "shared-memory-new",
)
CODECS = ("pickle", "pickle5", "pickle5-oob")
ANY_CODECS = ("pipe", "pipe-oob", "cloudpickle-pipe", "dill-pipe")  # they carry classes and arrays too
PLAIN_CODECS = ("marshal-pipe", "json-pipe", "msgspec-json-pipe", "orjson-pipe", "msgspec-pipe", "msgpack-pipe")
BEST = (
    "os-pipe",
    "pipe",
    "queue",
    "simple-queue",
    "unix-stream",
    "asyncio-unix",
    "shared-memory",
    "shared-memory-spin",
)
THIRD_PARTY = (
    *("zmq-ipc", "zmq-tcp", "zmq-push-pull", "faster-fifo", "faster-fifo-many", "posix-shm", "iceoryx2-event"),
    *("iceoryx2-spin", "dill-pipe", "dill-queue", "uvloop-unix", "msgspec-pipe"),
)
OWN_EXTRAS = ("redis-list", "nats", "grpc-unix", "lmdb", "arrow-shared-memory")  # each has an extra of its own
MPI = ("mpi-buffer", "mpi-pickle")
TORCH = ("torch-pipe", "torch-queue")
NEVER_FORKED = ("nng-ipc", "nng-tcp")
KERNEL_QUEUES = ("posix-mq", "sysv-mq")  # limited to 8 KiB per message
BROKERS = ("redis-list", "nats")
THIRD_QUEUES = ("queue", "simple-queue", "faster-fifo", "dill-queue")
THIRD_POOLS = ("pool", "process-pool-executor", "loky", "serial")


@dataclass(frozen=True, slots=True)
class Row:
    """All combinations of the fields; --fast uses the fast ones, and skips a row without fast_sizes.

    works are the work for each message, of a pattern whose peers can do some. A row without start_methods,
    placements or cpus gets the plan's default. any_mechanism says that the mechanisms are only the usual ones: if the
    user names some, the row has these instead, be they plug-ins.
    """

    questions: tuple[str, ...]
    mechanisms: tuple[str, ...]
    sizes: tuple[int, ...]
    workers: tuple[int, ...] = (1,)
    fast_sizes: tuple[int, ...] = ()
    fast_workers: tuple[int, ...] = (1,)
    fast_mechanisms: tuple[str, ...] | None = None
    payloads: tuple[str, ...] = ("bytes",)
    start_methods: tuple[StartMethod, ...] = ()
    placements: tuple[Placement, ...] = ()
    cpus: tuple[Cpus, ...] = ()
    works: tuple[str, ...] = ("0",)
    any_mechanism: bool = False


@dataclass(frozen=True, slots=True)
class Suite:
    """A named selection: its question in one line, and its rows."""

    name: str
    question: str
    rows: tuple[Row, ...]


_PING, _STREAM, _TASKS, _COUNTER = ("ping-pong",), ("stream",), ("task-queue",), ("counter",)
_CODEC = ("codec:encode", "codec:decode")
_ACCESS, _SIGNAL = ("access:read", "access:write"), ("hand-over",)
_UNLOCKED = ("counter:unlocked",)
_OPEN = ("tail:open-1k", "tail:open-3k", "tail:open-10k", "tail:open-30k", "tail:open-100k")
_RETURN = ("tail:returned", "tail:delivered")
_SWEEP = (8, 64, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB)
_WORKS = ("0", "10us", "100us", "1ms")
_CODED = (256, 16 * KIB, MIB)
_FEW = (64, 4 * KIB, 64 * KIB, MIB)
_HOLE = 32 * KIB  # in the middle of the range in which two writes over TCP wait for an acknowledgement

# Measured in every round of every suite: the lower bounds of the machine, and os-pipe as the unit "raw pipes".
_CONTROLS = (
    Row(_PING, ("no-op", "os-pipe"), (64,), fast_sizes=(64,)),
    Row(_PING, ("memcpy", "pickle"), (64, MIB), fast_sizes=(MIB,)),
)

_ALL = Suite(
    "all",
    "All topics: latency, throughput, workers, shared state, signals, pools and known traps.",
    (
        Row(_PING, COMMON, _FEW, fast_sizes=(64, MIB), fast_mechanisms=(*LADDER[:4], "pipe", "shared-memory")),
        Row(
            _PING,
            (*MANAGED, "manager-namespace"),
            (64, 64 * KIB, MIB),
            fast_sizes=(64, MIB),
            fast_mechanisms=("manager-queue",),
        ),
        Row(_PING, ("value",), (8,)),
        Row(
            _STREAM,
            ("queue", "simple-queue", "pipe", "pipe-bytes", "os-pipe", "raw-array", "shared-memory", "manager-queue"),
            (64, 64 * KIB, MIB),
            fast_sizes=(64, MIB),
            fast_mechanisms=("queue", "pipe", "shared-memory"),
        ),
        Row(_TASKS, SHARED_QUEUES, (64,), (1, 2, 4), (64,), (1, 4), SHARED_QUEUES[:2]),
        Row(_TASKS, LARGE_TASKS, (64 * KIB,), (1, 4), (64 * KIB,), (4,), SHARED_QUEUES[:2]),
        Row(("tasks:submit", "tasks:map"), ("pool", "process-pool-executor"), (64,), (2,), (64,), (2,), ("pool",)),
        Row(_COUNTER, COMMON_CELLS, (8,), (1, 4), (8,), (4,), ("value", "array", "manager-dict")),
        Row(_UNLOCKED, ("value",), (8,), (2,), (8,), (2,)),
        Row(
            _ACCESS,
            COMMON_CELLS,
            (8,),
            fast_sizes=(8,),
            fast_mechanisms=("value", "manager-list", "manager-namespace"),  # a counter has array and manager-dict
        ),
        Row(_SIGNAL, SIGNALS, (0,), fast_sizes=(0,), fast_mechanisms=("semaphore", "event")),
        Row(_PING, ("pipe", "queue", "pipe-oob", "shared-memory"), (KIB, 64 * KIB, MIB), payloads=("array",)),
        Row(_PING, ("queue", "simple-queue", "pipe", "shared-memory"), (64,), placements=("pack",)),
        Row(_PING, WAKING, (64, 64 * KIB), cpus=("awake",)),
        Row(_PING, ("shared-memory-spin",), (64, MIB), fast_sizes=(64,)),
        Row(_PING, ("listener-tcp",), (4 * KIB, _HOLE, 64 * KIB), fast_sizes=(4 * KIB, _HOLE)),
        Row(_PING, ("tcp-nodelay",), (_HOLE,), fast_sizes=(_HOLE,)),
        Row(("tail:closed", "tail:open-1k"), ("queue", "pipe"), (64,)),
        Row(_RETURN, ("queue", "pipe"), (MIB,), fast_sizes=(MIB,), fast_mechanisms=("queue",)),
        *_CONTROLS,
    ),
)
_LATENCY = Suite(
    "latency",
    "How long does a round trip between two processes take, by payload size?",
    (
        Row(_PING, (*COMMON, *MANAGED), _SWEEP, fast_sizes=_FEW),
        Row(_PING, OTHERS, (64, 4 * KIB, 64 * KIB), fast_sizes=(64,)),
        Row(_PING, LARGE, (MIB,)),
        Row(_PING, NUMBERS, (8,), fast_sizes=(8,)),
        Row(_PING, IN_PROCESS, (64, MIB), fast_sizes=(64,)),
        Row(("exchange",), ("queue", "pipe", "shared-memory", "unix-stream"), (64, 4 * KIB)),
        *_CONTROLS,
    ),
)
_THROUGHPUT = Suite(
    "throughput",
    "How fast do messages flow one way, by payload size?",
    (
        Row(_STREAM, (*COMMON, *MANAGED), _SWEEP, fast_sizes=_FEW),
        Row(_STREAM, OTHERS, (64, 64 * KIB), fast_sizes=(64,)),
        Row(_STREAM, LARGE, (MIB,)),
        Row(_STREAM, NUMBERS, (8,), fast_sizes=(8,)),
        Row(_STREAM, IN_PROCESS, (64, MIB), fast_sizes=(64,)),
        *_CONTROLS,
    ),
)
_WORKERS = Suite(
    "workers",
    "Does it scale? Shared queues, pairs and chains with 1, 2, 4 and 8 workers.",
    (
        Row(_TASKS, SHARED_QUEUES, (64, 64 * KIB), (1, 2, 4, 8), (64,), (1, 2, 4, 8)),
        Row(("fan-in", "fan-out", "many-to-many"), SHARED_QUEUES, (64,), (1, 2, 4), (64,), (1, 4), ("queue",)),
        Row(("pairs",), PAIRED, (64,), (1, 2, 4), (64,), (1, 4), ("pipe",)),
        Row(("broadcast", "pipeline"), ("queue", *PAIRED), (64,), (1, 2, 4)),
        Row((*_TASKS, "fan-out"), SHARED_IN_PROCESS, (64,), (1, 4)),
        *_CONTROLS,
    ),
)
_STATE = Suite(
    "state",
    "What does shared state cost? Reads, writes and increments, with and without lock and contention.",
    (
        Row(_COUNTER, CELLS, (8,), (1, 2, 4, 8), fast_sizes=(8,), fast_workers=(1, 4)),
        Row(_UNLOCKED, CARELESS, (8,), (1, 2, 4), (8,), (2,), ("value",)),
        Row(_ACCESS, CELLS, (8,), (1, 4), fast_sizes=(8,)),
        Row(_ACCESS, SIZED_CELLS, (4 * KIB, 64 * KIB, MIB), fast_sizes=(64 * KIB,)),
        *_CONTROLS,
    ),
)
_SIGNALS = Suite(
    "signals",
    "What does waking another process cost, without any payload?",
    (
        Row(_SIGNAL, SIGNALS, (0,), fast_sizes=(0,)),
        Row(_SIGNAL, SIGNALS, (0,), placements=("pack", "free"), fast_sizes=(0,)),
        *_CONTROLS,
    ),
)
_PLACEMENT = Suite(
    "placement",
    "Does it matter where processes run? One CPU each, one CPU for all, or as scheduled.",
    (
        Row(_PING, PLACED, (64, 64 * KIB), placements=("spread", "pack", "free"), fast_sizes=(64,)),
        Row(_STREAM, PLACED, (64,), placements=("spread", "pack", "free")),
        *_CONTROLS,
    ),
)
_AWAKE = Suite(
    "awake",
    "Does it matter whether idle CPUs sleep? Round trips while they do, and while they are kept awake.",
    (
        Row(_PING, WAKING, (64, 64 * KIB), cpus=("idle", "awake"), fast_sizes=(64,)),
        *_CONTROLS,
    ),
)
_CLIFFS = Suite(
    "cliffs",
    "Are there sizes to avoid? Round trips just below and above every known threshold.",
    (
        Row(
            _PING,
            SPLITTING,
            (KIB, 4096, 16_366, 16_385, _HOLE, 60_000, 65_536, 65_537, 212_992, 212_993, MIB),
            fast_sizes=(4096, _HOLE, 65_536),
            fast_mechanisms=("listener-tcp", "manager-tcp", "tcp-nodelay", "pipe"),
        ),
        Row(_PING, ("tcp-split",), (64, _HOLE, 65_536), fast_sizes=(64,)),
        *_CONTROLS,
    ),
)
_START = Suite(
    "start",
    "What does set-up cost? Create, start, connect, send each worker one message, close.",
    (
        Row(
            ("set-up",),
            ("queue", "pipe", "shared-memory", "manager-queue"),
            (64,),
            (1, 4),
            fast_sizes=(64,),
            fast_mechanisms=("pipe", "queue"),
            start_methods=("fork", "forkserver", "spawn"),
        ),
        *_CONTROLS,
    ),
)
_TAILS = Suite(
    "tails",
    "How slow are the slowest messages? Each message timed, in a closed loop and at fixed rates.",
    (
        Row(("tail:closed",), TAILED, (64, 64 * KIB), fast_sizes=(64,)),
        Row(_RETURN, TAILED, (64, MIB), fast_sizes=(MIB,), fast_mechanisms=("queue", "pipe")),
        Row(_OPEN, TAILED, (64,), fast_sizes=(64,), fast_mechanisms=("queue", "pipe")),
        *_CONTROLS,
    ),
)
_OBJECTS = Suite(
    "objects",
    "What does the content cost? Objects and numpy arrays: pickled, out of band, copied, shared.",
    (
        Row(
            _PING,
            ("queue", "pipe", "simple-queue", "manager-queue", *CODECS[:2]),
            (256, 4 * KIB, 64 * KIB, MIB),
            fast_sizes=(4 * KIB,),
            payloads=("object",),
        ),
        Row(
            _PING,
            (*ARRAYS, *CODECS),
            (64, KIB, 8 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB),
            fast_sizes=(64, 8 * KIB, 64 * KIB, MIB),
            fast_mechanisms=("pipe", "queue", "pipe-oob", "shared-memory", "shared-memory-new", "pickle5-oob"),
            payloads=("array",),
        ),
        *_CONTROLS,
    ),
)
_CODECS = Suite(
    "codecs",
    "Which codec? Encoding, decoding, and both over a pipe: pickle, JSON, MessagePack and others.",
    (
        Row((*_CODEC, *_PING), (*PLAIN_CODECS, *ANY_CODECS), _CODED, fast_sizes=(16 * KIB,), payloads=("object",)),
        Row((*_CODEC, *_PING), (*ANY_CODECS, "protobuf-pipe"), _CODED, fast_sizes=(16 * KIB,), payloads=("dataclass",)),
        Row((*_CODEC, *_PING), ANY_CODECS, _CODED, payloads=("array",)),
        *_CONTROLS,
    ),
)
_WORK = Suite(
    "work",
    "From which work on does it pay? Messages and tasks with work, on several workers and in a plain loop.",
    (
        Row(_TASKS, ("queue", "simple-queue"), (64,), (1, 2, 4), (64,), (4,), works=_WORKS),
        Row(("fan-out",), ("queue", "simple-queue"), (64,), (1, 2, 4), works=_WORKS),
        Row(("tasks:map-chunked",), ("pool", "process-pool-executor"), (64,), (1, 2, 4), (64,), (4,), works=_WORKS),
        Row(("tasks:map-chunked",), ("serial",), (64,), fast_sizes=(64,), works=_WORKS),
        *_CONTROLS,
    ),
)
_POOLS = Suite(
    "pools",
    "What does a pool cost per task? Ways to submit tasks; threads, interpreters and a loop to compare.",
    (
        Row(("tasks:apply", "tasks:submit", "tasks:map"), POOLS, (64, 64 * KIB), (1, 2, 4), (64,), (2,)),
        Row(("tasks:map-chunked",), CHUNKING, (64, 64 * KIB), (1, 2, 4), (64,), (2,)),
        Row(("tasks:imap",), ("pool", "serial"), (64, 64 * KIB), (1, 2, 4), (64,), (2,)),
        *_CONTROLS,
    ),
)
_THIRD_PARTY = Suite(
    "third-party",
    "Is a dependency worth it? Installed libraries beside the best of the standard library.",
    (
        Row(_PING, (*BEST, *THIRD_PARTY, *OWN_EXTRAS, *MPI), _FEW, fast_sizes=(64,)),
        Row(_PING, KERNEL_QUEUES, (64, 4 * KIB), fast_sizes=(64,)),
        Row(_PING, TORCH, (64, MIB), payloads=("tensor",)),
        Row(_PING, (*NEVER_FORKED, "zmq-ipc", "zmq-tcp", "unix-stream"), _FEW, start_methods=("spawn",)),
        Row(_STREAM, (*BEST, *THIRD_PARTY, *OWN_EXTRAS, *MPI), (64, 64 * KIB, MIB), fast_sizes=(64,)),
        Row(_STREAM, KERNEL_QUEUES, (64,), fast_sizes=(64,)),
        Row(_STREAM, (*NEVER_FORKED, "zmq-ipc", "zmq-tcp", "unix-stream"), (64, 64 * KIB), start_methods=("spawn",)),
        Row(_TASKS, (*THIRD_QUEUES, "zmq-push-pull"), (64,), (1, 4), (64,), (4,)),
        Row(("fan-in",), (*THIRD_QUEUES, "zmq-push-pull", "faster-fifo-many", *KERNEL_QUEUES, *BROKERS), (64,), (1, 4)),
        Row(("fan-out",), (*THIRD_QUEUES, *KERNEL_QUEUES, "redis-list"), (64,), (1, 4)),
        Row(("tasks:submit",), THIRD_POOLS, (64,), (2,), (64,), (2,)),
        Row(("tasks:apply", "tasks:map", "tasks:map-chunked"), (*THIRD_POOLS, "joblib"), (64,), (2,)),
        *_CONTROLS,
    ),
)

_CI = Suite(
    "ci",
    "Is a change slower? A few cases on one CPU, where they repeat best; for 'compare --fail-if'.",
    tuple(
        Row(questions, mechanisms, sizes, workers, sizes, workers, placements=("pack",), any_mechanism=True)
        for questions, mechanisms, sizes, workers in (
            (_PING, ("pipe", "queue", "simple-queue", "unix-stream", "shared-memory"), (64, 64 * KIB), (1,)),
            (_STREAM, ("pipe",), (64,), (1,)),
            (_TASKS, ("simple-queue",), (64,), (2,)),
        )
    ),
)

_QUESTIONS = (
    _LATENCY,
    _THROUGHPUT,
    _WORKERS,
    _STATE,
    _SIGNALS,
    _PLACEMENT,
    _AWAKE,
    _CLIFFS,
    _START,
    _TAILS,
    _OBJECTS,
    _CODECS,
    _WORK,
    _POOLS,
    _THIRD_PARTY,
    _CI,
)
SUITES = {suite.name: suite for suite in (_ALL, *_QUESTIONS)}


def suite(name: str) -> Suite:
    """Return the suite of that name; raises UnknownName."""
    if name not in SUITES:
        raise UnknownName("suite", name, SUITES)
    return SUITES[name]


def everything() -> tuple[Row, ...]:
    """Return the rows of all suites, without duplicates."""
    return tuple(dict.fromkeys(row for suite in SUITES.values() for row in suite.rows))
