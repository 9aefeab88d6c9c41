# shellcheck shell=bash
# What ./dev says, and how it runs a step. Read by ./dev.

say() { printf 'dev: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

now_ms() {
  local us=${EPOCHREALTIME/[.,]/}
  echo $((us / 1000))
}

# step WHAT COMMAND…: runs the command between a line that names it and a line with the time that it took, and ends
# the script when it fails. Never call it in a condition: bash would then ignore `set -e` in everything below.
step() {
  local what=$1 start ms status elapsed
  shift
  start=$(now_ms)
  say "$what …"
  set +e
  (set -e; "$@")
  status=$?
  set -e
  ms=$(($(now_ms) - start))
  printf -v elapsed '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
  if ((status != 0)); then
    say "$what: FAILED after $elapsed"
    exit "$status"
  fi
  say "$what: done in $elapsed"
}
