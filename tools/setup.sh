# shellcheck shell=bash
# What ./dev setup installs: Debian packages, LibTorch, SentencePiece and XGrammar. Read by ./dev.

# Prints the packages among "$@" that dpkg does not know as installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p') || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

# ensure_packages PACKAGE…: installs the missing ones, after showing the line that does it.
ensure_packages() {
  command -v apt-get >/dev/null ||
    die "this set-up needs Debian 12 or a relative of it: apt-get was not found. Install what" \
      "cmake/packages.txt lists by other means, then use CMake's presets directly."
  local missing root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "packages are missing (${missing[*]}): run this as root, or install sudo."
    root=(sudo)
  fi
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
  say "${apt[*]} update && ${apt[*]} install -y --no-install-recommends ${missing[*]}"
  "${apt[@]}" update -qq >/dev/null || die "apt-get could not read the package lists: see its message."
  "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install the packages above, which are Debian 12's: see its message."
}

# packages FILE…: the packages that these lists name.
packages() { sed '/^#/d; /^$/d' "$@"; }

# The shipped LibTorch and, named by its release, a further one: what pins it, and where it is unpacked.
torch_lock() { echo "cmake/deps${1:+-$1}.lock"; }
torch_place() { echo ".deps/torch${1:+-$1}"; }
torch_ready() {
  cmp -s "$(torch_lock "$@")" "$(torch_place "$@")/deps.lock" || return 1
  [[ -z ${want_gpu:-} ]] || cmp -s "$gpu_lock" "$(torch_place "$@")/deps-gpu.lock"
}

# The libraries that LibTorch needs on a GPU. want_gpu is set where they are asked for, or there already.
gpu_lock=cmake/deps-gpu.lock
keep_gpu() { if [[ -e $(torch_place "$@")/deps-gpu.lock ]]; then want_gpu=yes; fi; }

# install_torch [RELEASE]: unpacks the wheels beside their place and moves them there in one go, so an interruption
# leaves nothing half done.
install_torch() {
  local lock place
  lock=$(torch_lock "$@") place=$(torch_place "$@")
  local lists=(-r "$lock")
  [[ -z ${want_gpu:-} ]] || lists+=(-r "$gpu_lock")
  mkdir -p .deps
  exec 9>.deps/lock
  flock 9
  torch_ready "$@" && return 0
  rm -rf .deps/new
  mkdir -p .deps/new/tmp
  TMPDIR=$PWD/.deps/new/tmp /usr/bin/python3 -m pip install --quiet --no-deps --no-compile --require-hashes \
    --only-binary=:all: --disable-pip-version-check --root-user-action=ignore --target .deps/new/torch \
    "${lists[@]}" 9>&- || die "pip could not fetch LibTorch from PyPI: see its message. Nothing was changed."
  cp "$lock" .deps/new/torch/deps.lock
  [[ -z ${want_gpu:-} ]] || cp "$gpu_lock" .deps/new/torch/deps-gpu.lock
  if [[ -e $place ]]; then mv "$place" .deps/new/old; fi
  mv .deps/new/torch "$place"
  rm -rf .deps/new
}

# Libraries that are built from sources: NAME's archive is what cmake/NAME.lock names, changed by cmake/NAME.patch where
# there is one. The copy in .deps/NAME remembers what it was made of: another lock or patch renews it.
sources_origin() {
  cat "cmake/$1.lock"
  if [[ -e cmake/$1.patch ]]; then cat "cmake/$1.patch"; fi
}
sources_ready() { sources_origin "$1" | cmp -s - ".deps/$1/weft-origin"; }

unpack_sentencepiece() {
  tar -xzf "$1" -C "$2" --strip-components=1 --no-same-owner --exclude='*/third_party/absl'
  ln -s abseil-cpp/absl "$2/sentencepiece/third_party/absl" # it is in there twice
}

# Without the Python binding, and the libraries that only this and its tests need.
unpack_xgrammar() {
  tar -xzf "$1" -C "$2" --strip-components=1 --no-same-owner --exclude='*/cpp/tvm_ffi' --exclude='*/3rdparty/cpptrace' \
    --exclude='*/3rdparty/googletest' --exclude='xgrammar-*/'{assets,docs,examples,python,scripts,site,tests,web}
}

# install_sources NAME: in the same way as LibTorch, beside their place first.
install_sources() {
  local address hash
  read -r address hash < <(sed '/^#/d' "cmake/$1.lock")
  mkdir -p .deps
  exec 9>.deps/lock
  flock 9
  sources_ready "$1" && return 0
  rm -rf .deps/new
  mkdir -p ".deps/new/$1"
  /usr/bin/python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' \
    "$address" .deps/new/archive 9>&- ||
    die "$1 could not be fetched from $address: see the message above. Nothing was changed."
  sha256sum --quiet --check <<<"$hash  .deps/new/archive" ||
    die "$address is not the file that cmake/$1.lock names: its SHA-256 is another. Nothing was changed."
  "unpack_$1" .deps/new/archive ".deps/new/$1"
  if [[ -e cmake/$1.patch ]]; then
    patch --quiet --directory=".deps/new/$1" -p1 <"cmake/$1.patch" ||
      die "cmake/$1.patch does not fit the sources that cmake/$1.lock names. Nothing was changed."
  fi
  sources_origin "$1" >".deps/new/$1/weft-origin"
  if [[ -e .deps/$1 ]]; then mv ".deps/$1" .deps/new/old; fi
  mv ".deps/new/$1" ".deps/$1"
  rm -rf .deps/new
}

# setup_build [RELEASE]: what building takes: the Debian packages, and LibTorch, the shipped one unless a release is named.
setup_build() {
  local arch free_kib names needed=6 sizes="544 MB from PyPI, 1.2 GB on disk"
  [[ -e $(torch_lock "$@") ]] || die "no LibTorch $1 is pinned: $(torch_lock "$@") does not exist."
  arch=$(uname -m)
  [[ $arch == x86_64 ]] || die "this is $arch, but LibTorch is pinned for x86-64 (x86_64) only."
  share_deps
  keep_gpu "$@"
  if [[ -n ${want_gpu:-} ]]; then needed=12 sizes="with what GPUs need: 2.5 GB from PyPI, 3.8 GB on disk"; fi
  if ! torch_ready "$@"; then
    free_kib=$(df --output=avail -k . | tail -n 1)
    ((free_kib >= needed * 1024 * 1024)) ||
      die "only $((free_kib / 1024)) MiB of disk are free in $PWD: LibTorch and the build need $needed GiB."
  fi
  mapfile -t names < <(packages cmake/packages.txt)
  ensure_packages "${names[@]}"
  torch_ready "$@" ||
    step "unpack LibTorch into $(torch_place "$@") ($sizes)" install_torch "$@"
  sources_ready sentencepiece ||
    step "unpack SentencePiece into .deps/sentencepiece (8 MB from PyPI)" install_sources sentencepiece
  sources_ready xgrammar || step "unpack XGrammar into .deps/xgrammar (3 MB from PyPI)" install_sources xgrammar
}

# setup [RELEASE]: all of it, for the tests too.
setup() {
  local names
  setup_build "$@"
  mapfile -t names < <(packages tests/packages.txt)
  ensure_packages "${names[@]}"
  mapfile -t names < <(/usr/bin/python3 sdk/abi/releases.py)  # of the older hosts that a test builds
  ensure_packages "${names[@]}"
}

# share_deps: with WEFT_DEPS, .deps is a link to that folder.
share_deps() {
  [[ -n ${WEFT_DEPS:-} ]] || return 0
  [[ -L .deps || ! -e .deps ]] ||
    die ".deps is a folder of this clone already, so WEFT_DEPS is not followed. Remove it: ./dev clean --all."
  mkdir -p "$WEFT_DEPS"
  ln -sfn "$(realpath "$WEFT_DEPS")" .deps
}
