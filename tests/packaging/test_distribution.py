"""What is installed is what stands in the tree: built for real, without the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from support.shared import ROOT
from support.tree import files, modules, pyproject

LINKED = ("checks", "examples", "reports")

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.egg-info"
)


def build(source: Path, out: Path, *kinds: str) -> None:
    """Build `kinds` ("--sdist", "--wheel", or neither: the wheel from the sdist) of the checkout in `source`."""
    command = [sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wheel_names(folder: Path) -> set[str]:
    """Every file of the one wheel in `folder`, apart from its metadata."""
    (wheel,) = folder.glob("*.whl")
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, so that a build leaves nothing behind in it."""
    copy = tmp_path_factory.mktemp("build") / "a tree"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=LEFT_OUT)
    return copy


@pytest.fixture(scope="module")
def built(tree: Path) -> Path:
    """A folder with the sdist of this tree and the wheel made from that sdist."""
    build(tree, tree.parent / "dist")
    return tree.parent / "dist"


def test_the_wheel_holds_every_file_of_the_tree_and_no_other(built: Path, tree: Path) -> None:
    assert wheel_names(built) == {place for place, _ in files(tree)}


def test_the_sdist_keeps_the_top_level_folders(built: Path, tree: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {path.as_posix() for _, path in files(tree)} <= names
    assert {"tests/conftest.py", "requirements/run.txt", "Makefile", "LICENSE", "README.md"} <= names
    assert not any(name.startswith(("deliverability/checks/", "deliverability/reports/")) for name in names)


def test_a_checkout_without_links_gives_the_same_wheel(tree: Path, tmp_path: Path) -> None:
    """Git writes a link as a small text file where the system has none."""
    copy = shutil.copytree(tree, tmp_path / "tree", symlinks=True, ignore=LEFT_OUT)
    for folder in LINKED:
        link = copy / "deliverability" / folder
        link.unlink()
        link.write_text(f"../{folder}", encoding="utf-8")

    build(copy, tmp_path / "dist", "--wheel")

    assert wheel_names(tmp_path / "dist") == {place for place, _ in files(tree)}


def test_every_package_is_named_in_pyproject() -> None:
    declared = pyproject()["tool"]["setuptools"]["packages"]

    assert sorted(declared) == sorted(module.name for module in modules() if module.is_package)


def test_every_folder_of_modules_is_a_package() -> None:
    packages = {module.path.parent for module in modules() if module.is_package}

    assert {module.path.parent for module in modules()} - packages == set()


@pytest.mark.parametrize("folder", LINKED)
def test_the_package_links_to_the_top_level_folder(folder: str) -> None:
    link = ROOT / "deliverability" / folder
    if link.is_file():
        pytest.skip("this checkout has no symbolic links")

    assert link.readlink() == Path("..", folder)
    assert link.resolve() == ROOT / folder
