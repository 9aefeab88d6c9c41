# shellcheck shell=bash
# Tests, fuzz targets, benchmarks, and the checks of the ABI. Read by ./dev.

# A failing test is no failure of this step: count_results.py reads the outcome from the log.
run_ctest() {
  rm -f "$3"
  # Tests find the programs of the listed packages and no others, so that none can be missing elsewhere.
  /usr/bin/python3 tests/rules/packages.py build/programs
  PATH=$PWD/build/programs ctest --preset "$1" --tests-regex "$2" --output-junit "$3" \
    --test-output-size-passed 10000000 --test-output-size-failed 10000000 >&2 || true
}

# `test` is a word of the shell. The last line on standard output is `N passed, N failed`, whatever happens.
run_tests() {
  local preset=release pattern=.
  while (($#)); do
    case $1 in
      --asan) preset=asan ;;
      -*) die "test has no option '$1'; see ./dev --help." ;;
      *) pattern=$1 ;;
    esac
    shift
  done
  trap 'echo "0 passed, 1 failed"' EXIT
  build "$preset"
  step "test build/$preset" run_ctest "$preset" "$pattern" "$PWD/build/$preset/tests.xml"
  trap - EXIT
  /usr/bin/python3 tests/count_results.py "build/$preset/tests.xml"
}

snapshot() {
  build
  /usr/bin/python3 sdk/abi/snapshot.py "$@"
}

second_torch=2.12

compile_for_swap() {
  compile "torch-$second_torch"
  cmake --build build/release --target part_results >&2
  cmake --build "build/torch-$second_torch" --target part_results >&2
}

# The same plug-in binaries with another LibTorch under them. The last line is `N passed, N failed`.
compat() {
  build
  step "set up LibTorch $second_torch" setup "$second_torch"
  step "build build/torch-$second_torch with the plug-ins of build/release" compile_for_swap
  /usr/bin/python3 tests/compat/libtorch_swap.py build/release "build/torch-$second_torch" \
    --record tests/compat/libtorch-swap.json
}

# What the shipped parts say of themselves, as pages, and the API reference.
pages() {
  build
  /usr/bin/python3 tools/part_pages.py build/release
  /usr/bin/python3 tools/field_pages.py
  doxygen docs/Doxyfile
  say "the API reference is build/reference/html/index.html."
}

fuzz() {
  build
  /usr/bin/python3 tests/fuzz/fuzz.py build/release "$@"
}

run_benchmarks() {
  local found=0 program
  for program in build/release/bin/*"$1"*_bench; do
    [[ -x $program ]] || continue
    found=1
    say "$program"
    "$program"
  done
  ((found)) || die "no benchmark is called '$1': they are the *_bench programs of tests/bench."
}

bench() {
  step setup setup
  step "configure build/release with benchmarks" configure release -DWEFT_BENCHMARKS=ON
  step "build build/release" compile release
  step benchmarks run_benchmarks "${1:-}"
}
