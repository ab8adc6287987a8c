"""The jobs of examples/ci and the hooks: each command is one that deliv has, and each script runs as it stands there.

The scripts run for real, without a network: `deliv` on their PATH answers from the sample's zone files wherever a job
would ask live DNS.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deliverability.cli import root
from support.shared import ROOT

EXAMPLES = ROOT / "examples"
CI = EXAMPLES / "ci"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
DOMAIN = "vinotheque.example"
YAML = sorted([*CI.rglob("*.yml"), *CI.rglob("*.yaml"), HOOKS])
SCRIPTS = {"run", "script", "entry", "before_script"}
"""Keys under which YAML holds what a shell runs."""


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def shells(path: Path) -> Iterator[str]:
    """Every text of a file that a shell runs."""
    if path.name == "Jenkinsfile":
        yield from re.findall(r"'''(.*?)'''", path.read_text(encoding="utf-8"), re.DOTALL)
    else:
        yield from _below(loaded(path))


def _below(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _below(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _below(inner, key)
    elif key in SCRIPTS:
        yield shlex.split(value)[2] if key == "entry" else value


def commands(script: str) -> Iterator[list[str]]:
    """The arguments of each `deliv …` of a shell's text; what stands for several arguments is left out."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line.strip(), posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, ""
        words = [] if line.strip().startswith("#") else list(lexer)
        for start in (place for place, word in enumerate(words) if word == "deliv" and _begins(words, place)):
            rest = words[start + 1 :]
            end = next((n for n, word in enumerate(rest) if set(word) <= set("();<>|&")), len(rest))
            yield [word for word in rest[:end] if "[@]" not in word and word != "$DELIV_DOMAINS"]


def _begins(words: list[str], place: int) -> bool:
    return place == 0 or set(words[place - 1]) <= set("();|&") or words[place - 1] in {"do", "then", "else", "!"}


def parsed(arguments: list[str]) -> None:
    """Raises click's UsageError for what deliv would refuse."""
    command: click.Command = root
    while isinstance(command, click.Group):
        name, found, arguments = command.resolve_command(click.Context(command), arguments)
        assert found is not None, name
        command = found
    command.make_context("deliv", list(arguments))


FILES = [*YAML, CI / "Jenkinsfile"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_is_one_that_deliv_has(path: Path) -> None:
    found = [arguments for script in shells(path) for arguments in commands(script)]
    assert len(found) == sum(len(re.findall(r"(?m)^[^#\n]*\bdeliv (?=[a-z])", script)) for script in shells(path))

    for arguments in found:
        parsed(arguments)


def test_commands_are_found_and_a_wrong_one_is_refused() -> None:
    assert sum(1 for path in FILES for script in shells(path) for _ in commands(script)) == 10
    with pytest.raises(click.UsageError):
        parsed(["gate", "--no-such-option"])


@pytest.mark.parametrize("path", [path for path in YAML if path.parent.name == "github"], ids=lambda path: path.name)
def test_no_script_of_github_holds_an_expression(path: Path) -> None:
    """Whoever names a branch or a file would write into the script: expressions go through the environment."""
    assert [script for script in shells(path) if "${{" in script] == []


def test_a_repositorys_hooks_are_there() -> None:
    used = {hook["id"] for repo in loaded(CI / "pre-commit-config.yaml")["repos"] for hook in repo["hooks"]}

    assert used == {hook["id"] for hook in loaded(HOOKS)}


# run as they stand ---------------------------------------------------------------------------------------------------

DELIV = f"""#!{sys.executable}
import os, sys
from deliverability.__main__ import main
if sys.argv[1] in ("audit", "gate") and "--zone" not in sys.argv:
    for zone in os.environ["PUBLISHED"].split(os.pathsep):
        sys.argv += ["--zone", zone]
sys.exit(main())
"""
GH = """#!/bin/sh
echo "$@" >gh.txt
"""


def zones(when: str) -> str:
    """The sample sender's zone files, before or after its repair, with those of its neighbours."""
    return os.pathsep.join(
        str(path) for folder in (when, "around") for path in sorted((EXAMPLES / folder).glob("*.zone"))
    )


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A checkout, with `deliv` and `gh` on its PATH."""
    for name, text in {"deliv": DELIV, "gh": GH}.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


def ran(script: str, here: Path, published: str = "after", **environment: str) -> subprocess.CompletedProcess[str]:
    """The script as GitHub's bash runs it."""
    whole = {
        "PATH": f"{here.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PUBLISHED": zones(published),
        "GITHUB_OUTPUT": str(here / "output"),
        "GITHUB_STEP_SUMMARY": str(here / "summary.md"),
        **environment,
    }
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=here, env=whole, capture_output=True, text=True, check=False)


def step(path: Path, name: str) -> str:
    """The script of the step that is called so."""
    found = loaded(path)
    steps = found["runs"]["steps"] if "runs" in found else [s for job in found["jobs"].values() for s in job["steps"]]
    script: str = next(step["run"] for step in steps if step.get("name") == name)
    return script


@pytest.mark.parametrize(("published", "code"), [("after", 0), ("before", 1)])
def test_the_action_decides_annotates_and_keeps_its_reports(here: Path, published: str, code: int) -> None:
    arguments = "--fail-on=critical\n\n--select=spf-*\n"

    done = ran(step(CI / "github/action.yml", "Decide"), here, published, DOMAINS=f"{DOMAIN}\n", ARGUMENTS=arguments)

    assert done.returncode == code, done.stderr
    assert (here / "output").read_text() == f"exit-code={code}\n"
    assert (here / "summary.md").read_text() == (here / "deliv.md").read_text()
    assert ("::error " in done.stdout) is bool(code)
    assert json.loads((here / "deliv.json").read_text())["schema"] == "deliv.gate/1"
    assert bool(json.loads((here / "deliv.sarif").read_text())["runs"][0]["results"]) is bool(code)


def test_the_action_hands_on_what_deliv_refuses(here: Path) -> None:
    done = ran(step(CI / "github/action.yml", "Decide"), here, DOMAINS=DOMAIN, ARGUMENTS="--message=no such.eml")

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (here / "summary.md").exists()


def test_the_decision_is_said_at_the_pull_request(here: Path) -> None:
    script = step(CI / "github/campaign.yml", "Say so at the pull request")

    assert ran(script, here, NUMBER="7").returncode == 0
    assert not (here / "gh.txt").exists()
    (here / "deliv.md").write_text("open")
    assert ran(script, here, NUMBER="7").returncode == 0
    assert (here / "gh.txt").read_text() == "pr comment 7 --body-file deliv.md --edit-last --create-if-none\n"


def git(here: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.test", *arguments]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()


def test_a_zone_is_audited_before_it_is_published(here: Path) -> None:
    """One zone that a change breaks, one that is as it was."""
    git(here, "init", "-q")
    (here / "zones").mkdir()
    for name in (f"{DOMAIN}.zone", "other.example.yaml"):
        (here / "zones" / name).write_text("")
    git(here, "add", ".")
    git(here, "commit", "-qm", "as it was")
    base = git(here, "rev-parse", "HEAD")
    good = (EXAMPLES / "after" / f"{DOMAIN}.zone").read_text(encoding="utf-8")
    (here / "zones" / f"{DOMAIN}.zone").write_text(re.sub(r"include:\S+", "include:gone.example", good, count=1))
    git(here, "commit", "-qam", "a change")

    done = ran(step(CI / "github/dns.yml", "Audit the proposed zones"), here, BASE=base)

    assert done.returncode == 1, done.stderr
    assert "gone.example" in done.stdout
    assert sorted(path.name for path in (here / "deliv").iterdir()) == [
        f"{DOMAIN}{suffix}" for suffix in ("-alone.json", "-before.json", "-diff.txt", ".md", ".sarif")
    ]
    assert "gone.example" in (here / "summary.md").read_text()


def test_the_job_of_gitlab_writes_both_reports_that_it_names(here: Path) -> None:
    job = loaded(CI / "gitlab-ci.yml")["deliv"]

    done = ran("\n".join(job["script"]), here, "before", DELIV_DOMAINS=DOMAIN)

    assert done.returncode == 1, done.stderr
    assert "gate closed" in done.stdout
    kept = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert {path.name for path in here.iterdir()} == set(kept)
    assert json.loads((here / job["artifacts"]["reports"]["codequality"]).read_text())[0]["fingerprint"]


def test_the_stage_of_jenkins_leaves_what_it_publishes(here: Path) -> None:
    text = (CI / "Jenkinsfile").read_text(encoding="utf-8")
    (here / "deliv.toml").write_text(f'[domains."{DOMAIN}"]\n')
    script = next(script for script in shells(CI / "Jenkinsfile") if "deliv gate" in script)

    done = ran(script, here)

    assert done.returncode in {0, 3}, done.stderr
    for name in re.findall(r"(?:testResults|artifacts|reportFiles): '([^']+)'", text):
        assert (here / name).is_file(), name
    assert text.count("{") == text.count("}")


# hooks ---------------------------------------------------------------------------------------------------------------


def hooked(name: str, here: Path, *files: str) -> subprocess.CompletedProcess[str]:
    """The hook as pre-commit runs it: its entry with the files behind it, those that its pattern takes."""
    hook = next(hook for hook in loaded(HOOKS) if hook["id"] == name)
    taken = [file for file in files if re.search(hook["files"], file)]
    environment = {"PATH": f"{here.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    command = [*shlex.split(hook["entry"]), *taken]
    return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)


def test_a_policy_is_read_before_it_is_committed(here: Path) -> None:
    (here / "deliv.toml").write_text(f'[domains."{DOMAIN}"]\n')
    (here / "a").mkdir()
    (here / "a/deliv.toml").write_text('fail-on = "high"\nfail-onn = "high"\n')

    assert hooked("deliv-config", here, "deliv.toml", "pyproject.toml").returncode == 0
    done = hooked("deliv-config", here, "a/deliv.toml", "deliv.toml")
    assert done.returncode == 1
    assert "a/deliv.toml:2:" in done.stderr


def test_a_message_is_read_before_it_is_committed(here: Path) -> None:
    good = (EXAMPLES / "after/letter.eml").read_bytes()
    (here / "a letter.eml").write_bytes(good)
    (here / "draft.eml").write_bytes(good.replace(b"New bottles", b"Dear {{ first_name }}, new bottles"))

    assert hooked("deliv-message", here, "a letter.eml").returncode == 0
    assert hooked("deliv-message", here, "draft.eml", "a letter.eml").returncode == 1


def test_a_zone_is_read_before_it_is_committed(here: Path) -> None:
    good = (EXAMPLES / f"after/{DOMAIN}.zone").read_text(encoding="utf-8")
    (here / f"{DOMAIN}.zone").write_text(good)
    (here / "shop.example.yaml").write_text("'': {type: TXT, values: [v=spf1 -all, v=spf1 +all]}\n")
    (here / "torn.example.zone").write_text("(")

    assert hooked("deliv-zone", here, f"{DOMAIN}.zone", "zone.yaml").returncode == 0
    done = hooked("deliv-zone", here, "shop.example.yaml", "torn.example.zone")
    assert done.returncode == 1
    assert "torn.example.zone:1: a parenthesis that is never closed" in done.stderr
