"""The house: an arrow only goes down, and a room imports nothing that it may not use."""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions

from support.tree import Module, modules, pyproject, statements

AUDIT_FLOOR = 6
FLOORS = (
    {"fastclass", "findings", "privacy", "sources", "text"},
    {"lookup", "names", "intake"},
    {"protocols"},
    {"mail", "feedback", "events", "recipients"},
    {"compare"},
    {"checks"},
    set[str](),  # the audit and what surrounds it: every module at the top of deliverability/ that is not named here
    {"reports"},
    {"cli", "demo", "api", "__main__"},
)
"""The rooms, from the ground up. A module may import what stands on its own floor or below."""

INPUT_AND_OUTPUT = {"asyncio", "http", "os", "pathlib", "random", "secrets", "socket", "ssl", "subprocess", "time"}
"""What a check has no business with: its facts come as arguments, the clock among them."""


def parsed(module: Module) -> ast.Module:
    return ast.parse(module.text)


@cache
def imports(module: Module) -> tuple[tuple[str, bool], ...]:
    """What `module` imports, by dotted name, and whether at its top. `from a import b` is a.b if that is a module."""
    tree = parsed(module)
    at_top = {id(node) for node in tree.body}
    found: list[tuple[str, bool]] = []
    for node in statements(tree):
        if isinstance(node, ast.Import):
            found += ((alias.name, id(node) in at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found += ((_source(node.module or "", alias.name), id(node) in at_top) for alias in node.names)
    return tuple(found)


@cache
def _names() -> frozenset[str]:
    return frozenset(module.name for module in modules())


def _source(package: str, name: str) -> str:
    return f"{package}.{name}" if f"{package}.{name}" in _names() else package


def arrows(*, from_top: bool = False) -> Iterator[tuple[str, str]]:
    """Who imports whom inside the package; `from_top` leaves out what a function imports when it runs."""
    for module in modules():
        for name, at_top in imports(module):
            if name.split(".")[0] == "deliverability" and name != module.name and (at_top or not from_top):
                yield module.name, name


def floor(name: str) -> int:
    """On which floor the module called `name` stands; the package's own `__init__` is the ground."""
    if name == "deliverability":
        return 0
    room = name.split(".")[1]
    return next((level for level, rooms in enumerate(FLOORS) if room in rooms), AUDIT_FLOOR)


def test_an_arrow_only_goes_down() -> None:
    assert [(low, high) for low, high in arrows() if floor(low) < floor(high)] == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, imported in arrows(from_top=True):
        graph.setdefault(module, set()).add(imported)

    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_nothing_imports_the_top_level_folders_by_their_own_name() -> None:
    tops = [(module.name, name) for module in modules() for name, _ in imports(module)]

    assert [(module, name) for module, name in tops if name.split(".")[0] in {"checks", "reports"}] == []


def test_a_check_does_no_input_or_output() -> None:
    for module in (module for module in modules() if module.path.parts[0] == "checks"):
        imported = {name.split(".")[0] for name, _ in imports(module)}
        words = {node.id for node in ast.walk(parsed(module)) if isinstance(node, ast.Name)}

        assert imported & INPUT_AND_OUTPUT == set(), module.path
        assert words & {"open", "input", "print"} == set(), module.path


def test_every_distribution_that_is_imported_is_declared() -> None:
    project = pyproject()["project"]
    requirements = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    declared = {re.split(r"[\[>]", requirement)[0] for requirement in requirements}
    imported = {name.split(".")[0] for module in modules() for name, _ in imports(module)}
    owners = packages_distributions()
    foreign = imported - {"deliverability", *sys.stdlib_module_names}

    assert {top for top in foreign if declared.isdisjoint(owner.lower() for owner in owners.get(top, []))} == set()
