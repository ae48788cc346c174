"""report.html: one file with everything in it, no script, no network, under a strict content-security policy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ipcbench.report.absence import groups
from ipcbench.report.modelled import models
from ipcbench.report.pictures import Picture
from ipcbench.report.rows import environment, exact, mechanisms, pythons, tails, which_one
from ipcbench.report.study import Study
from ipcbench.report.tables import Table
from ipcbench.report.text import count
from ipcbench.report.theme import DARK, LIGHT
from ipcbench.text import safe_text

OPEN_TABLES = 4  # questions that every reader sees, those asked most come first; the rest folds away
READING = (
    "One operation per pattern, as the tables above say it: a round trip is there and back, never halved; a message "
    "counts when the receiver has it. Where many work at once, the operations of all are counted together.",
    "A number is the median over rounds. In each round every case ran once in fresh processes, next to the cases it is "
    "compared with. A range in brackets is its 95 % interval: other runs on this machine in this state would be "
    "expected there.",
    "≈ is a tie: less than 5 % apart, or an interval of the ratio that includes 1. Ties are results: take what suits "
    "you otherwise. Comparisons are paired by round and never cross mechanisms that block and those that spin; "
    "controls, and what stays in one process, are not ranked at all.",
    "Not all carry the same: objects are pickled, bytes are not, and a number is 8 B of shared memory. Where nothing "
    "else is said the payload is bytes for all, so what pickling costs is part of what objects cost.",
    "Placement decides much: spread puts each process on a CPU of its own, so a blocking round trip includes waking "
    "that CPU up; pack puts all on one. Compare numbers of the same placement only.",
    "CPU per operation adds up all processes of a case; it exceeds the time where several run at once.",
)


def page(study: Study, sentences: Sequence[str], charts: Sequence[Picture]) -> str:
    """Write the whole page. Everything from the results file is escaped by the template, whatever it holds."""
    templates = Environment(
        loader=PackageLoader("ipcbench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = templates.get_template("report.css.j2").render(light=LIGHT, dark=DARK)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return templates.get_template("report.html.j2").render(
        study=study,
        label=safe_text(study.record.label, 100),
        version=safe_text(study.record.ipcbench, 40),
        rounds=count(study.record.rounds, "round"),
        command=safe_text(study.record.command, 1000),
        style=Markup(style),  # our own file and theme, nothing from the results
        style_hash=f"sha256-{digest}",
        sentences=sentences,
        which_one=which_one(study),
        open_tables=OPEN_TABLES,
        more=[found for found in (tails(study), pythons(study)) if found],
        main_setting=", ".join(filter(None, study.setting)),
        charts=charts,
        data_uri=data_uri,
        models=models(study),
        absent=absent(study),
        reading=READING,
        all_cases=exact(study.summary, "All cases of this run"),
        mechanisms=mechanisms(study),
        environment=environment(study),
    )


def absent(study: Study) -> Table:
    """The cases without a number, one row per reason."""
    rows = [[each.verdict, str(each.cases), each.mechanisms, each.where, each.reason] for each in groups(study.summary)]
    return Table("Cases without a number, by reason", ["Verdict", "Cases", "Mechanisms", "Where", "Reason"], rows)


def data_uri(svg: str) -> str:
    """An SVG as the address of an image that needs no file; without blanks, which would end it in a srcset."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
