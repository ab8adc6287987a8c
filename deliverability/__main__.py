"""The command `deliv`. `--version` is answered before anything else is imported: start-up is part of every run."""

from __future__ import annotations

import sys

COLLECT_AFTER = 200_000
"""Objects between two garbage collections: more than one audit makes, so that a short run spends nothing on them (a
tenth of its time, by Python's default of 700); a run over many domains still collects."""


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from deliverability import RULESET, __version__  # noqa: PLC0415 - see above

        sys.stdout.write(f"deliv {__version__} (rules of {RULESET})\n")
        return
    import gc  # noqa: PLC0415 - see above
    import signal  # noqa: PLC0415 - see above

    gc.set_threshold(COLLECT_AFTER)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)
    try:
        from deliverability.cli import run  # noqa: PLC0415 - see above

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # before the command line could see it
    if "duckdb" not in sys.modules:  # its binding complains on stderr of every object that nobody collected
        gc.freeze()  # all of it ends with the process: the interpreter's last collections would walk it for nothing
    sys.exit(code)


def _terminated(number: int, _frame: object) -> None:
    """Leave as at an interrupt, so that half-written files go, and only then end as the signal would have it.

    A second signal ends the process at once.
    """
    import atexit  # noqa: PLC0415 - few runs are ended from outside
    import os  # noqa: PLC0415 - as above
    import signal  # noqa: PLC0415 - loaded by now

    signal.signal(number, signal.SIG_DFL)
    atexit.register(os.kill, os.getpid(), number)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
