#!/bin/sh
# Usage: requirements/install.sh run|test|all|dev
#
# Make .venv hold what that lock says, and deliv itself, editable. Does nothing where it already does: each lock holds
# the one before it, so an installed later one will do too. Runs from the top of the checkout.
set -eu

fail() {
    echo "deliv: $1" >&2
    exit 2
}

# An installation fits one checkout path, one pyproject.toml and one lock.
key() {
    { pwd; cat pyproject.toml "requirements/$1.txt"; } | cksum
}

is_current() {
    .venv/bin/python -c "" 2>/dev/null && [ "$(cat ".venv/installed-$1" 2>/dev/null)" = "$(key "$1")" ]
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer with venv and ensurepip found (tried: ${PYTHON:-python3, python3.11 to python3.14}); name one: make PYTHON=/path/to/python3"
}

case $1 in
    run) enough="run test all dev" ;;
    test) enough="test all dev" ;;
    all) enough="all dev" ;;
    dev) enough="dev" ;;
    *) fail "no such lock: $1" ;;
esac
for lock in $enough; do
    if is_current "$lock"; then exit 0; fi
done

# Half an installation looks like a whole one to pip, so an interrupted one is thrown away.
if [ -e .venv/unfinished ] || ! .venv/bin/python -c "" 2>/dev/null; then rm -rf .venv; fi
python=
[ -d .venv ] || python=$(find_python)
echo "deliv: installing requirements/$1.txt into .venv; the next run starts at once" >&2
mkdir -p .venv
: > .venv/unfinished
rm -f .venv/installed-*
[ -z "$python" ] || "$python" -m venv .venv || fail "$python -m venv failed (on Debian, apt-get install python3-venv)"
pip() {
    .venv/bin/python -m pip --quiet --quiet --no-input --disable-pip-version-check install --no-deps "$@"
}
pip --require-hashes --requirement "requirements/$1.txt"
pip --no-build-isolation --editable .
# compiled once here, whatever PYTHONDONTWRITEBYTECODE says to the runs: an installed wheel is compiled as well
.venv/bin/python -m compileall -q deliverability checks reports
PYTHONDONTWRITEBYTECODE= .venv/bin/python -c "from deliverability.reports.html import keep_templates; keep_templates()"
key "$1" > ".venv/installed-$1"
rm .venv/unfinished
