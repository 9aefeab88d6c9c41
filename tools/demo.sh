# shellcheck shell=bash
# The demonstration, and the data that is made for an example. Read by ./dev.

weft=build/release/bin/weft

# Prints one SHA-256 over the program, its library and each plug-in: what must not change when a recipe does.
binaries_hash() { sha256sum "$weft" build/release/lib/*.so build/release/lib/weft/plugins/*.so | sha256sum | cut -c 1-16; }

# train NAME RECIPE [OPTION…]: one core a model, because two models side by side use two cores better than one does.
train() {
  local name=$1 recipe=$2
  shift 2
  "$weft" train "$recipe" --run "runs/demo/$name" --overwrite --threads 1 "$@"
}

# train_without MODALITY…: the same model without some modalities; what it prints goes to runs/demo/*.log.
train_without() {
  local only
  for only in "$@"; do
    train "only_$only" "recipes/digits_qa_$only.json" --quiet >"runs/demo/only_$only.log" 2>&1 ||
      die "training recipes/digits_qa_$only.json failed: see runs/demo/only_$only.log."
  done
}

# Trains the fused model in front and single modalities behind it, on the other core.
train_and_compare() {
  mkdir -p runs/demo
  local others
  set -m  # a process group of its own, so that all of it can be ended
  train_without picture voice &
  others=$!
  set +m
  # shellcheck disable=SC2064 # the number of now, as `local` ends before the trap runs
  trap "kill -- -$others 2>/dev/null || true" EXIT
  train fused recipes/digits_qa.json
  say "now the models that know less, trained the same way …"
  train_without question
  wait "$others"
  trap - EXIT
  say "right answers on the test shard; \"only\" models get the question and one modality, or the question alone:"
  "$weft" eval runs/demo/fused runs/demo/only_picture runs/demo/only_voice runs/demo/only_question
}

# The same model with another fusion module: only the recipe's word differs.
train_swapped() {
  [[ -e runs/demo/fused ]] || die "run ./dev demo first: the other fusion is shown beside it."
  local before
  before=$(binaries_hash)
  train "$1" recipes/digits_qa.json --set "graph.fusion.use=$1"
  "$weft" eval runs/demo/fused "runs/demo/$1"
  say "host and plug-ins before the swap: $before"
  say "host and plug-ins after it:        $(binaries_hash)"
}

demo() {
  build_product
  if (($#)); then
    step "train and evaluate with $1 in place of the recipe's fusion" train_swapped "$1"
  else
    step "train and evaluate on real pictures, voices and questions" train_and_compare
    say "next: ./dev demo fusion.concat trains the same model with another fusion module."
  fi
}

# Into a scratch folder first, so that an interruption leaves no half of a set behind.
make_stamps() {
  local scratch
  scratch=$(mktemp -d "$PWD/build/stamps.XXXXXX")
  # shellcheck disable=SC2064 # as above
  trap "rm -rf '$scratch'" EXIT
  mkdir "$scratch/shards"
  (cd "$scratch" && apt-get -qq -o APT::Sandbox::User= download tuxpaint-stamps-default) >/dev/null ||
    die "apt-get could not download tuxpaint-stamps-default: see its message. Are the package lists there (apt-get update)?"
  dpkg-deb -x "$scratch"/tuxpaint-stamps-default_*.deb "$scratch/package"
  /usr/bin/python3 examples/stamps/make.py "$scratch/package/usr/share/tuxpaint/stamps" "$scratch/shards"
  mv "$scratch"/shards/* examples/stamps/
}

# Out of the shards of examples/digits. The same here about interruptions.
make_from_digits() {
  local scratch
  scratch=$(mktemp -d "$PWD/build/$1.XXXXXX")
  # shellcheck disable=SC2064 # as above
  trap "rm -rf '$scratch'" EXIT
  /usr/bin/python3 "examples/$1/make.py" examples/digits "$scratch"
  mv "$scratch"/*.tar "examples/$1/"
}

data() {
  mkdir -p build
  case ${1:-} in
    stamps)
      ensure_packages ffmpeg librsvg2-bin python3 python3-pil
      step "make the shards of examples/stamps" make_stamps
      ;;
    speech | scenes)
      ensure_packages python3
      step "make the shards of examples/$1" make_from_digits "$1"
      ;;
    *) die "data knows 'stamps', 'speech' and 'scenes'; the other examples are in the repository. See ./dev --help." ;;
  esac
}
