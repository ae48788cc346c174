"""The mechanism behind a name such as `fault:lose@timed#3:peer:queue`: a correct channel that misbehaves on request.

It wraps the channel of any mechanism and does not know how that works. The worker does not know about faults: methods
of the patterns are wrapped, too, to tell what a channel cannot see, such as the turn that is played.
"""

from __future__ import annotations

import atexit
import functools
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from multiprocessing import util
from typing import Any, ClassVar

from faults.kinds import Fault, Point, Role, parse_fault
from faults.messages import TAMPERINGS, Tampering
from faults.processes import harm
from ipcbench.errors import BadRequest
from ipcbench.measure import patterns
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Lap, Pattern, Seat
from ipcbench.measure.api.payload import content
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.names import visit_folder

_TIMES: dict[str, Callable[[float], float]] = {
    "time-zero": lambda _: 0.0,
    "time-negative": lambda seconds: -seconds,
    "time-nan": lambda _: float("nan"),
    "time-inf": lambda _: float("inf"),
    "time-tiny": lambda seconds: seconds / 1e6,
}


class _Here:
    """The state of the calling process and its progress through the visit."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Reset the state inherited through fork."""
        self.role: Role = "worker"
        self.passed: Counter[Point] = Counter()
        self.struck = 0
        self.tampering: Tampering | None = None
        self.proving = False
        self.proofs = 0
        self.timed = 0
        self.turn: Point | None = None
        self.restore: Callable[[], None] = lambda: None

    def begin_turn(self) -> None:
        """Record whether the turn that begins is timed, or which verification it is."""
        self.restore()
        self.proofs += self.proving
        self.timed += not self.proving
        self.turn = "timed" if not self.proving else "drain" if self.proofs > 1 else None

    def end_turn(self) -> None:
        """Record that the turn is over."""
        self.proving, self.turn = False, None


_here = _Here()
os.register_at_fork(after_in_child=_here.forget)


class FaultyChannel(Channel):
    """A channel of `base` with one fault; load_fault makes subclasses with both attributes."""

    fault: ClassVar[Fault]
    base: ClassVar[Mechanism]

    def __init__(self, settings: PortSettings) -> None:
        _watch_turns(self.fault)
        make = self.base.channel
        if make is None:
            raise TypeError(f"{self.base.name} has no channel")
        self.correct = make(settings)
        self.content = content(self.base.carries, settings.payload)
        self.size = settings.size
        self.driver = os.getpid()
        self.lock = settings.context.Lock() if self.fault.kind == "lock-dead" else None
        if self.fault.point == "atexit" and self.fault.role == "worker" and not _here.passed["setup"]:
            atexit.register(_leave, self.fault)  # not self, because a port held until the end is a leak itself
        self._pass("setup")
        _here.passed["setup"] += 1

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrive, (self.fault, self.__dict__)  # another process cannot import the class by name

    def connect(self, side: Side) -> None:
        if _here.tampering is None:  # once, because `fewer-workers` then changes the process id
            is_driver = os.getpid() == self.driver  # in a chain of peers, a peer that sends has the side "driver", too
            _here.role = "worker" if is_driver else "peer"
            _here.tampering = TAMPERINGS.get(self.fault.kind, Tampering)(self.size, self.content, is_driver)
            if self.fault.point == "atexit" and not is_driver:
                # In multiprocessing's list of exit functions, because a forked peer never runs those of atexit.
                util.Finalize(None, _leave, args=(self.fault,), exitpriority=-100)
        self._pass("ready")
        self.correct.connect(side)

    def sender(self) -> Send:
        send, tampering = self.correct.sender(), _here.tampering or Tampering(self.size, self.content, True)

        def send_or_not(message: Any) -> None:
            tampering.send(send, message, self._operate())

        return send_or_not

    def receiver(self) -> Receive:
        receive, tampering = self.correct.receiver(), _here.tampering or Tampering(self.size, self.content, True)

        def receive_or_not() -> Any:
            return tampering.receive(receive, self._operate())

        return receive_or_not

    def close(self) -> None:
        self._pass("teardown")
        self.correct.close()

    def _pass(self, point: Point) -> None:
        """Pass a point; the fault may strike there."""
        if self.fault.point == point and self.fault.role == _here.role:
            _pass_once(self.fault)
            if _here.passed[point] == self.fault.nth and self.fault.kind == "fewer-workers":
                self._be_the_driver()

    def _operate(self) -> int:
        """Count one send or receive; return the number since the fault struck, including this one."""
        fault = self.fault
        if self.lock and _here.role != fault.role:
            with self.lock:
                pass
        if fault.role != _here.role and fault.kind != "echo-local":
            return 0
        if _here.struck:
            _here.struck += 1
        elif fault.point in ("operation", _here.turn):
            if self.lock and _here.passed[fault.point] + 1 == fault.nth:
                self.lock.acquire()
                os.kill(os.getpid(), signal.SIGKILL)
            _pass_once(fault)
            _here.struck = int(_here.passed[fault.point] == fault.nth)
        return _here.struck

    def _be_the_driver(self) -> None:
        """Pretend to have the driver's process id until the first turn, because the id is read before it."""
        true, os.getpid = os.getpid, lambda: self.driver

        def restore() -> None:
            os.getpid = true

        _here.restore = restore


def load_fault(name: str, load: Callable[[str], Mechanism]) -> Mechanism:
    """Make the mechanism of that name from its base, which `load` loads; raises BadRequest."""
    fault = parse_fault(name)
    base = load(fault.base)
    if base.channel is None:
        raise BadRequest(f"not a fault: {name!r}; {base.name} carries no messages")
    if fault.point == "import" and visit_folder():  # planning a visit loads the mechanism too
        _pass_once(fault)
    channel = _channel(fault, base)
    return base._replace(name=name, title=f"{base.title}, faulty on request", short="Fault", channel=channel, cell=None)


def _channel(fault: Fault, base: Mechanism | None) -> type[FaultyChannel]:
    return type("FaultyChannel", (FaultyChannel,), {"fault": fault, "base": base})


def _arrive(fault: Fault, state: dict[str, Any]) -> FaultyChannel:
    """Return a port, unpickled in the process that it was sent to."""
    _watch_turns(fault)
    kind = _channel(fault, None)
    port = kind.__new__(kind)
    port.__dict__.update(state)
    return port


def _leave(fault: Fault) -> None:
    """Pass the exit handlers of this process; the fault may strike there."""
    if fault.role == _here.role:
        _pass_once(fault)


def _pass_once(fault: Fault) -> None:
    _here.passed[fault.point] += 1
    if _here.passed[fault.point] == fault.nth:
        harm(fault.kind)


def _watch_turns(fault: Fault) -> None:
    """Make every loaded pattern report when a turn begins and ends, and falsify the turn if the fault requires it."""
    if "watched" not in Seat.__dict__:
        _watch_seats()
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{patterns.__name__}."):
            kind = type(module.PATTERN)
            if "watched" not in kind.__dict__:
                _watch(kind, fault)


def _watch_seats() -> None:
    keeping = Seat.keeping

    def keeping_and_noting(seat: Seat, kept: list[Any]) -> Seat:
        _here.proving = True  # only verification turns keep what they receive
        return keeping(seat, kept)

    setattr(Seat, "keeping", keeping_and_noting)  # noqa: B010 - mypy knows it as a method
    setattr(Seat, "watched", True)  # noqa: B010


def _watch(kind: type[Pattern], fault: Fault) -> None:
    def turn(play: Callable[..., Lap]) -> Callable[..., Lap]:
        @functools.wraps(play)
        def played(*seat_and_more: Any) -> Lap:
            _here.begin_turn()
            lap = play(*seat_and_more)
            if fault.kind == "lie" and fault.role == _here.role and _here.turn == "timed" and _here.timed >= fault.nth:
                lap = lap._replace(operations=lap.operations + 1)
            _here.end_turn()
            return lap

        return played

    def measured(elapsed: Callable[..., float]) -> Callable[..., float]:
        @functools.wraps(elapsed)
        def lied(*laps: Any) -> float:
            seconds = elapsed(*laps)
            return _TIMES[fault.kind](seconds) if _here.timed >= fault.nth else seconds

        return lied if fault.kind in _TIMES else elapsed

    for name, wrap in (("drive", turn), ("serve", turn), ("elapsed", measured)):
        setattr(kind, name, wrap(getattr(kind, name)))
    setattr(kind, "watched", True)  # noqa: B010
