"""How a report writes words and numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ipcbench.text import safe_text
from ipcbench.units import format_rate, format_ratio, format_size, format_time

if TYPE_CHECKING:
    from ipcbench.analysis.models import Estimate

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|!~$@^&]")
_ADDRESS = re.compile(r"(?i)(?<=\bwww)\.|:(?=//)")


def markdown(text: object, limit: int = 200) -> str:
    """Escape untrusted text for Markdown and its table cells: no markup, link, mention or HTML is left."""
    return without_markup(safe_text(text, limit))


def without_markup(text: str) -> str:
    """Escape the markup of clean text for Markdown."""
    escaped = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", text)
    return _ADDRESS.sub(lambda match: f"&#{ord(match[0])};", escaped)


def shortened(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters: as many whole sentences, or parts of one, as fit."""
    if len(text) <= limit:
        return text
    for mark, end in ((". ", "."), ("; ", "."), (", ", ".")):
        kept = text[: limit + 1].rpartition(mark)[0]
        if re.search(r"\d", kept) and len(kept) > limit // 3:
            return kept + end
    return text[: limit - 1].rpartition(" ")[0] + "…"


def interval(low: float, high: float, write: Callable[[float], str] = format_time) -> str:
    """Write an interval, with a shared unit once: '47.1–49.5 µs'; empty for NaN."""
    if math.isnan(low) or math.isnan(high):
        return ""
    first, last = write(low), write(high)
    number, _, unit = first.partition(" ")
    shared = unit and last.endswith(f" {unit}")
    if first.endswith("×") and last.endswith("×"):
        number, shared = first.removesuffix("×"), True
    return f"{number if shared else first}–{last}"


def estimate(found: Estimate, write: Callable[[float], str]) -> str:
    """Write a number with its interval: '48.2 µs (47.1–49.5 µs)'."""
    around = interval(found.low, found.high, write)
    return f"{write(found.value)} ({around})" if around else write(found.value)


def short_ratio(ratio: float) -> str:
    """Write a ratio for a narrow place: '150k×' and '36M×' for very large ones."""
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if ratio >= 99_999.5 and ratio >= 0.9995 * factor:
            return f"{ratio / factor:,.3g}{unit}×" if ratio < 999.5 * factor else f"{ratio / factor:,.0f}{unit}×"
    return format_ratio(ratio)


def plain(text: str) -> str:
    """Drop needless zeros after the point: '10.0 µs' -> '10 µs'."""
    return re.sub(r"\.0+(?=\D|$)", "", text)


def rate_word(rate: float) -> str:
    """Write a rate that was asked for: '30 k/s'."""
    return plain(format_rate(rate))


def listing(names: Iterable[str], most: int = 6) -> str:
    """Join names: 'a, b and c'; those beyond `most` are counted: 'a, b and 4 more'."""
    known = list(names)
    if len(known) > most:
        known = [*known[: most - 1], f"{len(known) - most + 1} more"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}" if known else ""


def slug(name: str) -> str:
    """Write a name as part of an id: lower-case ASCII letters, digits and hyphens; never empty."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "other"


def absence(verdict: str, sizes: Iterable[int] = ()) -> str:
    """Name in a word or two why a case has no number.

    sizes are the payloads, in bytes, that the mechanism carried; if there is only one, that is the reason.
    """
    carried = set(sizes)
    if verdict == "unsupported" and len(carried) == 1:
        return f"{format_size(carried.pop())} only"
    return {"ok": "no value", "unsupported": "can't"}.get(verdict, verdict)
