"""Start-up is part of every run: what a command does not need yet is not imported yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deliverability import api
from deliverability.api import READERS

HEAVY = {
    *("cryptography", "dns.message", "dns.query", "dns.resolver", "dns.zone", "email_validator", "httpx", "idna"),
    *("importlib.metadata", "jinja2", "publicsuffixlist", "rich"),
}
"""What costs tens of milliseconds each (ssl does too, but asyncio cannot do without it)."""

PROBE = """
import sys
try:
    {statement}
finally:
    print("loaded", *sys.modules)
"""


def loaded(statement: str) -> set[str]:
    """The modules that a new interpreter holds after `statement`."""
    probe = [sys.executable, "-c", PROBE.format(statement=statement)]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded ")[2].split())


def command(*arguments: str) -> set[str]:
    """The modules loaded by `deliv` with `arguments`."""
    return loaded(f"sys.argv[1:] = {list(arguments)!r}; from deliverability.__main__ import main; main()")


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """What an interpreter of this environment loads for nothing at all, the editable install's finder among it."""
    return loaded("pass")


@pytest.fixture(scope="module")
def library(bare: set[str]) -> set[str]:
    """What the library loads before any of its functions is named."""
    return loaded("import deliverability.api") - bare


def test_version_loads_nothing_but_the_entry_point(bare: set[str]) -> None:
    assert command("--version") - bare == {"deliverability", "deliverability.__main__"}


def test_help_loads_no_dns_and_no_report(bare: set[str]) -> None:
    extra = command("--help") - bare

    assert extra & {*HEAVY, "asyncio", "socket", "dns", "json"} == set()
    assert {name for name in extra if name.startswith("deliverability.")} <= {
        "deliverability.__main__",
        "deliverability.cli",
        "deliverability.cli._problem",
        "deliverability.text",
    }


@pytest.mark.parametrize("module", ["deliverability.cli.audit", "deliverability.audit", "deliverability.lookup.live"])
def test_nothing_heavy_is_loaded_before_the_first_packet(module: str, bare: set[str]) -> None:
    assert (loaded(f"import {module}") - bare) & HEAVY == set()


def test_a_report_in_english_loads_no_catalogue_and_no_templates(bare: set[str]) -> None:
    extra = loaded("import deliverability.cli.audit") - bare

    assert not {name for name in extra if name.startswith("deliverability.reports")}
    english = loaded("from deliverability.reports.words import VERDICTS, when; when(VERDICTS['send'])") - bare
    assert english & {"gettext", "importlib.resources", "deliverability.reports.prose"} == set()


@pytest.mark.parametrize("name", READERS)
def test_what_reads_files_stands_in_the_api_and_loads_no_engine_until_it_is_called(
    name: str, bare: set[str], library: set[str]
) -> None:
    extra = loaded(f"from deliverability.api import {name}; assert {name}.__doc__") - bare

    assert f"deliverability.{READERS[name][0]}" in extra
    assert extra & {*HEAVY, "duckdb", "email", "xml"} == set()
    assert not {f"deliverability.{module}" for module, _ in READERS.values()} & library


def test_the_api_has_nothing_by_another_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        api.__getattr__("nothing")
