"""gRPC over a UNIX socket, by grpcio: messages of bytes in the two streams of one call, without generated code.

A port sends and receives independently of each other, which a unary call, a request with its reply, does not: so there
is one call for the life of a visit, and an operation is one message of its stream; a round trip is one each way. The
limit of 4 MB for what is received is taken away. Threads of the library do the reading and writing. Source:
https://grpc.io/docs/languages/python/basics, https://grpc.github.io/grpc/python/grpc.html.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.grpc import GrpcCall

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
        "refuses messages beyond 4 MB unless told otherwise",
        "a unary call for each message costs more than a message of a stream",
    ),
)
