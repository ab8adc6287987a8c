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

    gc.set_threshold(COLLECT_AFTER)
    try:
        from deliverability.cli import run  # noqa: PLC0415 - see above

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)  # before the command line could see it


if __name__ == "__main__":
    main()
