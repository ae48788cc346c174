"""tensor: a torch tensor of float32; without torch's own pickler its storage is copied into the pickle."""

from typing import Any

from ipcbench.measure.api.kind import Kind


def make(source: bytes) -> Any:
    """Return a tensor over a copy of these bytes."""
    import torch

    return torch.frombuffer(bytearray(source), dtype=torch.float32)


KIND = Kind(
    name="tensor",
    title="a tensor",
    make=make,
    least=8,
    unit=4,
    unit_words="whole float32, 4 B each",
    requires=("torch",),
    beside=4096,
)
