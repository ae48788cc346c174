"""A list in a redis-server as a queue: LPUSH and BRPOP of bytes, by redis-py over a UNIX socket.

The visit starts a redis-server of its own, which listens to a socket in the visit's folder alone and writes nothing to
disk. A message crosses two sockets and is stored in between; each call is a request and an answer, so sending returns
once the server has it. A list has no end: a semaphore, beside redis, keeps a window in flight. Many may send and
receive, and BRPOP serves who has waited longest. Source: https://redis.io/commands/brpop,
https://redis.readthedocs.io.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.redis import RedisList

MECHANISM = Mechanism(
    name="redis-list",
    title="Redis list, LPUSH and BRPOP, redis-py",
    short="Redis list",
    family="queues",
    requires=("redis",),
    extra="redis",
    licence="MIT",
    needs_server="redis-server",
    carries="bytes",
    bounded_by="messages",
    channel=RedisList,
    senders="many",
    receivers="many",
    copies=8,
    dead_peer="nothing",
    background_processes=1,
    systems=("linux", "darwin"),
    caveats=(
        "a message is lost with the receiver that has taken it: BLMOVE keeps it until it is done",
        "the list itself has no bound: a quick sender fills the server's memory",
        "redis-py gives a blocking call up after 5 s unless socket_timeout is None, and tries failed calls again",
    ),
)
