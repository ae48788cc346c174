"""tensor: a torch tensor of float32.

As an object it travels by torch's own mechanisms alone: once torch is imported, every queue, pipe and pool of
multiprocessing passes tensors in torch's way, and a tensor that is sent again as a reference to the same memory.
Channels of bytes carry it pickled, its storage copied into the pickle.
"""

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
    only_by="torch",
    beside=4096,
)
