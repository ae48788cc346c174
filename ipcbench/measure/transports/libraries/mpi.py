"""MPI between two processes that the visit has started: both join a world of two, over shared memory of MPICH.

    driver ──PMI_FD──▶ launcher ◀──PMI_FD── peer        ranks and addresses, before the first message
       └────────── /dev/shm/mpich_shm_… ─────┘          messages

MPI expects a launcher to start its processes. The visit has started them already, by the start method of the case, and
mpiexec listens beyond loopback; so a helper process answers the questions that MPICH asks of mpiexec, in version 1 of
its process-management interface. Without a launcher two processes cannot connect in MPICH 5.0 (pmodels/mpich#7805).
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import selectors
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from ipcbench.errors import NotOffered
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.leaks import kept_by_a_library
from ipcbench.measure.process.names import SEGMENT

# Besides shared memory, MPICH opens a network endpoint, which other hosts must not reach.
_LOOPBACK = {"MPIR_CVAR_CH4_NETMOD": "ofi", "FI_PROVIDER": "tcp", "FI_TCP_IFACE": "lo"}
_HOW = 'pip install "ipcbench[mpi]" brings MPICH 5.0, which these mechanisms need'
_JOIN_SECONDS = 5.0
_line: list[int] = []  # descriptors of this process's line to the launcher, for all worlds and the exit: both ends


class MpiChannel(Channel):
    """A channel over `world`, to rank `other`; subclasses provide sender and receiver."""

    world: Any = None

    def __init__(self, settings: PortSettings) -> None:
        load()
        name, self.size = settings.new_name(), settings.size
        self.segment = segment_of(name)
        self.record = os.path.join(settings.folder, f"{name}{SEGMENT}{os.path.basename(self.segment)}")
        with open(self.record, "x"):
            pass
        pairs = [socket.socketpair() for _ in ("driver", "peer")]
        self.ranks = [mine for mine, _ in pairs]
        ends = [theirs for _, theirs in pairs]
        self.launcher: Any = settings.context.Process(target=serve, args=(ends, self.ranks, name), daemon=True)  # type: ignore[attr-defined]  # every concrete context has it
        self.launcher.start()
        settings.started.append(self.launcher.pid)
        for end in ends:
            end.close()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"launcher": None}

    def connect(self, side: Side) -> None:
        MPI = load()
        rank, self.other = (0, 1) if side == "driver" else (1, 0)
        self.ranks[self.other].close()
        join = {"PMI_FD": str(take_line(self.ranks[rank])), "PMI_RANK": str(rank), "PMI_SIZE": "2"}
        with environment(_LOOPBACK | join):
            self.session = MPI.Session.Init()
            group = self.session.Create_group("mpi://WORLD")
            self.world = MPI.Intracomm.Create_from_group(group)
            group.Free()
        self.world.Barrier()
        forget(self.segment)
        if side == "driver":
            os.unlink(self.segment)  # both processes have mapped it
            os.unlink(self.record)

    def close(self) -> None:
        if self.world is not None:
            self.world.Free()
            self.world = None
            self.session.Finalize()
            hang_up()
        for rank in self.ranks:
            rank.close()

    def destroy(self) -> None:
        if self.launcher is not None:
            self.launcher.join(_JOIN_SECONDS)
            self.launcher = None
        for path in (self.segment, self.record):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def load() -> Any:
    """Import mpi4py's MPI without initialising it; raises NotOffered unless it uses MPICH 5.0."""
    import mpi4py

    mpi4py.rc(initialize=False, finalize=False)
    try:
        MPI = importlib.import_module("mpi4py.MPI")
        name, version = MPI.get_vendor()
    except (ImportError, RuntimeError) as error:
        raise NotOffered(f"mpi4py finds no MPI: {_HOW}") from error
    if (name, *version[:2]) != ("MPICH", 5, 0):
        raise NotOffered(f"mpi4py uses {name} {'.'.join(map(str, version))} here: {_HOW}")
    return MPI


def copied_out(receive_into: Callable[..., object], other: int, size: int) -> Receive:
    """Return the callable that receives one message into a reused buffer of `size` bytes, and returns a copy."""
    status, buffer = load().Status(), memoryview(bytearray(size))
    count = status.Get_count

    def receive() -> bytes:
        receive_into(buffer, other, 0, status)
        return bytes(buffer[: count()])

    return receive


def take_line(rank: socket.socket) -> int:
    """Move the socket `rank` to this process's line to the launcher; return the descriptor of the line."""
    if _line:
        os.dup2(rank.fileno(), _line[0], inheritable=False)
    else:
        _line.append(os.dup(rank.fileno()))
    rank.close()
    return _line[0]


def hang_up() -> None:
    """Disconnect from the launcher, and prepare the answer without which MPICH crashes at exit."""
    with kept_by_a_library():
        last, answered = socket.socketpair()
        answered.send(b"cmd=finalize_ack rc=0\n")
        os.dup2(last.fileno(), _line[0], inheritable=False)
        last.close()
        for earlier in _line[1:]:
            os.close(earlier)
        _line[1:] = [answered.detach()]


def segment_of(world: str) -> str:
    """Return the path of a world's shared memory; MPICH names it by the 32-bit FNV-1a hash of the world's name.

    Source: posix_init.c.
    """
    number = functools.reduce(lambda so_far, byte: (so_far ^ byte) * 16777619 % 2**32, world.encode(), 2166136261)
    return f"/dev/shm/mpich_shm_{number:x}_0"


def serve(ends: list[socket.socket], others: list[socket.socket], world: str) -> None:
    """Serve as the launcher of a world of two, until both processes have left it."""
    for other in others:
        other.close()  # an open copy would prevent end of file
    with selectors.DefaultSelector() as asked:
        for end in ends:
            with end:  # the file made from it keeps the socket open
                asked.register(end.fileno(), selectors.EVENT_READ, end.makefile("rw", newline="\n"))
        while asked.get_map():
            for key, _ in asked.select():
                if not reply(key.data, world):
                    asked.unregister(key.fileobj)
                    key.data.close()


def reply(line: IO[str], world: str) -> bool:
    """Answer one question of MPICH; return False at end of file."""
    asked = dict(word.split("=", 1) for word in line.readline().split())
    if not asked:
        return False
    known = {"PMI_process_mapping": "value=(vector,(0,1,2)) rc=0"}  # two processes on one node, node 0
    answers = {
        "init": "response_to_init pmi_version=1 pmi_subversion=1 rc=0",
        "get_maxes": "maxes kvsname_max=256 keylen_max=64 vallen_max=1024 rc=0",
        "get_appnum": "appnum appnum=0 rc=0",
        "get_my_kvsname": f"my_kvsname kvsname={world} rc=0",
        "get": f"get_result {known.get(asked.get('key', ''), 'rc=-1')}",
        "finalize": "finalize_ack rc=0",
    }
    line.write(f"cmd={answers[asked['cmd']]}\n")
    line.flush()
    return True


@contextlib.contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables inside the block, and restore the environment after it."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def forget(segment: str) -> None:
    """Close this process's descriptor of a segment that stays mapped; MPICH never closes it."""
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(f"/proc/self/fd/{number}").startswith(segment):
                os.close(int(number))


WORLD_OF_TWO = Mechanism(  # the facts that its mechanisms share
    name="mpi",
    title="MPI, mpi4py with MPICH",
    short="MPI",
    family="shared memory",
    requires=("mpi4py",),
    extra="mpi",
    licence="BSD-3-Clause AND LicenseRef-MPICH",
    semaphores=False,
    carries="bytes",
    bounded_by="receiver",
    duplex=True,
    wait="spin",
    copies=3,
    only_patterns=("ping-pong", "stream", "exchange", "tail"),
    background_processes=1,
    shared_memory=True,
    systems=("linux",),
    caveats=(
        "uses a whole CPU while it waits, and is many times slower if both sides share one",
        "a killed rank is not noticed, and a wait for it cannot be interrupted",
        "a world has a fixed number of processes, which are usually started by mpiexec",
    ),
)
