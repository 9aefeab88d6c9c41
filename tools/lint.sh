# shellcheck shell=bash
# Formatting, linting, cleaning. Read by ./dev.

own_sources() { find sdk host plugins tests examples -type f \( -name '*.[ch]' -o -name '*.[ch]pp' \) | sort; }

format() {
  local mode=(-i)
  case ${1:-} in
    '') ;;
    --check) mode=(--dry-run --Werror) ;;
    *) die "format has no option '$1'; see ./dev --help." ;;
  esac
  ensure_packages clang-format  # no other package is needed for it
  step "format${1:+ $1}" clang_format "${mode[@]}"
}

clang_format() { own_sources | xargs -r clang-format --style=file "$@"; }

# The sources that a build compiles.
known_sources() { sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/release/compile_commands.json | sort -u; }

clang_tidy() {
  local files=("$@")
  configure release
  if ((${#files[@]} == 0)); then mapfile -t files < <(known_sources); fi
  mkdir -p build/lint  # g++'s commands, without what clang does not know: options and g++'s precompiled headers
  sed -E 's/ -fno-gnu-unique| -Wno-restrict| -Wno-stringop-over[a-z]*| -include [^ ]*cmake_pch\.hxx//g' build/release/compile_commands.json >build/lint/compile_commands.json
  printf '%s\n' "${files[@]}" | xargs -r -n 1 -P 2 clang-tidy -p build/lint --quiet
}

# changed_sources: those that differ from the commit before, the first dozen: clang-tidy takes up to a minute for each.
changed_sources() {
  local before
  before=$(git rev-parse --verify --quiet HEAD~1) || return 0
  git diff --name-only --diff-filter=d "$before" -- '*.cpp' | sed "s|^|$PWD/|" | sort -u |
    comm -12 - <(known_sources) | head -n 12
}

lint_scripts() {
  git ls-files -z "*.py" | xargs -0 /usr/bin/python3 -m flake8
  shellcheck dev .ci/run tools/*.sh
}

lint() {
  local files=("$@")
  step setup setup
  case ${1:-} in
    --scripts)
      step "lint Python and shell" lint_scripts
      return
      ;;
    --changed)
      step configure configure release
      mapfile -t files < <(changed_sources)
      if ((${#files[@]} == 0)); then
        say "no source has changed."
        return
      fi
      ;;
    -*) die "lint has no option '$1'; see ./dev --help." ;;
  esac
  step lint clang_tidy "${files[@]}"
}

clean() {
  local what=(build)
  case ${1:-} in
    '') ;;
    --all) what+=(.deps) ;;
    *) die "clean has no option '$1'; see ./dev --help." ;;
  esac
  step "remove ${what[*]}" rm -rf "${what[@]}"
}
