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
    uv pip compile -q --no-config --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --custom-compile-command "make lock" "$@"
}

run="--extra postgres --extra dkim --extra evidence --extra speed --extra cluster --extra alerts"
compile requirements/build.in -o requirements/build.txt "$@"
compile requirements/node.in -o requirements/node.txt "$@"
# All hold the same versions, so that one .venv can serve all uses.
# shellcheck disable=SC2086 # $run is several words
{
    compile setup.cfg $run -o requirements/run.txt -c requirements/build.txt "$@"
    compile setup.cfg $run --extra test -o requirements/test.txt -c requirements/run.txt "$@"
    compile setup.cfg $run --extra lint -o requirements/lint.txt -c requirements/test.txt "$@"
}
