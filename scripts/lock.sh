#!/bin/sh
# Writes requirements/*.txt anew from setup.cfg: every package with its version and hashes, for
# every platform. Pass `--upgrade` for newer versions, or `--upgrade-package NAME`.
set -eu
cd "$(dirname "$0")/.."

command -v uv >/dev/null 2>&1 || {
    echo "Locking needs uv. Install it: pip install uv" >&2
    exit 1
}
# The files must come out the same on every machine, whatever index it has been told to use.
unset UV_INDEX UV_DEFAULT_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_CONFIG_FILE

compile() {
    target=$1
    shift
    uv pip compile -q --no-config --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
        setup.cfg requirements/build.in --output-file "$target" "$@"
}

compile requirements/run.txt --extra postgres --extra web --extra dkim "$@"
# The others hold the same versions as run.txt, so one .venv can serve all three.
compile requirements/test.txt --constraint requirements/run.txt \
    --extra postgres --extra web --extra dkim --extra test "$@"
compile requirements/lint.txt --constraint requirements/test.txt \
    --extra postgres --extra web --extra dkim --extra lint "$@"
