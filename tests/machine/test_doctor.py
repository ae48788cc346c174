"""doctor says what about a machine decides numbers: of made-up machines, of this one, and of hostile ones."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import Finished, can_unshare, run, with_mount
from crashes import JOURNAL, RESULTS, WORDS, instant
from hostile import STRINGS
from synthetic import make_result

from ipcbench.cli import doctor as cli
from ipcbench.machine import doctor
from ipcbench.machine.doctor import conditions, examine
from ipcbench.machine.facts import why_asleep
from ipcbench.machine.finding import Finding, cpu_list, listed
from ipcbench.machine.interpreter import interpreter
from ipcbench.machine.switches import Switches
from ipcbench.machine.waking import Waking, waking
from ipcbench.measure.process.placement import parse_cpu_list
from ipcbench.model import Capabilities
from ipcbench.plan import catalog
from ipcbench.report.content.rows import environment
from ipcbench.report.content.study import study
from ipcbench.report.page import html
from ipcbench.report.page.summary import summary as summary_md
from ipcbench.results import store
from ipcbench.results.schema import NORMAL, UNKNOWN, Condition, VisitRecord
from ipcbench.run.journal.records import Planned, read_bytes
from ipcbench.text import ONE_LINE

pytestmark = pytest.mark.usefixtures("no_leaks")

CPU = "sys/devices/system/cpu"
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max processes             31337                31337                processes
Max open files            4096                 524288               files
Max locked memory         8388608              8388608              bytes
"""
GOOD = {
    "proc/self/status": "Name:\tpython\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
    "proc/self/cgroup": "0::/user.slice/user-1000.slice/session-2.scope\n",
    "proc/self/limits": LIMITS,
    "proc/stat": "cpu  1000 0 500 90000 10 0 5 0 0 0\n" + "".join(f"cpu{n} 1 0 1 1 1 0 0 0 0 0\n" for n in range(8)),
    "proc/loadavg": "0.10 0.20 0.30 1/300 4000\n",
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Example CPU\nflags\t\t: fpu sse2 avx2\n",
    "proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\nSwapTotal: 1000 kB\nSwapFree: 1000 kB\n",
    "proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "proc/sys/kernel/randomize_va_space": "2\n",
    "proc/sys/kernel/osrelease": "6.8.0-41-generic\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/class/dmi/id/sys_vendor": "Example Works\n",
    "sys/class/power_supply/AC/type": "Mains\n",
    "sys/class/power_supply/AC/online": "1\n",
    f"{CPU}/online": "0-7\n",
    f"{CPU}/isolated": "\n",
    f"{CPU}/smt/active": "0\n",
    f"{CPU}/intel_pstate/no_turbo": "1\n",
    f"{CPU}/cpuidle/current_driver": "intel_idle\n",
    f"{CPU}/cpuidle/current_governor": "menu\n",
    **{f"{CPU}/cpu{n}/cpufreq/scaling_governor": "performance\n" for n in range(8)},
    **{f"{CPU}/cpu{n}/cpufreq/scaling_driver": "intel_pstate\n" for n in range(8)},
    "dev/shm/.keep": "",
}
LAPTOP = {
    **{f"{CPU}/cpu{n}/cpufreq/scaling_governor": "powersave\n" for n in range(8)},
    f"{CPU}/intel_pstate/no_turbo": "0\n",
    f"{CPU}/smt/active": "1\n",
    "sys/class/power_supply/AC/online": "0\n",
    "sys/class/power_supply/BAT0/type": "Battery\n",
    "sys/class/power_supply/BAT0/status": "Discharging\n",
}
CONTAINER = {
    "proc/self/status": "Cpus_allowed_list:\t2-5\n",
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/cpu.max": "150000 100000\n",
    ".dockerenv": "",
}
OLD_CONTAINER = {
    "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
}
VIRTUAL = {
    "proc/stat": "cpu  1000 0 500 90000 10 0 5 5000 0 0\n",
    "proc/cpuinfo": "flags\t\t: fpu sse2 hypervisor avx2\n",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n",
    f"{CPU}/cpuidle/current_driver": "haltpoll\n",
    "sys/module/haltpoll/parameters/guest_halt_poll_ns": "200000\n",
}


def machine(root: Path, *files: Mapping[str, str]) -> Path:
    """Write down a machine as the kernel would show it; later files take the place of earlier ones."""
    for path, text in {path: text for group in files for path, text in group.items()}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode("utf-8", "surrogatepass"))
    return root


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Says how large /dev/shm is; unasked it is large."""

    def size(total: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=total, free=total))

    size(2**33)
    return size


@pytest.fixture(autouse=True)
def well_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Python runs the tests, it is not what the made-up machines are about."""
    monkeypatch.setattr(doctor, "interpreter", lambda: iter(()))


def quiet(_cpus: object) -> float:
    return 0.01


def by_level(found: list[Finding]) -> dict[str, dict[str, str]]:
    return {
        level: {one.name: one.value for one in found if one.level == level} for level in ("warning", "note", "good")
    }


@pytest.mark.usefixtures("shared")
def test_a_machine_in_good_order_has_no_warning(tmp_path: Path) -> None:
    found = by_level(examine(machine(tmp_path, GOOD), quiet))
    assert found["warning"] == {}
    assert found["note"] == {"idle CPUs": "driver intel_idle, governor menu"}
    assert found["good"]["CPU governor"] == "performance (intel_pstate)"
    assert found["good"]["CPU quota"] == "none"
    assert found["good"]["steal"].startswith("0.0%")
    assert UNKNOWN not in {value for level in found.values() for value in level.values()}


@pytest.mark.usefixtures("shared")
def test_a_laptop_on_battery_is_warned_of_first(tmp_path: Path) -> None:
    everything = examine(machine(tmp_path, GOOD, LAPTOP), quiet)
    found = by_level(everything)
    assert found["warning"] == {"CPU governor": "powersave (intel_pstate)", "power": "battery"}
    assert {"turbo", "SMT"} <= set(found["note"])
    assert [one.level for one in everything] == sorted((one.level for one in everything), key=doctor.WORST_FIRST.index)
    plugged = machine(tmp_path, {"sys/class/power_supply/BAT0/status": "Full\n"})
    assert by_level(examine(plugged, quiet))["good"]["power"] == "mains"


def test_a_container_with_a_quota_and_little_shared_memory(tmp_path: Path, shared: Callable[[int], None]) -> None:
    shared(64 * 2**20)
    found = by_level(examine(machine(tmp_path, GOOD, CONTAINER), quiet))
    assert found["warning"] == {"CPU quota": "1.5 CPUs of 4", "/dev/shm": "64 MiB free of 64 MiB"}
    assert (found["note"]["container"], found["note"]["CPU set"]) == ("docker", "2-5 of 0-7")


@pytest.mark.usefixtures("shared")
def test_a_quota_is_found_in_either_kind_of_control_group_and_above_ones_own(tmp_path: Path) -> None:
    old = by_level(examine(machine(tmp_path / "old", GOOD, OLD_CONTAINER), quiet))
    assert (old["warning"]["CPU quota"], old["note"]["container"]) == ("0.5 CPUs of 8", "docker")
    above = {"sys/fs/cgroup/user.slice/cpu.max": "1600000 100000\n"}
    assert by_level(examine(machine(tmp_path / "new", GOOD, above), quiet))["note"]["CPU quota"] == "16 CPUs of 8"


@pytest.mark.usefixtures("shared")
def test_a_virtual_machine_with_stolen_time_and_a_slow_clock(tmp_path: Path) -> None:
    found = by_level(examine(machine(tmp_path, GOOD, VIRTUAL), quiet))
    assert set(found["warning"]) == {"steal", "clock"}
    assert found["warning"]["steal"] == "5.2% of CPU time since it started"
    assert found["warning"]["clock"].startswith("hpet, steps of ")
    assert found["note"]["hypervisor"] == "QEMU"
    assert found["note"]["idle CPUs"] == "driver haltpoll, governor menu, halt polling up to 200 µs"


ONE_THING = {
    "one CPU": ({"proc/self/status": "Cpus_allowed_list:\t3\n"}, "usable CPUs", "warning"),
    "little memory": ({"proc/meminfo": "MemTotal: 16000 kB\nMemAvailable: 100 kB\n"}, "memory", "warning"),
    "pressure": ({"proc/pressure/memory": "some avg10=12.50 avg60=1.00"}, "memory", "warning"),
    "swap": (
        {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 8 kB\nSwapTotal: 9 kB\nSwapFree: 1 kB\n"},
        "memory",
        "note",
    ),
    "huge pages": ({"sys/kernel/mm/transparent_hugepage/enabled": "[always] never"}, "huge pages", "note"),
    "layout": ({"proc/sys/kernel/randomize_va_space": "0"}, "address layout", "note"),
    "few files": ({"proc/self/limits": LIMITS.replace("4096 ", "64   ")}, "open files", "warning"),
    "isolated": ({f"{CPU}/isolated": "6-7\n"}, "isolated CPUs", "note"),
    "schedutil": ({f"{CPU}/cpu3/cpufreq/scaling_governor": "schedutil\n"}, "CPU governor", "note"),
    "boost": ({f"{CPU}/intel_pstate/no_turbo": "", f"{CPU}/cpufreq/boost": "1\n"}, "turbo", "note"),
    "WSL": ({"proc/sys/kernel/osrelease": "5.15.1-microsoft-standard-WSL2\n"}, "hypervisor", "note"),
    "load": ({"proc/loadavg": "7.50 1.00 1.00 9/300 4000\n"}, "load average", "note"),
}


@pytest.mark.parametrize("kind", ONE_THING)
@pytest.mark.usefixtures("shared")
def test_one_thing_out_of_order_is_one_finding_more(tmp_path: Path, kind: str) -> None:
    files, name, level = ONE_THING[kind]
    before = {one.name: one for one in examine(machine(tmp_path, GOOD), quiet)}
    after = {one.name: one for one in examine(machine(tmp_path, files), quiet)}
    assert after[name].level == level
    assert before[name].level == "good"
    assert after[name].effect
    changed = {one for one in after if after[one].level != before[one].level} - {"CPU set"}
    assert changed == {name}


@pytest.mark.parametrize(("busy", "level"), [(0.0, "good"), (0.5, "note"), (1.9, "warning"), (None, "note")])
@pytest.mark.usefixtures("shared")
def test_what_others_use_is_told(tmp_path: Path, busy: float | None, level: str) -> None:
    found = {one.name: one for one in examine(machine(tmp_path, GOOD), lambda _: busy)}
    assert found["other work"].level == level


def test_what_cannot_be_read_is_unknown_and_never_an_error(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "missing"):
        found = examine(root, lambda _: None)
        unread = {one.name for one in found if one.value == UNKNOWN}
        assert len(unread) >= 15
        assert all(one.level == "note" for one in found if one.value == UNKNOWN)
    complete = {one.name for one in examine(machine(tmp_path, GOOD), quiet)}
    assert complete == {one.name for one in found}


@pytest.mark.usefixtures("shared")
def test_hostile_files_are_cleaned_and_tell_no_path(tmp_path: Path) -> None:
    governor = f"{CPU}/cpu0/cpufreq/scaling_governor"
    for place, text in enumerate(STRINGS):
        files = {path: text for path in GOOD if not path.startswith("dev/")}
        root = machine(tmp_path / str(place), GOOD, files if place % 2 else {governor: text})
        for one in examine(root, quiet):
            assert re.match(ONE_LINE, one.value), (text, one)
            assert len(one.value) <= 80
            assert "/" not in one.value.replace("0-7", ""), one
            assert str(tmp_path) not in repr(one)
        shutil.rmtree(root)
    escaped = machine(tmp_path / "last", GOOD, {governor: "\x1b[31mpowersave\x1b[0m\n"})
    (value,) = [one.value for one in examine(escaped, quiet) if one.name == "CPU governor"]
    assert "\x1b" not in value


def test_lists_of_cpus_are_read_and_written_as_the_kernel_does() -> None:
    for text in ("0", "0-3", "0-3,8", "1,3,5-6"):
        assert listed(parse_cpu_list(text)) == text
        assert cpu_list(text) == parse_cpu_list(text)
    assert cpu_list("") is cpu_list("0-") is cpu_list("a") is cpu_list("0-99999999") is None


PLAIN = {"CFLAGS": "-g -O3 -Wall", "CONFIG_ARGS": "'--enable-optimizations'"}
BUILDS = [
    (PLAIN, "good", "-O3, profile-guided"),
    (PLAIN | {"CONFIG_ARGS": ""}, "note", "-O3, not profile-guided"),
    (PLAIN | {"CFLAGS": "-g -O3 -O0"}, "warning", "not optimised"),
    (PLAIN | {"CFLAGS": "-g"}, "warning", "not optimised"),
    (PLAIN | {"CFLAGS": "-Og"}, "warning", "not optimised"),
    (PLAIN | {"Py_DEBUG": 1}, "warning", "debug build"),
    ({}, "note", UNKNOWN),
]


@pytest.mark.parametrize(("build", "level", "value"), BUILDS)
def test_how_python_was_built(build: dict[str, object], level: str, value: str) -> None:
    found = {one.name: one for one in interpreter(build, lambda: ())}
    assert (found["Python build"].level, found["Python build"].value) == (level, value)
    assert (found["free threading"].level, found["Python mode"].level) == ("good", "good")


def test_free_threading_is_noted() -> None:
    found = {one.name: one.level for one in interpreter(PLAIN | {"Py_GIL_DISABLED": 1}, lambda: ())}
    assert found["free threading"] == "note"


MODES: list[tuple[Switches | None, str, str]] = [
    ((), "good", NORMAL),
    ((("-OO", False),), "note", "-OO"),
    ((("-OO", False), ("dev mode", True)), "warning", "-OO, dev mode"),
    (None, "note", UNKNOWN),
]


@pytest.mark.parametrize(("switched", "level", "value"), MODES)
def test_what_slows_python_is_warned_of_and_what_changes_it_is_noted(
    switched: Switches | None, level: str, value: str
) -> None:
    found = {one.name: one for one in interpreter(PLAIN, lambda: switched)}
    assert (found["Python mode"].level, found["Python mode"].value) == (level, value)


def test_this_machine_is_examined_without_names_of_host_user_or_paths() -> None:
    found = examine()
    assert len(found) > 15
    told = json.dumps([one.value for one in found])
    assert os.uname().nodename not in told.split()
    assert str(Path.home()) not in told


def one_begins(line: str) -> bool:
    """Whether a line of the table, below its head, is the first of a finding."""
    return not line.startswith((" ", "─", "what", "numbers"))


@pytest.mark.parametrize("width", [20, 80, 120, 400])
@pytest.mark.usefixtures("shared")
def test_the_table_keeps_to_its_width_and_says_everything(tmp_path: Path, width: int) -> None:
    found = examine(machine(tmp_path, GOOD, LAPTOP), quiet)
    lines = cli.table(found, width, colour=False).splitlines()
    assert max(map(len, lines)) <= max(cli.NARROWEST, min(width, cli.WIDEST))
    text = " ".join(" ".join(lines).split())
    assert all(one.name in text for one in found)
    assert next(line for line in lines[1:] if one_begins(line)).startswith("! ")
    assert "\x1b" not in text
    assert "\x1b[" in cli.table(found, width, colour=True)


def finding(name: str, level: str) -> Finding:
    return Finding(name, "so", level, "It matters.", "Change it.")  # type: ignore[arg-type]


def test_the_last_line_counts_and_says_what_it_comes_to() -> None:
    one, note = finding("a", "warning"), finding("b", "note")
    assert (
        cli.last_line([one, note, note], None)
        == "1 warning, 2 notes: results vary more than they need to; follow the remedies of the warnings"
    )
    assert cli.last_line([note], None).startswith("0 warnings, 1 note: results hold")
    assert cli.last_line([], None).startswith("0 warnings, 0 notes: results are as stable")
    assert cli.last_line([one], "no semaphores").endswith("nothing can be measured: no semaphores")


def test_at_most_two_lines_are_told_before_a_run() -> None:
    assert cli.warning_lines([finding("a", "note"), finding("b", "good")]) == []
    assert cli.warning_lines([finding("a", "warning")]) == ["warning: a: so. It matters."]
    assert len(cli.warning_lines([finding(name, "warning") for name in "ab"])) == 2
    many = cli.warning_lines([finding(name, "warning") for name in "abcdef"])
    assert len(many) == 2
    assert all(f"{name}: so" in " ".join(many) for name in "abcdef")


def test_the_command_prints_a_table_or_the_same_as_json(within: Callable[..., Finished]) -> None:
    done = within("doctor")
    assert (done.code, done.err) == (0, "")
    *_, price, last = done.out.splitlines()
    assert re.fullmatch(r"\d+ warnings?, \d+ notes?: results .*", last)
    assert re.match("Waking a sleeping CPU adds .+ to a round trip over a pipe |The price of waking a CPU was ", price)
    told = json.loads(within("doctor", "--format", "json").out)
    assert {"name", "value", "level", "effect", "advice"} == set(told["findings"][0])
    assert told["warnings"] == sum(one["level"] == "warning" for one in told["findings"])
    assert told["waking"] is None or min(told["waking"].values()) > 0
    assert told["notes"] == sum(one["level"] == "note" for one in told["findings"])


def test_the_price_of_waking_is_a_sentence_with_both_times() -> None:
    assert Waking(94e-6, 60e-6).sentence == (
        "Waking a sleeping CPU adds 34.0 µs to a round trip over a pipe (94.0 µs against 60.0 µs with CPUs kept awake, "
        "1.57×)."
    )
    assert Waking(60e-6, 60e-6).sentence.startswith("Waking a sleeping CPU adds nothing to a round trip over a pipe")


def test_where_cpus_cannot_be_kept_awake_one_line_says_why() -> None:
    assert waking(offer(None)._replace(asleep="a quota")) == "The price of waking a CPU was not measured: a quota."
    assert "it needs two cores, and this process may use 1" in str(waking(offer(None)._replace(cores=1)))


def test_a_cpu_quota_refuses_awake_cpus(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup/mine"
    group.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/mine\n")
    (group / "cpu.max").write_text("150000 100000\n")
    assert "a CPU quota: busy loops would use up its 1.5 CPUs" in str(why_asleep(tmp_path))


def test_a_scheduling_policy_that_is_refused_refuses_awake_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert "SCHED_IDLE, which this system refuses" in str(why_asleep())
    monkeypatch.delattr(os, "sched_setscheduler")
    assert "SCHED_IDLE, which this system refuses" in str(why_asleep())


def offer(semaphores: str | None) -> Capabilities:
    return Capabilities(2, 2**33, 2**33, semaphores, ("fork",))


def test_code_8_is_for_where_no_mechanism_can_be_measured(
    within: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.why_nothing(offer(None)) is None
    assert cli.why_nothing(offer("no semaphores")) is None, "a pipe needs none"
    monkeypatch.setattr(catalog, "mechanisms", lambda: [catalog.mechanism("queue"), catalog.mechanism("value")])
    monkeypatch.setattr("ipcbench.machine.facts.capabilities", lambda: offer("no semaphores"))
    done = within("doctor")
    assert done.code == 8
    assert done.out.splitlines()[-1].endswith("nothing can be measured: no semaphores")


@pytest.mark.skipif(not can_unshare(), reason="needs root and 'unshare -m' for a mount of its own")
def test_shared_memory_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    done = run("doctor", "--format", "json", cwd=tmp_path, before=with_mount("ro", "/dev/shm"))
    found = {one["name"]: one["level"] for one in json.loads(done.out)["findings"]}
    assert (done.code, found["semaphores"]) == (0, "warning")
    done = run("doctor", "--format", "json", cwd=tmp_path, before=with_mount("size=32m", "/dev/shm"))
    found = {one["name"]: one["level"] for one in json.loads(done.out)["findings"]}
    assert found["/dev/shm"] == "warning"


WARNED = "warning: power: battery. The clock is kept low."
BATTERY, MAINS = Condition("power", "battery", "warning"), Condition("power", "mains", "good")
SMT = Condition("SMT", "off", "good")


def test_a_run_tells_its_warnings_first_and_keeps_all_conditions(tmp_path: Path) -> None:
    done = instant(*WORDS, "--label", "mine", cwd=tmp_path)
    assert (done.code, done.errors[0]) == (0, WARNED)
    assert store.load(tmp_path / RESULTS).ipcbench.conditions == [BATTERY, SMT]
    silent = instant(*WORDS, "--label", "other", "--quiet", cwd=tmp_path)
    assert (silent.code, silent.err) == (0, "")
    good = instant(*WORDS, "--label", "third", cwd=tmp_path, IPCBENCH_TEST_POWER="mains")
    assert "warning" not in good.err


def test_a_run_that_is_continued_keeps_its_conditions_and_adds_what_has_changed(tmp_path: Path) -> None:
    faults = json.dumps({"queue 2 1": "escaped"})
    assert instant(*WORDS, "--label", "mine", cwd=tmp_path, IPCBENCH_TEST_FAULTS=faults).code == 6
    first = read_bytes((tmp_path / JOURNAL).read_bytes())[0]
    assert isinstance(first, Planned)
    assert first.conditions == (BATTERY, SMT)
    again = instant("run", "--resume", "mine", cwd=tmp_path, IPCBENCH_TEST_FAULTS="{}", IPCBENCH_TEST_POWER="mains")
    assert (again.code, WARNED in again.err) == (0, False)
    assert store.load(tmp_path / RESULTS).ipcbench.conditions == [BATTERY, SMT, MAINS]


def test_findings_become_conditions_that_a_file_can_hold(tmp_path: Path) -> None:
    found = examine(tmp_path, lambda _: None)
    result = make_result(rounds=1, conditions=conditions(found))
    store.save(result, tmp_path / "x.json", replace=False)
    assert store.load(tmp_path / "x.json").ipcbench.conditions == list(conditions(found))


def test_a_report_tells_the_conditions_and_the_visits_that_were_touched() -> None:
    unread = Condition("turbo", UNKNOWN, "note")
    result = make_result(rounds=2, conditions=[BATTERY, SMT, Condition("steal", "1%", "note"), unread])
    first: list[VisitRecord] = result.ipcbench.visits
    first[0].notes = ["loaded", "stolen"]
    first[1].notes = ["loaded", "flooded"]
    about = study(result)
    rows = dict(environment(about).rows)
    assert rows["Warning: power"] == "battery"
    assert (rows["steal"], rows["Could not be read"]) == ("1%", "turbo")
    assert "SMT" not in rows
    said = [
        "The machine was not in good order: power: battery.",
        f"2 of {len(first)} visits were touched: 2 loaded, 1 stolen. Their values are kept and counted.",
    ]
    assert about.doubts == said
    page, text = html.page(about, []), summary_md(about, ())
    assert all(sentence in page for sentence in said)
    assert all(f"**{sentence}**" in text for sentence in said)
    assert study(make_result(rounds=1)).doubts == []
