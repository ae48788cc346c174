"""bytes: incompressible bytes, as they are."""

from ipcbench.measure.api.kind import Kind

KIND = Kind(
    name="bytes",
    title="random bytes",
    make=lambda source: source,
    plain=True,
    has_length=True,
    coded=None,
    codec="as they are",
)
