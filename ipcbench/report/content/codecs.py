"""The table of codecs: what a message takes in bytes, and what encoding, decoding and sending it cost."""

from __future__ import annotations

from typing import Any

from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.units import format_size, format_time

_COLUMNS = ("codec:encode", "codec:decode", "ping-pong")


def codecs(study: Study) -> Table | None:
    """Return a row for each codec and payload, the cheapest first; None if no codec was measured.

    The bytes are those of one message. The round trip over a pipe encodes and decodes twice.
    """
    length = {visit.case: visit.encoded for visit in study.record.visits if visit.encoded}
    measured = study.summary[study.summary["seconds"].notna() & study.summary["question"].isin(_COLUMNS)]
    cells: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in records(measured):
        cells.setdefault((row.payload, row.size, row.start_method, row.cpus, row.mechanism), {})[row.question] = row
    wanted = {block: of for block, of in cells.items() if "codec:encode" in of or "codec:decode" in of}
    if not wanted:
        return None
    ordered = sorted(wanted.items(), key=lambda item: (item[0][:-1], _together(item[1]), item[0][-1]))
    rows, strong, values = [], set(), {}
    for place, (block, of) in enumerate(ordered):
        sent = next((length[row.key] for row in of.values() if row.key in length), 0)
        rows.append([f"{block[-1]}, {block[0]}, {format_size(block[1])}", f"{sent:,} B" if sent else ""])
        values[place, 1] = float(sent)
        for column, question in enumerate(_COLUMNS, start=2):
            found = of.get(question)
            rows[-1].append(f"{'≈ ' if found.tied else ''}{format_time(found.seconds)}" if found else "")
            if found is not None:
                values[place, column] = float(found.seconds)
                if found.best and question != "ping-pong":
                    strong.add((place, column))
    header = ["Codec", "Encoded", "Encode", "Decode", "Round trip over a pipe"]
    caption = "Codecs: one message in bytes, and the time to encode it, to decode it, and for both twice over a pipe."
    return Table(caption, header, rows, frozenset(strong), values=values)


def _together(of: dict[str, Any]) -> float:
    """Return the seconds of encoding and decoding; one that was not measured puts a codec last."""
    known = [of[question].seconds for question in _COLUMNS[:2] if question in of]
    return sum(known) if len(known) == 2 else float("inf")
