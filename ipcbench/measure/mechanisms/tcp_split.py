"""TCP over the loopback interface, length and payload as two writes: a trap, to be seen and not to be used.

The second write waits until the first is acknowledged (Nagle), and the other side delays that acknowledgement by 40 ms
unless it has something to send: every message below the segment size takes tens of milliseconds. Source: tcp(7).
"""

from ipcbench.measure.framed import LENGTH, ListeningChannel
from ipcbench.measure.ports import Mechanism, Send


class TcpSplitChannel(ListeningChannel):
    def sender(self) -> Send:
        send_all, pack = self.socket.sendall, LENGTH.pack

        def send(payload: bytes) -> None:
            send_all(pack(len(payload)))
            send_all(payload)

        return send


MECHANISM = Mechanism(
    name="tcp-split",
    title="TCP on loopback, two writes per message",
    short="TCP split",
    family="sockets",
    carries="bytes",
    bounded_by="bytes",
    channel=TcpSplitChannel,
    duplex=True,
    semaphores=False,
    copies=3,
    dead_peer="end of file",
    scope="network",
    systems=("linux", "darwin"),
    baseline=True,
    only_patterns=("ping-pong",),
    caveats=("exists to show a trap: two small writes without TCP_NODELAY wait for a delayed acknowledgement",),
)
