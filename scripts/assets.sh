#!/bin/sh
# Bundles what the admin's pages load (frontend/*) into notifier/web/static/built. The packages come
# from package-lock.json; nothing of them is kept in the repository. Does nothing when up to date.
set -eu
cd "$(dirname "$0")/.."

out=notifier/web/static/built

fail() {
    echo "$*" >&2
    exit 1
}

fingerprint() {
    cat package.json package-lock.json .npmrc scripts/assets.sh frontend/* | cksum
}

is_ready() {
    [ -f "$out/.ready" ] && [ -f "$out/admin.css" ] && [ "$(cat "$out/.ready")" = "$(fingerprint)" ]
}

is_ready && exit 0
if command -v flock >/dev/null 2>&1; then
    exec 9<package-lock.json
    flock 9
    is_ready && exit 0
fi

is_new_enough() {
    "$1" -e 'process.exit(+(process.versions.node.split(".")[0] < 18))' >/dev/null 2>&1
}

# The system's Node where it has npm, else the one that comes as a Python package.
if is_new_enough node && npm --version >/dev/null 2>&1; then
    run_npm() { npm "$@"; }
else
    node=.venv/node
    [ -x "$node/bin/npm" ] || {
        echo "Installing Node.js into $node (once)."
        if uv --version >/dev/null 2>&1; then
            uv venv -q --python .venv/bin/python "$node"
            uv pip install -q --python "$node/bin/python" --require-hashes -r requirements/node.txt
        else
            .venv/bin/python -m venv "$node"
            "$node/bin/python" -m pip install -q --disable-pip-version-check \
                --require-hashes -r requirements/node.txt
        fi
    } || fail "Node.js 18 or newer with npm is needed once, to bundle the admin's pages, and could \
not be installed. Install it (Debian, Ubuntu: apt-get install nodejs npm) and run this again."
    PATH="$PWD/$node/bin:$PATH"
    run_npm() { "$node/bin/npm" "$@"; }
fi

echo "Bundling the admin's pages (once)."
# A package installed for another use of the folder may be half there: ci begins anew.
run_npm ci --silent --no-update-notifier || fail "The packages of package-lock.json could not be \
installed. The reason is above; a connection to an npm registry is needed once."
run_npm run --silent build || fail "The admin's pages could not be bundled. The reason is above."
fingerprint >"$out/.ready"
