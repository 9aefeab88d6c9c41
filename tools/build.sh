# shellcheck shell=bash
# Configuring, compiling and installing. Read by ./dev.

# configure PRESET [CMAKE OPTION…]: skipped when done before; Ninja itself notices changed CMakeLists.txt files.
configure() {
  local preset=$1 tree=build/$1
  shift
  if [[ ! -e $tree/.configured || CMakePresets.json -nt $tree/.configured || $# -gt 0 ]]; then
    cmake --preset "$preset" -Wno-dev "$@" >&2
    touch "$tree/.configured"
  fi
}

# tests_are_on PRESET: whether a configured tree has the tests, as trees have that are configured without a word on it.
tests_are_on() { ! grep -qs '^WEFT_TESTS:BOOL=OFF' "build/$1/CMakeCache.txt"; }

compile() {
  if tests_are_on "$1"; then configure "$1"; else configure "$1" -DWEFT_TESTS=ON; fi
  cmake --build "build/$1" -j "$(nproc)" >&2
}

# What is shipped, without the tests: a tree that has them keeps them.
compile_product() {
  if [[ -e build/release/.configured ]]; then configure release; else configure release -DWEFT_TESTS=OFF; fi
  cmake --build build/release --target product -j "$(nproc)" >&2
}

build() {
  local preset=${1:-release}
  step setup setup
  step "build build/$preset" compile "$preset"
}

build_product() {
  step "set up what building takes" setup_build
  step "build build/release" compile_product
}

install() {
  build_product
  step "install into $1" cmake --install build/release --prefix "$1"
}
