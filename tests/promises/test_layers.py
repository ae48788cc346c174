"""The floors of docs/architecture.md: imports go down only, and a measured process stays light."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import EXTRA, PACKAGE_PARENT, environment, python

import ipcbench
from ipcbench.measure import patterns
from ipcbench.measure.api.payload import load_kind
from ipcbench.measure.registry import load_mechanism, mechanism_names, pattern_names
from ipcbench.model import PAYLOADS, START_METHODS, Case, Outcome, StartMethod, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

PACKAGE = Path(ipcbench.__file__).parent
HEAVY = {"pandas", "numpy", "scipy", "matplotlib", "click", "rich", "jinja2", "msgspec", "psutil"}
HEAVY_FOR_A_LIST = {"pandas", "numpy", "scipy", "matplotlib", "rich"}

# Floor of each module, the longest prefix counts. Groups on one floor do not see each other.
FLOORS = {
    "ipcbench": 0,  # the version
    "ipcbench.model": 0,
    "ipcbench.errors": 0,
    "ipcbench.units": 0,
    "ipcbench.measure.api": 1,
    "ipcbench.measure.process": 2,
    "ipcbench.measure.transports": 3,
    "ipcbench.measure.mechanisms": 4,
    "ipcbench.measure.patterns": 4,
    "ipcbench.measure.payloads": 4,
    "ipcbench.measure": 5,  # registry and plugins, which load mechanisms and patterns by name
    "ipcbench.measure.contract": 6,
    "ipcbench.measure.worker": 6,
    "ipcbench.results": 7,
    "ipcbench.plan": 7,
    "ipcbench.machine": 7,
    "ipcbench.analysis": 8,
    "ipcbench.run": 8,
    "ipcbench.report": 9,
    "ipcbench.testing": 9,
    "ipcbench.fleet": 9,
    "ipcbench.cli": 10,
    "ipcbench.notebook": 10,
    "ipcbench.sphinx": 10,
    "ipcbench.__main__": 11,
}
ONE_GROUP = {"ipcbench.model", "ipcbench.errors", "ipcbench.units", "ipcbench"}
ALLOWED_SIDEWAYS = {
    ("ipcbench.machine", "ipcbench.results.schema"),
    ("ipcbench", "ipcbench.notebook"),  # for type checkers only: it is loaded by name when somebody asks for it
}
FOLDERS = {"ipcbench.measure.mechanisms", "ipcbench.measure.patterns"}  # empty packages, whose paths the registry reads


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(name: str) -> Iterator[str]:
    """Every module that a module imports: at the top, inside a function, or only for type checkers."""
    for node in ast.walk(ast.parse(FILES[name].read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES else str(node.module)


def group(name: str) -> str:
    return max((prefix for prefix in FLOORS if f"{name}.".startswith(f"{prefix}.")), key=len)


OURS = sorted({(name, other) for name in FILES for other in imports(name) if other in FILES})


@pytest.mark.parametrize(("name", "other"), OURS, ids=lambda name: name.removeprefix("ipcbench."))
def test_imports_go_down_only(name: str, other: str) -> None:
    here, there = group(name), group(other)
    if here == there or {here, there} <= ONE_GROUP or other in FOLDERS:
        return
    if any((here, other) == pair for pair in ALLOWED_SIDEWAYS):
        return
    assert FLOORS[there] < FLOORS[here], f"{name} (floor {FLOORS[here]}) imports {other} (floor {FLOORS[there]})"


def test_nothing_imports_the_worker_but_what_is_forked_for_it() -> None:
    forking = {"ipcbench.run.containment.template", "ipcbench.run.containment.forked"}
    assert {name for name, other in OURS if other == "ipcbench.measure.worker"} == forking


def test_nothing_imports_a_mechanism_or_a_pattern_by_name() -> None:
    files = {f"{folder}.{path.stem}" for folder in FOLDERS for path in FILES[folder].parent.glob("[a-z]*.py")}
    assert not [(name, other) for name, other in OURS if other in files]


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("ipcbench.run", "ipcbench.fleet"))])
def test_what_runs_prints_nothing(name: str) -> None:
    assert not {other for other in imports(name) if other.startswith(("click", "rich", "ipcbench.cli"))}


def test_no_circles() -> None:
    edges = {name: {other for other in imports(name) if other in FILES and other != name} for name in FILES}
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in edges[name]:
                walk(other, [*path, name])
            done.add(name)

    for name in FILES:
        walk(name, [])


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("ipcbench.measure")])
def test_the_measured_side_imports_the_standard_library_and_pyperf_only(name: str) -> None:
    import sys

    outside = {other.partition(".")[0] for other in imports(name)} - sys.stdlib_module_names
    assert outside <= {"ipcbench", "pyperf", *LIBRARIES} | set(of_payload(name))


# Inside methods: tests/measure/mechanisms/test_third_party.py looks at what importing a file loads.
def of_payload(name: str) -> tuple[str, ...]:
    """Return the libraries of a kind of payload, which its functions import when they are called."""
    package, _, kind = name.rpartition(".")
    return load_kind(kind).requires if package == "ipcbench.measure.payloads" and kind in PAYLOADS else ()


LIBRARIES = {library.partition(".")[0] for name in mechanism_names() for library in load_mechanism(name).requires}

MEASURED = [
    "ipcbench.measure.worker",
    *(f"ipcbench.measure.mechanisms.{name.replace('-', '_')}" for name in mechanism_names()),
    *(f"ipcbench.measure.payloads.{name}" for name in PAYLOADS),
    *(f"ipcbench.measure.patterns.{name.replace('-', '_')}" for name in pattern_names()),
]


@pytest.mark.parametrize(
    "names", [MEASURED, *(pytest.param([name], marks=pytest.mark.full) for name in MEASURED)], ids=len
)
def test_measured_modules_load_nothing_heavy(names: Sequence[str], tmp_path: Path) -> None:
    done = python("-c", f"import {', '.join(names)}, sys; print(*sys.modules)", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert not HEAVY & set(done.out.split())


@pytest.mark.parametrize("method", START_METHODS)
@pytest.mark.parametrize("mechanism", ["queue", "manager-list"])
@pytest.mark.usefixtures("no_leaks")
def test_neither_driver_nor_peer_of_a_real_visit_has_loaded_anything_heavy(
    stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mechanism: str, method: StartMethod
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(EXTRA))
    monkeypatch.setenv("IPCBENCH_TEST_MODULES", str(tmp_path))
    monkeypatch.setattr(patterns, "__path__", [*patterns.__path__, str(EXTRA / "patterns")])  # the judge asks it too
    with closing(Visitor(Timing(values=1, warmups=0, min_time=0.001), stop)) as visitor:
        found = visitor.visit(Visit(Case("modules", mechanism, 64, start_method=method), 1, 0, 3))
    assert isinstance(found, Outcome), found
    for who in ("driver", "peer"):
        loaded = set((tmp_path / who).read_text().split("\n"))
        assert "ipcbench.measure.api.pattern" in loaded
        assert not {name.partition(".")[0] for name in loaded} & HEAVY
    if method != "fork":
        peer = set((tmp_path / "peer").read_text().split("\n"))
        assert "pyperf" not in peer, "a spawned peer pays 0.1 s for what only the driver needs"


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "--json"],
        ["--help"],
        *([name, "--help"] for name in ("run", "report", "compare", "advise", "which")),
    ],
)
def test_a_list_or_help_loads_no_numbers_and_no_charts(words: list[str], tmp_path: Path) -> None:
    code = (
        "import sys, json, pathlib\n"
        f"sys.argv = ['ipcbench', *{words!r}]\n"
        "from ipcbench.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    pathlib.Path('modules.json').write_text(json.dumps(list(sys.modules)))"
    )
    done = python("-c", code, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    loaded: list[Any] = json.loads((tmp_path / "modules.json").read_text())
    assert not {str(name).partition(".")[0] for name in loaded} & HEAVY_FOR_A_LIST


def test_these_tests_look_at_the_package_that_is_under_test() -> None:
    assert environment()["PYTHONPATH"] == PACKAGE_PARENT
    assert str(PACKAGE).startswith(PACKAGE_PARENT)
