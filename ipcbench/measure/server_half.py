"""The server's half of a visit between hosts: `python -m ipcbench.measure.server_half --case ID --interface ADDRESS …`.

It makes a key, waits at the interface for the client's half, offers its half of every port and is the peer of the
pattern from then on. Where it waits, and the key, it leaves in the file `--meeting`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Listener
from multiprocessing.process import current_process

from ipcbench.errors import IpcbenchError, NotOffered
from ipcbench.measure.evidence import mark, show_stacks
from ipcbench.measure.far import Meeting, accept_known, far_form, halves
from ipcbench.measure.halves import PeerLine
from ipcbench.measure.ledger import Ledger, take_ledger
from ipcbench.measure.names import claim_names
from ipcbench.measure.parting import complain, leave_process
from ipcbench.measure.pattern import Seat
from ipcbench.measure.payload import content, window_for
from ipcbench.measure.peers import Job, follow
from ipcbench.measure.placement import assign, place, usable_cpus
from ipcbench.measure.ports import PortSettings
from ipcbench.measure.registry import load_mechanism, load_pattern
from ipcbench.model import Case

_KEY_BYTES = 32


def meet(interface: str, path: str) -> PeerLine:
    """Wait for the client's half; raises NotOffered where the interface cannot be bound to."""
    key = os.urandom(_KEY_BYTES)
    current_process().authkey = key
    try:
        listener = Listener((interface, 0), authkey=key)
    except OSError as error:
        raise NotOffered(f"cannot bind to the interface: {error.strerror}") from error
    with listener:
        host, port = listener.address
        Meeting(str(host), int(port), key.hex()).write(path)
        return PeerLine(accept_known(listener))


def serve(case: Case, interface: str, line: PeerLine) -> None:
    """Offer the ports and be the peer until the client's half says stop, or goes."""
    mechanism, pattern = load_mechanism(case.mechanism), load_pattern(case.pattern)
    context = multiprocessing.get_context(case.start_method)
    settings = PortSettings(context, case.size, window_for(case.size), 1, case.payload)
    settings.interface = interface
    with closing(settings):
        threads = [mechanism.background_threads] + [0] * mechanism.background_processes
        cpus = assign(case.placement, usable_cpus(), threads)
        place(cpus[-1])  # managers start while ports are laid, and inherit this
        ports = pattern.lay(far_form(mechanism), settings)
        offered = [half.offer() for half in halves(ports)]
        place(cpus[0])
        line.send([offered, cpus])
        line.helpers = settings.helpers()
        seat = Seat(0, case.operation, case.workers, pattern.window(mechanism, case))
        job = Job(pattern, content(mechanism.carries, case.payload), case.size, seat, cpus[0])
        mark("timing")
        try:
            follow(job, ports, line, os.getpid, line.acknowledge)
        finally:
            mark("tear-down")
            for port in dict.fromkeys(ports):
                port.close()
                port.destroy()


def run(arguments: Sequence[str] | None = None) -> Ledger:
    """Serve the case that the command line names; what this process held before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", type=Case.parse, required=True)
    parser.add_argument("--interface", required=True)
    parser.add_argument("--meeting", required=True)
    args = parser.parse_args(arguments)
    claim_names()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    show_stacks("server")
    mark("set-up")
    before = take_ledger()
    try:
        with closing(meet(args.interface, args.meeting)) as line:
            serve(args.case, args.interface, line)
    except EOFError:
        pass  # the client's half has gone, and says why
    except SystemExit as ended:
        if isinstance(ended.__cause__, Exception):
            complain(ended.__cause__)
        raise
    except (IpcbenchError, OSError) as error:
        complain(error)
        raise SystemExit(1) from error
    return before


if __name__ == "__main__":
    leave_process(run())
