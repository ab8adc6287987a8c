"""The bar of bounce mails: the real bounces of sisimai's collection, against sisimai and flufl.bounce, in pairs.

`python bounces.py FOLDER` reads the mails of a folder and does nothing with them: the part of the time that is the
parser's own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = str(ROOT / ".venv/bin/python")
COPIES = 10
"""How often each of the 307 mails is read."""
BAR = 2.5
AIM = 6

SISIMAI = "libsisimai-perl"
SISIMAI_READS = "use Sisimai; my $read = Sisimai->make($ARGV[0]); exit(@$read ? 0 : 1)"

FLUFL = ROOT / ".venv-flufl"
FLUFL_VERSION = "6.0.0"
FLUFL_READS = """
import sys
from email import message_from_bytes
from pathlib import Path
from flufl.bounce import all_failures
read = sum(any(all_failures(message_from_bytes(path.read_bytes()))) for path in Path(sys.argv[1]).iterdir())
sys.exit(0 if read else 1)
"""

Paired = Callable[[Sequence[str], Sequence[str]], tuple[float, float, float]]
"""Median seconds of ours and of theirs, and the median ratio theirs ÷ ours."""


def read(folder: Path) -> int:
    """How many failed recipients the mails in `folder` report."""
    from deliverability.mail.bounce import (
        parse_bounce,
    )  # not at the top: what the bench itself loads is no time of ours

    return sum(len(parse_bounce(path.read_bytes())) for path in folder.iterdir())


def sisimai() -> list[str] | None:
    """The command of sisimai; None, said aloud, where it is not installed."""
    perl = shutil.which("perl")
    if perl is None or subprocess.run([perl, "-MSisimai", "-e1"], stderr=subprocess.DEVNULL, check=False).returncode:
        print(f"NOT RUN: bounces against sisimai, for want of it (Debian: apt-get install {SISIMAI})")
        return None
    return [perl, "-e", SISIMAI_READS]


def flufl() -> list[str] | None:
    """The command of flufl.bounce, installed beside the project; None, said aloud, where it cannot be."""
    python = FLUFL / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FLUFL)], check=True)
        pip = [str(python), "-m", "pip", "-q", "install", f"flufl.bounce=={FLUFL_VERSION}"]
        if subprocess.run(pip, check=False).returncode:
            shutil.rmtree(FLUFL)
            print("NOT RUN: bounces against flufl.bounce, which could not be installed")
            return None
    return [str(python), "-c", FLUFL_READS]


def copied(folder: Path) -> int:
    """Fill `folder` with the mails, `COPIES` times; how many there are."""
    from support.shared import shared  # not at the top: this file is also run by itself

    mails = sorted(shared("data", "sisimai-set-of-emails", "maildir", "bsd").glob("*.eml"))
    for copy in range(COPIES):
        for mail in mails:
            shutil.copyfile(mail, folder / f"{copy}-{mail.name}")
    return COPIES * len(mails)


def bounces(paired: Paired) -> None:
    """Print the bars: the whole command and the parser alone, each paired with each peer."""
    peers = [("sisimai", sisimai()), ("flufl.bounce", flufl())]
    with tempfile.TemporaryDirectory() as folder:
        number = copied(Path(folder))
        for name, ours in (
            ("deliv bounces", [PYTHON, "-m", "deliverability", "bounces", folder, "-f", "jsonl"]),
            ("the parser alone", [PYTHON, str(Path(__file__)), folder]),
        ):
            for peer, command in peers:
                if command is None:
                    continue
                seconds, theirs, ratio = paired(ours, [*command, folder])
                speed = f"{seconds:.2f} s = {number / seconds:,.0f} mails/s; {peer} {theirs:.2f} s"
                bar = f" (bar {BAR}, aim {AIM})" if peer == "sisimai" else ""
                print(f"{number:,} bounce mails, {name}: {speed}: {ratio:.1f} times as fast{bar}")


if __name__ == "__main__":
    read(Path(sys.argv[1]))
