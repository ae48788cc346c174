"""The path of a module tells where its tests are: tests/ has the folders of ipcbench/, and a few more."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from paths import ROOT, SUPPORT, TESTS

import ipcbench

PACKAGE = Path(ipcbench.__file__).parent
BESIDE = {"docs", "harness", "promises", "soak", "support"}
FILES = sorted(TESTS.rglob("test_*.py"))


def test_a_folder_of_tests_is_a_folder_of_the_package_or_one_of_those_beside_it() -> None:
    folders = {path.parent.relative_to(TESTS) for path in FILES}
    assert [folder for folder in folders if str(folder) not in BESIDE and not (PACKAGE / folder).is_dir()] == []


def test_no_two_modules_below_tests_have_one_name() -> None:
    names = Counter(path.name for path in {*FILES, *SUPPORT.glob("*.py")})
    assert [name for name, count in names.items() if count > 1] == []


def test_a_folder_of_tests_is_no_package() -> None:
    assert {path.parent for path in TESTS.rglob("__init__.py")} & {path.parent for path in FILES} == set()


def test_every_file_of_tests_that_a_document_or_a_program_names_is_there() -> None:
    naming = [ROOT / name for name in (".ci/run", "Makefile", "pyproject.toml", "CONTRIBUTING.md")]
    naming += [*ROOT.glob("docs/*.md"), *PACKAGE.rglob("*.py"), *TESTS.rglob("*.py")]
    texts = [path.read_text() for path in naming if path.exists()]
    named = {name for text in texts for name in re.findall(r"\btests/[\w/-]+\.py\b", text)}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
