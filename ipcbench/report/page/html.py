"""report.html: one self-contained file that needs no network, under a strict content-security policy."""

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
from ipcbench.report.content.absence import absent
from ipcbench.report.content.choosing import at_a_glance, by_need
from ipcbench.report.content.codecs import codecs
from ipcbench.report.content.findings import cautions, nothing, opening
from ipcbench.report.content.memory import memory
from ipcbench.report.content.models import models
from ipcbench.report.content.outcomes import is_fine
from ipcbench.report.content.rows import environment, exact, mechanisms, pythons, tails, which_one
from ipcbench.report.content.setting import in_words
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import listing, slug
from ipcbench.report.drawing.inline import merge_all
from ipcbench.report.drawing.theme import DARK, LIGHT
from ipcbench.report.embed.snippets import snippet
from ipcbench.report.files.pictures import Picture
from ipcbench.report.page.outline import HEADINGS, under
from ipcbench.report.page.sort_keys import marked
from ipcbench.results.schema import LONGEST_TEXT
from ipcbench.results.store import folder_name
from ipcbench.shell import kept
from ipcbench.text import count, safe_text

CONTENTS = (
    ("findings", "Findings"),
    *((heading.id, heading.title) for heading in HEADINGS),
    ("absent", "Cases without a number"),
    ("reading", "How to read this"),
    ("everything", "All cases"),
    ("reproduce", "Reproduce this run"),
)
READING = (
    "Mechanisms carry different things: objects are pickled, bytes are not, and a number is 8 B of shared memory. "
    "Unless a table says otherwise the payload is bytes for all, so the cost of objects includes pickling.",
    "A mechanism that spins is fast because it keeps a CPU busy while nothing arrives. It is ranked separately "
    "from those that block. Controls and mechanisms inside one process are not ranked.",
    "Placement matters: spread gives each process a CPU of its own, so a blocking round trip includes waking that CPU; "
    "pack puts all processes on one CPU. Compare numbers of one placement only.",
    "Tasks do no work here, and the numbers hold for this machine. If a mechanism costs less than your own work "
    "per task, choose by other criteria.",
    "The tables name the operation of each pattern. A round trip is there and back, never halved; a message counts "
    "when the receiver has it. The operations of several workers are counted together.",
    "A number is the median over rounds. In each round every case ran once in fresh processes, next to the cases it is "
    "compared with.",
    "A range in brackets is a 95 % interval of that median: where the median of endless rounds would be if the machine "
    f"stayed the same. In simulations it held that median in {coverage(5)} of 100 runs with 5 rounds or more, in "
    f"{coverage(4)} with 4 rounds and in {coverage(3)} with 3. It does not predict another run: even if nothing "
    f"changes, it holds the median of a second run in only {COVERED_NEXT[0]} to {COVERED_NEXT[1]} of 100, and in fewer "
    "if the machine changes. To compare two runs, use ipcbench compare.",
    "A ratio such as 1.3× is how many times as long a case takes as the best, taken round by round: a disturbance of "
    "both cancels. It may therefore differ a little from the ratio of the two medians.",
    "≈ is a tie: less than 3 % apart, or no clear difference when all pairs of a comparison are judged together. Ties "
    "are results: choose among them by other criteria.",
    "An asterisk in a chart, and doubtful at the top, mark a number with a note, which the tables spell out: "
    "oversubscribed means more processes than CPUs, so the scheduler is measured too; loaded, stolen and throttled say "
    "what happened to the machine meanwhile. The number counts like any other.",
    "The verdict of the self-check is about two runs like this one: if nothing changes, 95 % of their cases differ by "
    "less than the noise floor, so smaller differences are noise. Inside one run, rounds are paired, and the interval "
    "of each ratio shows whether a difference is clear.",
    "CPU per operation adds up all processes of a case; it exceeds the time if several run at once.",
)


DOUBTFUL = "of them doubtful"
MOST_TRAPS = 4  # shown before the rest is folded away


@dataclass(frozen=True, slots=True)
class Folded:
    """A table below the charts of a heading, folded away under its name."""

    name: str
    table: Table
    open: bool = False


def page(study: Study, charts: Sequence[Picture]) -> str:
    """Return the whole page of a run."""
    first, folded_traps = study.warnings[:MOST_TRAPS], study.warnings[MOST_TRAPS:]
    return rendered(
        "report.html.j2",
        charts,
        f"reports/{_name(study)}",
        study=study,
        label=safe_text(study.record.label, 100),
        version=safe_text(study.record.ipcbench, 40),
        rounds=study.rounds,
        badge=badge(study),
        bad=[words for words, _ in study.badge if not is_fine(words)],
        doubtful=DOUBTFUL,
        command=safe_text(study.record.command, LONGEST_TEXT),
        results=f"results/{_name(study)}.json",
        again=kept("report", f"results/{_name(study)}.json"),
        digest=safe_text(study.record.digest, 64),
        contents=CONTENTS,
        headings=HEADINGS,
        under=under(charts),
        names=names(study),
        opening=opening(study),
        nothing=nothing(study.summary),
        cautions=cautions(study.summary),
        traps=first,
        remarks=[*folded_traps, *study.remarks],
        more_remarks=_more(len(folded_traps), len(study.remarks)),
        glance=at_a_glance(study),
        by_need=by_need(study),
        which_one=which_one(study),
        main_setting=in_words(study.setting),
        more=folded(study),
        absent=absent(study.summary),
        reading=READING,
        all_cases=exact(study.summary, "All cases of this run"),
        noted=exact(study.noted, "Doubtful cases: numbers with a note") if study.doubtful else None,
        mechanisms=mechanisms(study),
        environment=environment(study),
    )


def rendered(template: str, charts: Sequence[Picture], folder: str, /, **said: object) -> str:
    """Return a page made from a template: style, script, policy, inline charts and how to embed them from `folder`.

    The template escapes everything else that is passed to it.
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
        style=Markup(style),  # from the package alone, nothing from the results
        script=Markup(script),
        inline={chart.id: Markup(svg) for chart, svg in zip(drawn, inline, strict=True)},  # serialised XML
        embed={chart.id: _embed(chart, folder) for chart in drawn},
        **said,
    )


def policy(style: str, script: str) -> str:
    """Return a content-security policy that allows one style sheet and one script, by digest, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def badge(study: Study) -> list[tuple[str, int]]:
    """Return (outcome in words, number of cases), measured cases first, then how many of these have notes."""
    first, *others = study.badge
    return [first, *([(DOUBTFUL, study.doubtful)] if study.doubtful else []), *others]


def _more(traps: int, remarks: int) -> str:
    """Name what is folded away: '5 more traps and 3 remarks'."""
    parts = [count(traps, "more trap")] if traps else []
    return listing([*parts, count(remarks, "remark")] if remarks else parts)


def names(study: Study) -> list[str]:
    """Return the names of the mechanisms of a run, by family."""
    summary = study.summary
    return [name for _, name in sorted(set(zip(summary["family"], summary["mechanism"], strict=True)))]


def folded(study: Study) -> dict[str, list[Folded]]:
    """Return the folded tables of each heading, by its id."""
    found: dict[str, list[Folded]] = {heading.id: [] for heading in HEADINGS}
    single, versions = tails(study), pythons(study)
    if single:
        found["slow-messages"].append(Folded("Percentiles of single messages", single, open=True))
    if coded := codecs(study):
        found["other-costs"].append(Folded("Codecs", coded, open=True))
    if used := memory(study):
        found["other-costs"].append(Folded("Memory of all processes", used))
    if versions:
        found["other-costs"].append(Folded("Pythons compared", versions, open=True))
    found["diagnostics"] += [Folded(each.topic, each) for each in models(study)]
    return found


def _name(study: Study) -> str:
    return folder_name(Path(study.record.label or "results"))


def _embed(chart: Picture, folder: str) -> dict[str, str]:
    command = f"ipcbench embed {chart.id} --report {folder}"
    return {"snippet": snippet(chart.id, chart.entry, "github", folder), "command": command}
