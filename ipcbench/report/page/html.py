"""report.html: one file with everything in it, no network, under a strict content-security policy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ipcbench.analysis.stats import COVERED_NEXT, coverage
from ipcbench.report.content.absence import groups
from ipcbench.report.content.choosing import at_a_glance, by_need
from ipcbench.report.content.models import models
from ipcbench.report.content.rows import environment, exact, mechanisms, pythons, tails, which_one
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import count, slug
from ipcbench.report.drawing.inline import merge_all
from ipcbench.report.drawing.theme import DARK, LIGHT
from ipcbench.report.embed.snippets import snippet
from ipcbench.report.files.pictures import Picture
from ipcbench.report.page.outline import HEADINGS, under
from ipcbench.report.page.sort_keys import marked
from ipcbench.results.schema import LONGEST_TEXT
from ipcbench.results.store import folder_name
from ipcbench.shell import kept
from ipcbench.text import safe_text

CONTENTS = (
    ("findings", "What this run says"),
    *((heading.id, heading.title) for heading in HEADINGS),
    ("absent", "What has no number"),
    ("reading", "How to read this"),
    ("everything", "All cases"),
    ("reproduce", "Do it again"),
)
READING = (
    "Not all carry the same: objects are pickled, bytes are not, and a number is 8 B of shared memory. Where nothing "
    "else is said the payload is bytes for all, so what pickling costs is part of what objects cost.",
    "What spins is fast because it keeps a CPU busy while nothing arrives. It is never ranked with what blocks, and "
    "controls, and what stays in one process, are not ranked at all.",
    "Placement decides much: spread puts each process on a CPU of its own, so a blocking round trip includes waking "
    "that CPU up; pack puts all on one. Compare numbers of the same placement only.",
    "Your own work per task is zero here, and the machine is this one: where a mechanism costs less than your work "
    "does, take what suits you otherwise.",
    "One operation per pattern, as the tables above say it: a round trip is there and back, never halved; a message "
    "counts when the receiver has it. Where many work at once, the operations of all are counted together.",
    "A number is the median over rounds. In each round every case ran once in fresh processes, next to the cases it is "
    "compared with.",
    "A range in brackets is a 95 % interval of that median. It says where the median of endless rounds would be if the "
    f"machine stayed as it was: simulated runs of 5 rounds and more have it there {coverage(5)} times of 100, of 4 "
    f"rounds {coverage(4)}, of 3 rounds {coverage(3)}. It does not say where another run comes out: even if nothing "
    f"changes, the median of a second run is there only {COVERED_NEXT[0]} to {COVERED_NEXT[1]} times of 100, and less "
    "often if the machine changes. To tell two runs apart use ipcbench compare.",
    "≈ is a tie: less than 5 % apart, or an interval of the ratio that includes 1. Ties are results: take what suits "
    "you otherwise. Comparisons are paired by round.",
    "An asterisk in a chart, and doubtful in the head, is a number with a note, which the tables spell out: "
    "oversubscribed is more processes than CPUs, so that the scheduler is measured too; loaded, stolen and throttled "
    "say what happened to the machine meanwhile. The number counts as any other.",
    "The noise floor is how far 95 % of the cases of two files like this one would be apart with nothing changed: "
    "doubt every smaller difference between files. The difference that would be seen is also one between two files. "
    "Inside one run rounds are paired, and the interval of each ratio says what can be told apart.",
    "CPU per operation adds up all processes of a case; it exceeds the time where several run at once.",
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A table that stands under a heading below its charts and folds away under its name."""

    name: str
    table: Table
    open: bool = False


def page(study: Study, sentences: Sequence[str], charts: Sequence[Picture]) -> str:
    """Write the whole page of a run."""
    return rendered(
        "report.html.j2",
        charts,
        f"reports/{_name(study)}",
        study=study,
        label=safe_text(study.record.label, 100),
        version=safe_text(study.record.ipcbench, 40),
        rounds=count(study.record.rounds, "round"),
        badge=badge(study),
        command=safe_text(study.record.command, LONGEST_TEXT),
        results=f"results/{_name(study)}.json",
        again=kept("report", f"results/{_name(study)}.json"),
        digest=safe_text(study.record.digest, 64),
        contents=CONTENTS,
        headings=HEADINGS,
        under=under(charts),
        names=names(study),
        sentences=sentences,
        glance=at_a_glance(study),
        by_need=by_need(study),
        which_one=which_one(study),
        main_setting=", ".join(filter(None, study.setting)),
        more=folded(study),
        absent=absent(study),
        reading=READING,
        all_cases=exact(study.summary, "All cases of this run"),
        mechanisms=mechanisms(study),
        environment=environment(study),
    )


def rendered(template: str, charts: Sequence[Picture], folder: str, /, **said: object) -> str:
    """A page by a template of ours: style, script, policy, charts inline and how to embed each from a report's folder.

    What is said besides is escaped by the template, whatever it holds.
    """
    templates = Environment(
        loader=PackageLoader("ipcbench.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"marked": marked, "slug": slug}
    drawn = [chart for chart in charts if not chart.missing]
    inline, colours = merge_all([(chart.svg["light"], chart.svg["dark"]) for chart in drawn])
    style = templates.get_template("report.css.j2").render(light=LIGHT, dark=DARK) + "\n" + colours
    script = files("ipcbench.report.page").joinpath("templates/report.js").read_text(encoding="utf-8")
    return templates.get_template(template).render(
        policy=policy(style, script),
        style=Markup(style),  # our own files, theme and colours, nothing from the results
        script=Markup(script),
        inline={chart.id: Markup(svg) for chart, svg in zip(drawn, inline, strict=True)},  # serialised as XML
        embed={chart.id: _embed(chart, folder) for chart in drawn},
        **said,
    )


def policy(style: str, script: str) -> str:
    """A content-security policy that lets one style sheet and one script in, by their bytes, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def badge(study: Study) -> list[tuple[str, int]]:
    """(verdict, how many cases), ok first, and how many of those have notes, which are doubts."""
    first, *others = study.badge
    return [first, *([("of them doubtful", study.doubtful)] if study.doubtful else []), *others]


def names(study: Study) -> list[str]:
    """The mechanisms of a run as tables and charts write them, those of a family together."""
    summary = study.summary
    return [name for _, name in sorted(set(zip(summary["family"], summary["mechanism"], strict=True)))]


def folded(study: Study) -> dict[str, list[Folded]]:
    """The tables that stand below the charts of each heading, by its id."""
    found: dict[str, list[Folded]] = {heading.id: [] for heading in HEADINGS}
    single, versions = tails(study), pythons(study)
    if single:
        found["slow-messages"].append(Folded("Percentiles of single messages", single, open=True))
    if versions:
        found["other-costs"].append(Folded("Pythons compared", versions, open=True))
    found["diagnostics"] += [Folded(each.topic, each) for each in models(study)]
    return found


def absent(study: Study) -> Table:
    """The cases without a number, one row per reason."""
    rows = [[each.verdict, str(each.cases), each.mechanisms, each.where, each.reason] for each in groups(study.summary)]
    return Table("Cases without a number, by reason", ["Verdict", "Cases", "Mechanisms", "Where", "Reason"], rows)


def _name(study: Study) -> str:
    return folder_name(Path(study.record.label or "results"))


def _embed(chart: Picture, folder: str) -> dict[str, str]:
    command = f"ipcbench embed {chart.id} --report {folder}"
    return {"snippet": snippet(chart.id, chart.entry, "github", folder), "command": command}
