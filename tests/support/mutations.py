"""Do the tests notice? Each line that docs/reliability.md rests on is taken away, and a test must turn red.

    make mutations    or: python tests/support/mutations.py [WORD ...] for those whose name holds a word

Works on a copy of the source tree. Ends with 1 if a line can go unnoticed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SECONDS = 300


class Mutation(NamedTuple):
    """A line that goes: what it is for, where it stands, what takes its place, and the tests that must notice."""

    name: str
    file: str
    line: str
    instead: str
    tests: str


def faults(words: str) -> str:
    return f"tests/promises/test_faults.py -k '{words}'"


WARDEN, CUSTODY = "ipcbench/run/containment/warden.py", "ipcbench/run/containment/custody.py"
TREE, WORKER = "ipcbench/run/containment/processes.py", "ipcbench/measure/worker.py"
WRITING, JOURNAL = "ipcbench/results/writing.py", "ipcbench/run/journal/file.py"

MUTATIONS = (
    Mutation(
        "kill",
        TREE,
        "    for member in stopped.values():\n        _signal(member, signal.SIGKILL)\n",
        "",
        "tests/run/containment/test_warden.py -k tracker",
    ),
    Mutation(
        "stop before killing",
        TREE,
        "            _signal(member, signal.SIGSTOP)\n",
        "",
        "tests/run/containment/test_warden.py -k 'outruns or stopped_before'",
    ),
    Mutation(
        "tracker wait",
        TREE,
        "return not member.is_tracker and member.state",
        "return member.state",
        "tests/run/containment/test_warden.py -k tracker",
    ),
    Mutation(
        "adopt orphans",
        WARDEN,
        "        adopt_orphans()\n",
        "",
        faults("leak-daemon"),
    ),
    Mutation(
        "folder of the run",
        WARDEN,
        "            remove_folder(self.folder)\n",
        "            pass\n",
        "tests/run/containment/test_warden.py -k does_not_wait",
    ),
    Mutation(
        "unlink",
        CUSTODY,
        '        unlink_names(f"{self.folder.name}-")\n',
        "",
        faults("leak-semaphore"),
    ),
    Mutation(
        "unlink when alone",
        WARDEN,
        "            unlink_names(run_prefix(self.folder))\n            remove_folder(self.folder)\n",
        "",
        "tests/run/containment/test_warden.py -k 'without_a_trace and timing'",
    ),
    Mutation(
        "deadline",
        CUSTODY,
        '                if left <= 0:\n                    return "late"\n',
        "                left = max(left, 1.0)\n",
        "tests/run/containment/test_warden.py -k hanging --timeout 40",
    ),
    Mutation(
        "stacks",
        CUSTODY,
        "        tell(asked, signal.SIGUSR1)\n",
        "",
        "tests/run/containment/test_warden.py -k hanging",
    ),
    Mutation(
        "leaked processes",
        CUSTODY,
        'self._outliving()] if ending == "ended" else []',
        "[]]",
        faults("leak-process"),
    ),
    Mutation(
        "leaked names",
        CUSTODY,
        "            leaks += self._leaked_things()\n",
        "            pass\n",
        faults("leak-temp"),
    ),
    Mutation(
        "inside ledger",
        "ipcbench/measure/process/exit.py",
        "        leave(LEAKS, leaks)\n",
        "        pass\n",
        faults("leak-fd"),
    ),
    Mutation(
        "refusal while something is left",
        WARDEN,
        "        if not self.custodians and (left := self._left()):\n",
        "        if left := []:\n",
        "tests/run/containment/test_warden.py -k refused",
    ),
    Mutation(
        "lock of the run",
        "ipcbench/run/containment/leftovers.py",
        "        return lock(descriptor)\n",
        "        return True\n",
        "tests/run/containment/test_warden.py -k strangers",
    ),
    Mutation(
        "sentinel",
        "ipcbench/measure/process/team.py",
        "        signal.signal(signal.SIGCHLD, self._on_child)\n",
        "",
        "tests/run/test_visitor.py -k 'killed_peer_makes and queue-fork'",
    ),
    Mutation(
        "limit of a verification turn",
        WORKER,
        "        signal.setitimer(signal.ITIMER_REAL, _limit())\n",
        "",
        faults("lose and operation"),
    ),
    Mutation(
        "digests of what arrived",
        "ipcbench/run/verdict/proof.py",
        "        reason = _why_wrong(case, proof, known)\n",
        "        reason = None\n",
        "tests/run/test_visitor.py tests/run/verdict/test_proof.py -k 'flipped_bit or proof'",
    ),
    Mutation(
        "number of processes",
        "ipcbench/run/verdict/proof.py",
        "    if len(set(pids)) != parts:\n",
        "    if False:\n",
        faults("fewer-workers"),
    ),
    Mutation(
        "plausible times",
        "ipcbench/run/verdict/judge.py",
        '    return Failure("unverified", "timing", reason) if reason else found\n',
        "    return found\n",
        faults("time-tiny"),
    ),
    Mutation(
        "digest of the file",
        "ipcbench/results/store.py",
        "    if found != digest_of_values(values):\n",
        "    if False:\n",
        "tests/results/test_reading.py -k single_digit",
    ),
    Mutation(
        "fsync of the file",
        WRITING,
        "            with if_offered():\n                os.fsync(descriptor)\n",
        "",
        "tests/results/test_writing.py",
    ),
    Mutation("fsync of the folder", WRITING, "        sync_folder(path.parent)\n", "", "tests/results/test_writing.py"),
    Mutation(
        "rename",
        WRITING,
        "            os.rename(temporary, path)\n",
        "            path.write_bytes(data)\n",
        "tests/results/test_writing.py",
    ),
    Mutation(
        "fdatasync of the journal",
        JOURNAL,
        "                os.fdatasync(self.fd)\n",
        "                pass\n",
        "tests/run/journal/test_journal.py",
    ),
    Mutation(
        "lock of the label",
        JOURNAL,
        "            lock(fd)\n",
        "            pass\n",
        "tests/run/journal/test_journal.py -k same_label",
    ),
    Mutation(
        "checksum of a record",
        "ipcbench/run/journal/records.py",
        "    if frame(payload) != line:\n",
        "    if False:\n",
        "tests/run/journal/test_journal.py -k flipped_bit",
    ),
)


def notices(mutation: Mutation, folder: Path) -> str:
    """Run the tests of a mutated copy; the first test that failed, or empty if none did."""
    tree = folder / "tree"
    tree.mkdir()
    for name in ("ipcbench", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    path = tree / mutation.file
    text = path.read_text()
    if text.count(mutation.line) != 1:
        raise SystemExit(f"{mutation.name}: {mutation.file} has this line {text.count(mutation.line)} times")
    path.write_text(text.replace(mutation.line, mutation.instead))
    command = f"{sys.executable} -m pytest -q -x -p no:cacheprovider --no-header {mutation.tests}"
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, shell=True, cwd=tree, env=own, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "no end"
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode not in (0, 1):
        raise SystemExit(f"{mutation.name}: {mutation.tests}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return failed[0].partition("::")[2].partition(" - ")[0] if failed else ""


def main(words: list[str]) -> int:
    """Try the mutations; how many went unnoticed decides the exit code."""
    unnoticed = 0
    chosen = [mutation for mutation in MUTATIONS if not words or any(word in mutation.name for word in words)]
    for mutation in chosen:
        with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
            test = notices(mutation, Path(folder))
        unnoticed += not test
        print(f"{'red  ' if test else 'GREEN'}  {mutation.name:32}  {test or 'no test noticed'}", flush=True)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} noticed")
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
