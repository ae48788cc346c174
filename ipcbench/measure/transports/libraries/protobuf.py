"""A message type of Protocol Buffers with the fields of the payload `dataclass`, declared without `protoc`."""

from __future__ import annotations

from functools import cache
from typing import Any

_FIELDS = (
    ("number", 4),
    ("created", 1),
    ("origin", 9),
    ("data", 12),
)  # uint64, double, string, bytes: descriptor.proto


@cache
def message_class() -> Any:
    """Return the class of the message; it can be declared once per process."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="ipcbench.proto", package="ipcbench", syntax="proto3")
    message = file.message_type.add(name="Message")
    for place, (name, type_) in enumerate(_FIELDS, start=1):
        message.field.add(name=name, number=place, type=type_, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("ipcbench.Message"))
