"""gRPC over a UNIX socket, through grpcio: messages of bytes in the two streams of one call, without generated code.

The driver's side serves, the peer's side calls. Sending and receiving are independent, unlike the request and reply of
a unary call; so one call lasts for the whole visit, an operation is one message of its stream, and a round trip is one
message each way. A thread of the library takes messages from a queue of one window and waits for the flow control of
HTTP/2; the receiver asks for each message. The limit of 4 MB for received messages is removed.
Source: https://grpc.io/docs/languages/python/basics, https://grpc.github.io/grpc/python/grpc.html.
"""

from __future__ import annotations

from queue import Queue, SimpleQueue
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.bind_and_dial import BindAndDialChannel

_SERVICE, _METHOD = "ipcbench", "messages"
_NO_LIMIT = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
_CLOSING_SECONDS = 2.0
_END = None


class GrpcCall(BindAndDialChannel):
    """A channel over one call, with a generic handler at a UNIX socket of the visit."""

    server: Any = None
    client: Any = None
    call: Any = None

    def choose_address(self, settings: PortSettings) -> str:
        return f"unix:{settings.new_path()}"

    def bind(self, address: str) -> str:
        from concurrent.futures import ThreadPoolExecutor

        import grpc

        self.outbox: Queue[Any] = Queue(self.window)
        self.calls: SimpleQueue[Any] = SimpleQueue()

        def serve(requests: Any, _context: Any) -> Any:
            self.calls.put(requests)
            return iter(self.outbox.get, _END)

        method = grpc.stream_stream_rpc_method_handler(serve, response_serializer=bytes)
        handler = grpc.method_handlers_generic_handler(_SERVICE, {_METHOD: method})
        self.pool = ThreadPoolExecutor(1)
        self.server = grpc.server(self.pool, (handler,), options=_NO_LIMIT)
        self.server.add_insecure_port(address)
        self.server.start()
        return address

    def dial(self, address: str) -> None:
        import grpc

        self.outbox = Queue(self.window)
        self.client = grpc.insecure_channel(address, _NO_LIMIT)
        call = self.client.stream_stream(f"/{_SERVICE}/{_METHOD}", request_serializer=bytes)
        self.call = call(iter(self.outbox.get, _END))

    def sender(self) -> Send:
        return self.outbox.put

    def receiver(self) -> Receive:
        receive: Receive = self.incoming().__next__
        return receive

    def incoming(self) -> Any:
        """Return the messages of the other side; the serving side first waits for the call."""
        if self.call is None:
            self.call = self.calls.get()
        return self.call

    def close(self) -> None:
        server, client, call = self.server, self.client, self.call
        self.server = self.client = self.call = None
        if server or client:
            self.outbox.put(_END)
        if client:
            call.cancel()
            client.close()
        if server:
            server.stop(_CLOSING_SECONDS).wait()
            self.pool.shutdown()
        super().close()


MECHANISM = Mechanism(
    name="grpc-unix",
    title="gRPC streams of one call over a UNIX socket, grpcio",
    short="gRPC UNIX",
    family="sockets",
    requires=("grpc",),
    extra="grpc",
    licence="Apache-2.0",
    semaphores=False,
    carries="bytes",
    bounded_by="messages",
    channel=GrpcCall,
    duplex=True,
    dead_peer="an error",
    background_threads=8,
    systems=("linux", "darwin"),
    caveats=(
        "never fork while a channel or a server is open: the child cannot use it",
        "refuses messages above 4 MB by default",
        "a unary call per message costs more than a message of a stream",
    ),
)
