"""Sizes, durations, rates and ratios, written as text and parsed from text.

Sizes are bytes, durations seconds. KiB = 2**10 bytes, MiB = 2**20, GiB = 2**30; kB, MB and GB are powers of ten.
"""

from __future__ import annotations

import math
import re

from ipcbench.errors import BadRequest

LARGEST_SIZE = 2**28
LONGEST_DURATION = 7 * 86_400.0
MOST_WORK = 10.0  # seconds for one message
MOST_RATE = 10**6  # messages per second

_SIZE_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "k": 2**10,
    "m": 2**20,
    "g": 2**30,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
_WORK_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_DURATION_UNITS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER_AND_UNIT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-z]*)", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Parse a size such as '64B', '16KiB' or '1MiB', in bytes; 0 B is a signal without a payload.

    Raises BadRequest outside 0 B to 256 MiB, or for a fraction of a byte.
    """
    match = _NUMBER_AND_UNIT.fullmatch(text.strip())
    factor = _SIZE_UNITS.get(match[2].lower()) if match else None
    size = float(match[1]) * factor if match and factor else math.nan
    if not 0 <= size <= LARGEST_SIZE or size != int(size):
        raise BadRequest(f"size {text!r}: expected 0B to 256MiB, such as 64B, 16KiB or 1MiB")
    return int(size)


def parse_duration(text: str) -> float:
    """Parse a duration such as '90s', '10m', '1h' or '1d', in seconds; raises BadRequest outside 1 s to 7 days."""
    match = _NUMBER_AND_UNIT.fullmatch(text.strip())
    factor = _DURATION_UNITS.get(match[2].lower()) if match else None
    seconds = float(match[1]) * factor if match and factor else math.nan
    if not 1.0 <= seconds <= LONGEST_DURATION:
        raise BadRequest(f"duration {text!r}: expected 1s to 7 days, such as 90s, 10m, 1h or 1d")
    return seconds


def parse_work(text: str) -> float:
    """Parse the work for each message, such as '0', '10us' or '2ms', in seconds.

    Raises BadRequest if it is neither 0 nor a whole number of microseconds up to 10 s.
    """
    if text.strip() == "0":
        return 0.0
    match = _NUMBER_AND_UNIT.fullmatch(text.strip().replace("µ", "u"))
    factor = _WORK_UNITS.get(match[2].lower()) if match else None
    seconds = float(match[1]) * factor if match and factor else math.nan
    if not 1e-6 <= seconds <= MOST_WORK or abs(seconds * 1e6 - round(seconds * 1e6)) > 1e-6:
        raise BadRequest(f"work {text!r}: expected 0, or 1us to 10s, such as 10us, 500us or 2ms")
    return round(seconds * 1e6) / 1e6


def work_name(seconds: float) -> str:
    """Write the work for each message without spaces, so that parse_work returns it: 0, 10us, 2ms, 1500us, 1s."""
    microseconds = round(seconds * 1e6)
    for unit, factor in (("s", 10**6), ("ms", 10**3)):
        if microseconds >= factor and microseconds % factor == 0:
            return f"{microseconds // factor}{unit}"
    return f"{microseconds}us" if microseconds else "0"


def parse_rate(text: str) -> float:
    """Parse a rate of messages, such as '30/s', '2.5k/s' or '100k', per second; 0 is as fast as it goes.

    Raises BadRequest if it is neither 0 nor a whole number up to 1,000,000.
    """
    match = _NUMBER_AND_UNIT.fullmatch(text.strip().lower().removesuffix("/s"))
    factor = {"": 1, "k": 1000, "m": 10**6}.get(match[2]) if match else None
    rate = float(match[1]) * factor if match and factor else math.nan
    if not 0 <= rate <= MOST_RATE or rate != int(rate):
        raise BadRequest(f"rate {text!r}: expected 0, or 1/s to 1M/s, such as 30/s or 2.5k/s")
    return rate


def rate_name(rate: float) -> str:
    """Write a rate without its unit, so that parse_rate returns it: 30, 2500, 30k."""
    whole = round(rate)
    return f"{whole // 1000}k" if whole >= 1000 and whole % 1000 == 0 else str(whole)


KIB, MIB = 2**10, 2**20


def size_name(size: int) -> str:
    """Write a size without spaces, so that parse_size returns it: 64B, 16KiB, 1MiB, 16385B."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def format_size(size: float) -> str:
    """Write a size for people: '64 B', '16 KiB', '1.5 MiB'; in bytes if three digits would round it: '16,385 B'."""
    if KIB < size < MIB and float(f"{size / KIB:.3g}") * KIB != size:
        return f"{size:,.0f} B"
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size:.3g} B"


def format_time(seconds: float) -> str:
    """Write a measured time with three significant digits: '80.0 ns', '4.02 µs', '137 µs', '1.20 s'."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * factor:
            return f"{_three_digits(seconds / factor)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def format_duration(seconds: float) -> str:
    """Write a duration: '45 s', '2 min 05 s', '1 h 10 min'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def format_rate(per_second: float) -> str:
    """Write operations per second: '7.30 k/s', '1.20 M/s', '12.0 /s'."""
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if per_second >= 0.9995 * factor:
            return f"{_three_digits(per_second / factor)} {unit}/s"
    return f"{_three_digits(per_second)} /s"


def format_bandwidth(bytes_per_second: float) -> str:
    """Write bytes per second in binary units: '1.25 GiB/s', '340 MiB/s'."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if bytes_per_second >= 0.9995 * factor:
            return f"{_three_digits(bytes_per_second / factor)} {unit}/s"
    return f"{_three_digits(bytes_per_second)} B/s"


def format_ratio(ratio: float) -> str:
    """Write a ratio: '1.23×' below 2, '3.6×' below 10, '12×' from there."""
    if ratio < 1.995:
        return f"{ratio:.2f}×"
    if ratio < 9.95:
        return f"{ratio:.1f}×"
    return f"{ratio:,.0f}×"


def _three_digits(number: float) -> str:
    if number < 9.995:
        return f"{number:.2f}"
    if number < 99.95:
        return f"{number:.1f}"
    return f"{number:,.0f}"
