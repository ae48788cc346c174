"""dataframe: a pandas DataFrame of four columns of numbers, 8 B each."""

from pathlib import Path
from typing import Any

from ipcbench.measure.api.kind import Kind

_ROW = 32  # bytes


def make(source: bytes) -> Any:
    """Return a frame of whole numbers and three measurements, made from these bytes."""
    import numpy
    import pandas

    number, *measured = numpy.frombuffer(bytearray(source), dtype=numpy.int64).reshape(4, -1)
    frame = pandas.DataFrame({"number": number} | dict(zip("xyz", (part / 2**32 for part in measured), strict=True)))
    frame.columns = frame.columns.astype(object)  # where pyarrow is installed, names would be an array of its own
    return frame


def read(path: Path) -> Any:
    """Read a table of Parquet."""
    import pandas

    return pandas.read_parquet(path)


KIND = Kind(
    name="dataframe",
    title="a DataFrame",
    make=make,
    least=_ROW,
    unit=_ROW,
    unit_words=f"rows of {_ROW} B",
    requires=("pandas", "numpy"),
    ending=".parquet",
    read=read,
    beside=4096,  # the structure of a pickled frame
)
