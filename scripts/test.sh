#!/usr/bin/env bash
# Runs lint, types and walls beside the tests, and ends with one line; --no-tests leaves the tests out.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
logs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM

names=()
pids=()
beside() {
  local name=$1
  shift
  "$@" >"$logs/$name" 2>&1 &
  names+=("$name")
  pids+=($!)
}

beside lint "$bin/ruff" check
beside format "$bin/ruff" format --check
beside walls "$bin/lint-imports" --no-cache
beside types "$bin/mypy"

failed=()
tests=
if [ "${1:-}" != --no-tests ]; then
  if ! "$bin/python" -m scripts.engines fetch redis dynamodb opensearch elasticsearch 2>"$logs/engines"; then
    [ "${CI:-}" != true ] || { cat "$logs/engines"; exit 1; } # elsewhere the tests that need them are left out, and say so
  fi
  "$bin/python" -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder -rs 2>&1 | tee "$logs/tests"
  [ "${PIPESTATUS[0]}" -eq 0 ] || failed+=(tests)
  tests=", $(sed -n '$s/^=* *\(.*[a-z0-9)]\) *=*$/\1/p' "$logs/tests")"
fi
for i in "${!names[@]}"; do
  if ! wait "${pids[$i]}"; then
    failed+=("${names[$i]}")
    cat "$logs/${names[$i]}"
  fi
done

if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]}$tests ($SECONDS s)"
  exit 1
fi
echo "OK: ${names[*]}$tests ($SECONDS s)"
