"""Mechanisms of other packages: found without being imported, measured in visits, and skipped if they are broken."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from commands import PACKAGE_PARENT, environment, python, run
from plugin_packages import BAD, forget_plugins, install, module_of, source

from ipcbench.machine.facts import capabilities
from ipcbench.machine.identity import differences, identity
from ipcbench.machine.pythons import interpreters
from ipcbench.measure import plugins
from ipcbench.measure.plugins import NAME, find_plugins
from ipcbench.measure.registry import mechanism_names
from ipcbench.model import Budget, Timing
from ipcbench.plan import catalog
from ipcbench.plan.planner import Request, make_plan
from ipcbench.results.store import load

QUICK = ("--fast", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1", "--quiet")
TOLD = "import os; open(os.environ['TOLD'], 'a').write(f'{os.getpid()}\\n')"  # who has imported it

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder to install into."""
    return tmp_path / "site"


def having(site: Path, **more: str) -> dict[str, str]:
    """The environment of a command whose Python has what is in this folder."""
    return environment(PYTHONPATH=os.pathsep.join((PACKAGE_PARENT, str(site))), **more)


def importers(told: Path) -> set[int]:
    return set(map(int, told.read_text().split())) if told.exists() else set()


def test_a_list_names_plug_ins_with_their_package_and_runs_none(site: Path, tmp_path: Path) -> None:
    install(site, "two-plugs", "0.3", {"plug-a": source("plug-a", TOLD), "plug-b": source("plug-b", TOLD)})
    env = having(site, TOLD=str(tmp_path / "told"))
    done = run("list", cwd=tmp_path, env=env)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^  plug-a  a mechanism of the package two-plugs 0\.3;", done.out, re.MULTILINE)
    facts = json.loads(run("list", "--json", cwd=tmp_path, env=env).out)
    assert facts["plugins"] == [
        {"name": name, "distribution": "two-plugs", "version": "0.3"} for name in ("plug-a", "plug-b")
    ]
    assert not importers(tmp_path / "told")


def test_without_plug_ins_a_list_has_no_word_of_them(tmp_path: Path) -> None:
    assert "PLUG-INS" not in run("list", cwd=tmp_path).out


def test_a_fact_of_several_words_may_have_hyphens_as_advise_writes_it(site: Path, tmp_path: Path) -> None:
    text = source("plug-a").replace('dead_peer="end of file"', 'dead_peer="end-of-file", ordering="per-sender"')
    assert "end-of-file" in text
    install(site, "a-plug", "1.0", {"plug-a": text})
    done = run("list", "plug-a", cwd=tmp_path, env=having(site, COLUMNS="80"))
    assert (done.code, done.err) == (0, "")
    spaced = text.replace("end-of-file", "end of file").replace("per-sender", "per sender")
    install(tmp_path / "other", "a-plug", "1.0", {"plug-a": spaced})
    assert done.out == run("list", "plug-a", cwd=tmp_path, env=having(tmp_path / "other", COLUMNS="80")).out


def test_one_plug_in_says_what_it_is(site: Path, tmp_path: Path) -> None:
    install(site, "a-plug", "1.0", {"plug-a": source("plug-a", TOLD)})
    done = run("list", "plug-a", cwd=tmp_path, env=having(site, TOLD=str(tmp_path / "told"), COLUMNS="80"))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("plug-a: a pipe of plug-a\n\nA pipe under another name.\n")
    assert "\nplug-in of    a-plug 1.0\n" in done.out
    assert importers(tmp_path / "told")


def test_a_plug_in_is_measured_beside_others_and_its_facts_are_in_the_file(site: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    install(site, "a-plug", "1.0", {"plug-a": source("plug-a", TOLD)})
    env = having(site, TOLD=str(told))
    words = ("run", "--mechanism", "plug-a,pipe-bytes", *QUICK, "--label", "a")
    done = run(*words, cwd=tmp_path, env=env)
    assert done.code in (0, 7), done.err
    record = load(tmp_path / "results" / "a.json").ipcbench
    assert [(case.id, case.verdict) for case in record.cases] == [
        ("ping-pong/plug-a/64B/1w", "ok"),
        ("ping-pong/pipe-bytes/64B/1w", "ok"),
    ]
    facts = {found.name: found for found in record.mechanisms}
    assert (facts["plug-a"].package, facts["plug-a"].title) == ("a-plug 1.0", "a pipe of plug-a")
    assert facts["pipe-bytes"].package == ""
    before = importers(told)
    assert run("report", "results/a.json", cwd=tmp_path, env=env).code == 0
    assert importers(told) == before, "a report imports a plug-in"
    assert run("report", "results/a.json", cwd=tmp_path).code == 0, "a report needs the plug-in"


@pytest.mark.full
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_plug_in_is_measured_under_other_start_methods(site: Path, tmp_path: Path, method: str) -> None:
    install(site, "a-plug", "1.0", {"plug-a": source("plug-a")})
    words = ("run", "--mechanism", "plug-a", *QUICK, "--start-method", method, "--label", "a")
    done = run(*words, cwd=tmp_path, env=having(site))
    assert done.code in (0, 7), done.err
    assert "1 measured" in done.out


@pytest.mark.slow
def test_bad_plug_ins_of_every_kind_are_skipped_with_the_reason_and_the_others_go_on(
    site: Path, tmp_path: Path
) -> None:
    install(site, "bad-plug", "6.6", {name: text for name, (_, text) in BAD.items()})
    install(
        site, "a-plug", "1.0", {"plug-a": source("plug-a", "print('loud'); import sys; print('!', file=sys.stderr)")}
    )
    words = ("run", "--mechanism", ",".join([*BAD, "plug-a", "pipe-bytes"]), *QUICK, "--label", "a")
    done = run(*words, cwd=tmp_path, env=having(site), timeout=110)
    assert done.code in (0, 7), done.err
    assert "Traceback" not in done.err
    assert "loud" not in done.out + done.err
    record = load(tmp_path / "results" / "a.json").ipcbench
    assert {case.id: case.verdict for case in record.cases} == {
        "ping-pong/plug-a/64B/1w": "ok",
        "ping-pong/pipe-bytes/64B/1w": "ok",
    }
    reasons = {skip.id.split("/")[1]: skip.reason for skip in record.skips}
    assert all(len(reason.splitlines()) == 1 and len(reason) < 600 for reason in reasons.values())
    assert reasons.keys() == BAD.keys()
    assert not {name: reasons[name] for name, (expected, _) in BAD.items() if expected not in reasons[name]}
    assert all(reason in done.out for reason in reasons.values())


def test_a_label_that_another_mechanism_has_is_refused_in_one_line(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {name: source(name) for name in ("label-a", "label-b", "label-c")}
    texts["label-a"] = texts["label-a"].replace('short="label-a"', 'short="Pipe"')
    texts["label-c"] = texts["label-c"].replace('short="label-c"', 'short="label-b"')
    install(site, "labels", "1.0", texts)
    monkeypatch.syspath_prepend(site)
    forget_plugins()
    try:
        reasons = [catalog.missing(name) for name in texts]
    finally:
        forget_plugins()
    refused = "plug-in {} of labels 1.0: short is {!r}, as in {}: expected a label that no other mechanism has"
    assert reasons == [refused.format("label-a", "Pipe", "pipe"), None, refused.format("label-c", "label-b", "label-b")]


def test_a_plug_in_that_alters_what_it_carries_is_unverified_and_the_others_go_on(site: Path, tmp_path: Path) -> None:
    lossy = source("lossy", send="lambda payload: self.end.send_bytes(payload[:-1] + b'!')")
    install(site, "bad-plug", "6.6", {"lossy": lossy})
    words = ("run", "--mechanism", "lossy,pipe-bytes", *QUICK, "--label", "a")
    done = run(*words, cwd=tmp_path, env=having(site))
    assert done.code == 5, done.err
    verdicts = {case.id: case.verdict for case in load(tmp_path / "results" / "a.json").ipcbench.cases}
    assert verdicts == {"ping-pong/lossy/64B/1w": "unverified", "ping-pong/pipe-bytes/64B/1w": "ok"}


def test_a_plug_in_that_another_python_has_not_is_skipped_under_it(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "a-plug", "1.0", {"plug-a": source("plug-a")})
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    other = tmp_path / "other-python"
    other.write_text(f'#!/bin/sh\nPYTHONPATH={PACKAGE_PARENT} exec {sys.executable} "$@"\n')
    other.chmod(0o700)
    (here,) = interpreters([sys.executable])
    (lacking,) = interpreters([str(other)])
    lacking = lacking._replace(tag="py3.99.0")
    request = Request(mechanisms=("plug-a",), patterns=("ping-pong",), sizes=(64,), pythons=(here, lacking))
    forget_plugins()
    try:
        plan = make_plan(request, capabilities(), 1, Budget(rounds=1), Timing())
    finally:
        forget_plugins()
    assert [case.python for case in plan.cases] == [here.tag]
    assert [(skip.case.python, skip.reason) for skip in plan.skips] == [
        ("py3.99.0", "plug-a: its package is not installed in py3.99.0")
    ]


def test_a_bad_plug_in_alone_is_one_line_and_code_8(site: Path, tmp_path: Path) -> None:
    install(site, "bad-plug", "6.6", {"raises": BAD["raises"][1]})
    done = run("run", "--mechanism", "raises", *QUICK, cwd=tmp_path, env=having(site))
    assert done.code == 8
    assert len(done.errors) == 1
    reason = "plug-in raises of bad-plug 6.6 cannot be imported: RuntimeError: no driver"
    assert reason in done.err
    told = run("list", "raises", cwd=tmp_path, env=having(site, COLUMNS="200"))
    assert told.code == 0
    assert [" ".join(line.split()) for line in told.out.splitlines()[2:]] == [
        "plug-in of bad-plug 6.6",
        f"here cannot run: {reason}",
    ]


def test_two_packages_with_one_name_are_an_error_that_names_both(site: Path, tmp_path: Path) -> None:
    install(site, "b-plug", "2.0", {"plug-a": source("plug-a")})
    install(site, "a-plug", "1.0", {"plug-a": source("plug-a")})
    for words in (["list", "plug-a"], ["run", "--mechanism", "plug-a"], ["conformance", "plug-a"]):
        done = run(*words, cwd=tmp_path, env=having(site))
        assert done.code == 2
        assert done.errors == [
            "ipcbench: plug-in 'plug-a' is the name of a mechanism in a-plug 1.0 and b-plug 2.0: uninstall all but one"
        ]
    listed = run("list", cwd=tmp_path, env=having(site)).out
    assert "cannot be used: 'plug-a' is the name of a mechanism in a-plug 1.0 and b-plug 2.0" in " ".join(
        listed.split()
    )


def test_a_built_in_name_stays_with_the_built_in(site: Path, tmp_path: Path) -> None:
    install(site, "a-plug", "1.0", {"pipe": source("pipe", TOLD)})
    env = having(site, TOLD=str(tmp_path / "told"))
    assert run("list", "pipe", cwd=tmp_path, env=env).out.startswith("pipe: multiprocessing.Pipe")
    assert "'pipe' of a-plug 1.0 is the name of a mechanism that ipcbench has itself" in " ".join(
        run("list", cwd=tmp_path, env=env).out.split()
    )
    assert not importers(tmp_path / "told")


@pytest.mark.parametrize("name", ["Plug", "plug_a", "-plug", "plug-", "a--b", "a/b", "x" * 33, "fault:lose", "plüg"])
def test_a_name_that_is_none_is_refused_in_words(site: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    install(site, "a-plug", "1.0", {name: "", "plug-a": ""})
    monkeypatch.syspath_prepend(site)
    found = find_plugins(mechanism_names())
    assert list(found.usable) == ["plug-a"]
    assert list(found.refused) == [name]
    assert "of a-plug 1.0 is no name for a mechanism: expected" in found.refused[name]


def test_names_of_all_built_in_mechanisms_would_do_for_plug_ins() -> None:
    assert all(NAME.fullmatch(name) for name in mechanism_names())
    assert NAME.fullmatch("x" * plugins.LONGEST_NAME)


def test_an_unknown_name_is_told_the_nearest_plug_in(site: Path, tmp_path: Path) -> None:
    install(site, "a-plug", "1.0", {"plug-a": source("plug-a")})
    done = run("list", "plug-b", cwd=tmp_path, env=having(site))
    assert done.code == 2
    assert "did you mean 'plug-a'?" in done.err


def test_the_time_for_a_list_is_not_spent_on_plug_ins_modules(site: Path, tmp_path: Path) -> None:
    install(site, "a-plug", "1.0", {"plug-a": source("plug-a")})
    code = "import sys; from ipcbench.cli import main\ntry:\n    main(['list'])\nfinally:\n    print(*sys.modules)"
    done = python("-c", code, cwd=tmp_path, env=having(site))
    assert module_of("plug-a") not in done.out.split()
    assert "plug-a" in done.out.split()


def test_a_run_is_not_the_same_software_with_another_version_of_a_plug_in() -> None:
    before, now = identity("salt", ["a-plug 1.0"]), identity("salt", ["a-plug 1.1"])
    (said,) = differences(before, now)
    assert "a-plug 1.0 (here ipcbench" in said
    assert said.endswith("a-plug 1.1)")
    many = identity("salt", [f"plug-{i} 1.0" for i in range(50)]), identity("salt", ["plüg 1.0"])
    assert all(len(found.software) < 100 and found.software.isascii() for found in many)
    assert not differences(before, identity("salt", ["a-plug 1.0"]))
