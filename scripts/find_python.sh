# Which Python runs notifier? The functions that tell, for scripts/bootstrap.sh.
#
# PYTHON names one, and that is taken. Else the first of 3.11 or newer that was built to be quick, else
# the first of 3.11 or newer. A Python that somebody compiled without --enable-optimizations takes a
# fifth more processor time for the same letter (docs/decisions/0059).

has_uv() {
    uv --version >/dev/null 2>&1
}

can_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Distributions train theirs on a benchmark before they ship it, whatever its settings say.
is_quick() {
    "$1" -c 'import os, sys, sysconfig
told = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
sys.exit(not told and os.path.dirname(os.path.realpath(sys.executable)) != "/usr/bin")' >/dev/null 2>&1
}

# venv needs ensurepip, which Debian keeps in a package of its own.
can_make_venv() {
    "$1" -c 'import venv, ensurepip' >/dev/null 2>&1
}

# Prints the one to use; nothing where there is none. Fails if PYTHON names one that is too old.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || {
            echo "PYTHON=$PYTHON is not a Python of 3.11 or newer. Name another one, or leave PYTHON out." >&2
            return 1
        }
        echo "$PYTHON"
        return
    fi
    slow=
    for name in python3 python3.13 python3.12 python3.11 python3.14 python /usr/bin/python3; do
        is_new_enough "$name" || continue
        if is_quick "$name" && { has_uv || can_make_venv "$name" || can_install; }; then
            command -v "$name"
            return
        fi
        slow=${slow:-$(command -v "$name")}
    done
    echo "$slow"
}
