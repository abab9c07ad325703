#!/bin/sh
# Makes .venv ready for one use of it: run, test or lint. When it is ready already, does nothing.
# PYTHON names the Python to use; else scripts/find_python.sh finds one.
set -eu
cd "$(dirname "$0")/.."
. scripts/find_python.sh

kind=${1:?usage: scripts/bootstrap.sh run|test|lint}
lock=requirements/$kind.txt
ready=.venv/.ready-$kind

fail() {
    echo "$*" >&2
    exit 1
}

# What the folder must have been made from. The path is in it because a moved .venv is broken.
fingerprint() {
    echo "$(cat "$lock" requirements/build.txt setup.cfg pyproject.toml scripts/bootstrap.sh scripts/find_python.sh | cksum) $PWD"
}

is_ready() {
    [ -x .venv/bin/notifier ] && [ -x .venv/bin/python ] && [ -f "$ready" ] &&
        [ "$(cat "$ready")" = "$(fingerprint)" ]
}

apt_install() {
    echo "Installing $* with apt-get."
    apt-get update -q </dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
}

make_venv() {
    python=$(find_python)
    if [ -z "$python" ] && ! has_uv && can_install; then
        apt_install python3 python3-venv
        python=$(find_python)
    fi
    if has_uv; then
        uv venv -q --python "${python:->=3.11}" .venv && return
        fail "uv could not make .venv with Python 3.11 or newer. Its reason is above."
    fi
    [ -n "$python" ] || fail "notifier needs Python 3.11 or newer, and none was found. Install one \
(Debian 12 or newer: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3"
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if ! can_make_venv "$python" && can_install; then
        apt_install "$package" || apt_install python3-venv
    fi
    can_make_venv "$python" || fail "$python cannot make a virtual environment: its venv or \
ensurepip is missing. Install it (Debian, Ubuntu: apt-get install $package), or install uv."
    "$python" -m venv .venv
}

venv_is_here() {
    [ "$(.venv/bin/python -c 'import os, sys; print(os.path.realpath(sys.prefix))' 2>/dev/null)" \
        = "$(pwd -P)/.venv" ]
}

# Everything is named in the lock with its hashes, so nothing else may be fetched: no further
# dependencies, and no build tools but those of requirements/build.txt.
install() {
    if has_uv; then
        uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation "$@"
    else
        PIP_USE_PEP517=1 .venv/bin/python -m pip install -q --disable-pip-version-check \
            --no-deps --no-build-isolation "$@"
    fi
}

is_ready && exit 0

# Two makes at once (a demo and a test, say) take turns where the system has flock.
if command -v flock >/dev/null 2>&1; then
    exec 9<"$lock"
    flock 9
    is_ready && exit 0
fi

venv_is_here || {
    rm -rf .venv
    make_venv
}
[ -x .venv/bin/pip ] || has_uv ||
    fail ".venv has no pip, and uv is gone. Remove .venv and run this again."
echo "Installing the packages of $lock into .venv (once)."
{
    install --require-hashes -r requirements/build.txt &&
        install --require-hashes -r "$lock"
} || fail "The packages of $lock could not be installed. The reason is above; \
a connection to a package index is needed once."
install -e . || fail "The project itself could not be installed. The reason is above."
fingerprint >"$ready"
