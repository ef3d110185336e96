#!/usr/bin/env bash
# Prints the first Python that can run Rookery: PYTHON, python3, or one with its version in its name.
set -u
suits='import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
unable=
for python in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
  "$python" -c "$suits" >/dev/null 2>&1 || continue
  if "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    echo "$python"
    exit 0
  fi
  unable=${unable:-$python}
done
if [ -n "$unable" ]; then
  echo "$unable cannot make virtual environments; on Debian and Ubuntu run: apt install python3-venv" >&2
else
  echo "Rookery needs Python 3.11 to 3.14 and found none; install one, or name it: make PYTHON=/path/to/python3 ..." >&2
fi
exit 1
