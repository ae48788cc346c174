"""A TCP connection over loopback, length and payload sent one after the other: a trap, shown on purpose.

Nagle's algorithm holds back the short payload until the length is acknowledged, and the receiver delays that
acknowledgement for 40 ms, to combine it with an answer. One call for both, or TCP_NODELAY, avoids the wait.
Source: tcp(7), RFC 896, RFC 1122 4.2.3.2.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Send
from ipcbench.measure.transports.streams import LENGTH, TcpSocket


class TcpSplitChannel(TcpSocket):
    def sender(self) -> Send:
        sendall, pack = self.end.sendall, LENGTH.pack

        def send(payload: Any) -> None:
            sendall(pack(len(payload)))
            sendall(payload)

        return send


MECHANISM = Mechanism(
    name="tcp-split",
    title="TCP, header and body in two sends",
    short="TCP split",
    family="sockets",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=TcpSplitChannel,
    duplex=True,
    copies=3,
    dead_peer="end of file",
    scope="network",
    systems=("linux", "darwin"),
    baseline=True,
    only_patterns=("ping-pong",),
    caveats=("a trap: the second of two short writes waits 40 ms for a delayed acknowledgement (Nagle)",),
)
