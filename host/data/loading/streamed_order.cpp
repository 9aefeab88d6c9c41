// SPDX-License-Identifier: Apache-2.0
#include "host/data/loading/streamed_order.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"
#include "host/data/loading/order.hpp"
#include "host/data/storage/tar_file.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_largest_sample = std::size_t{1} << 30;  // a run holds several

/// Examples that are held at once without a shuffle, for stand-ins.
constexpr std::size_t k_run = 64;

/// A stream's number of samples is not known: bad_samples takes its share of those read, and at
/// first of so many.
constexpr std::int64_t k_least = 1000;

std::uint64_t hash(std::initializer_list<std::uint64_t> words) {
  return RandomSequence(words).next();
}

std::uint64_t number(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

}  // namespace

StreamedOrder::StreamedOrder(const Dataset::Content& content, Split split,
                             std::optional<std::uint64_t> seed)
    : content_(content), part_(content.part(split)), split_(split), seed_(seed) {
  const OrderOptions& order = content.options.order;
  is_shuffled_ = seed && order.is_shuffled;
  run_size_ = is_shuffled_ ? static_cast<std::size_t>(order.buffer) : k_run;
}

std::optional<Draw> StreamedOrder::next() {
  if (!run_ || number(position_.offset) == run_->size()) {
    if (!read_run()) return std::nullopt;
  }
  const std::uint64_t place = number(position_.offset);
  const std::uint64_t key = hash({seed_.value_or(0), number(position_.epoch),
                                  number(position_.shard), number(position_.example)});
  const std::uint64_t chosen = is_shuffled_ ? Permutation(run_->size(), key)(place) : place;
  Draw draw{static_cast<std::size_t>(chosen), 0, std::nullopt, run_};
  if (seed_) draw.origin = std::array{*seed_, key, place};
  ++position_.offset;
  ++position_.taken;
  return draw;
}

void StreamedOrder::seek(const Position& position) {
  if (seen_ > 0 && std::ranges::find(part_.entries, "-") != part_.entries.end()) {
    throw Error(Exit::bad_checkpoint, concat("Data ", content_.name,
                                             ": standard input cannot be read again. Begin a new "
                                             "process for every run."));
  }
  position_ = position;
  epoch_ = position.epoch;
  shard_ = position.shard;
  skip_ = position.example;
  example_ = 0;
  seen_before_epoch_ = -1;
  open_ = {};
  run_ = nullptr;
  if (position.offset == 0) return;
  read_run();
  position_ = position;
}

/// Reads the next run and stands at its beginning; false at the end.
bool StreamedOrder::read_run() {
  auto run = std::make_shared<SplitContent>();
  run->pools.resize(content_.options.fields.size());
  position_.offset = 0;
  const auto mark_beginning = [&] {
    position_.epoch = epoch_;
    position_.shard = shard_;
    position_.example = std::max(example_, skip_);
  };
  mark_beginning();
  while (run->size() < run_size_) {
    if (open_.tar && read_sample(*run)) continue;
    if (open_.tar) {
      open_ = {};
      ++shard_;
      example_ = skip_ = 0;
    }
    if (shard_ == std::ssize(part_.entries)) {
      // A run does not reach into the next epoch.
      if (run->size() > 0 || !begin_epoch()) break;
    }
    if (run->size() == 0) mark_beginning();
    open_next();
  }
  run->split = split_;
  run->among = static_cast<std::size_t>(std::max(seen_, k_least));
  run_ = run->size() > 0 ? std::move(run) : nullptr;
  return run_ != nullptr;
}

bool StreamedOrder::begin_epoch() {
  if (!seed_) return false;
  if (seen_ == seen_before_epoch_) {
    throw Error(Exit::bad_data,
                concat("Data ", content_.name, ": the shards of ", split_name(split_),
                       " hold no example. Correct where, or name other shards."));
  }
  if (std::ranges::find(part_.entries, "-") != part_.entries.end()) {
    throw Error(Exit::no_input,
                concat("Data ", content_.name, ": standard input ended after ", seen_,
                       " examples, and cannot be read again. Give a longer stream, "
                       "or fewer steps."));
  }
  ++epoch_;
  shard_ = 0;
  seen_before_epoch_ = seen_;
  return true;
}

std::string StreamedOrder::entry_of(std::int64_t shard) const {
  const std::uint64_t count = part_.entries.size();
  const std::uint64_t place =
      is_shuffled_ ? Permutation(count, hash({*seed_, number(epoch_)}))(number(shard))
                   : number(shard);
  return part_.entries[place];
}

void StreamedOrder::open_next() {
  const std::string entry = entry_of(shard_);
  open_ = {};
  open_.name = entry == "-" ? "standard input" : entry;
  open_.input = open_tar_input(entry, content_.permission, cancelled_);
  open_.tar = std::make_unique<TarReader>(*open_.input);
}

/// To the next member. What is wrong behind a sample does not take the sample with it.
void StreamedOrder::go_on() {
  open_.has_begun = true;
  try {
    open_.has_member = open_.tar->next();
  } catch (const Error& error) {
    open_.has_member = false;
    open_.failure = error;
  }
}

/// Reads one sample onto the end of the run; false at the end of the shard.
bool StreamedOrder::read_sample(SplitContent& run) {
  auto shard = std::make_shared<Shard>();
  shard->name = open_.name;
  TarReader& tar = *open_.tar;
  try {
    if (!open_.has_begun) go_on();
    if (open_.failure) throw Error(*open_.failure);
    if (!open_.has_member) return false;
    const std::string key = tar.key();
    shard->add_sample(key);
    std::size_t size = 0;
    do {
      std::string bytes;
      tar.read(&bytes);
      size += bytes.size();
      if (size > k_largest_sample) tar.refuse(concat("holds more than 1 GiB in sample ", key));
      if (!shard->add_member(0, tar.name(), std::string_view(bytes))) {
        tar.refuse(concat("holds ", key, ".", tar.name(), " twice"));
      }
      go_on();
    } while (open_.has_member && tar.key() == key);
  } catch (const Error& error) {
    if (cancelled_ || error.exit() != Exit::bad_data) throw;
    // A command that fails cuts its output off, and its own end says more.
    if (is_pipe(entry_of(shard_))) open_.input->finish();
    set_aside("", error);
    return false;
  }
  add_examples(run, std::move(shard));
  return true;
}

void StreamedOrder::add_examples(SplitContent& run, std::shared_ptr<const Shard> shard) {
  const auto number_of_shard = static_cast<std::uint32_t>(run.shards.size());
  std::vector<ExampleRef> found;
  try {
    const std::set<std::string> sources = listing_sources(content_.options, Split::val);
    for_each_example(*shard, 0, content_.options, sources,
                     [&](std::uint32_t entry, const Example&, bool is_kept) {
                       if (is_kept) found.push_back({number_of_shard, 0, entry});
                     });
  } catch (const Error& error) {
    if (error.exit() != Exit::bad_data) throw;
    set_aside(std::string(shard->key(0)), error);
    return;
  }
  example_ += std::ssize(found);
  if (example_ <= skip_) return;
  seen_ += std::ssize(found);
  run.examples.insert(run.examples.end(), found.begin(), found.end());
  run.shards.push_back(std::move(shard));
}

void StreamedOrder::set_aside(const std::string& key, const Error& error) {
  const bool is_sample = !key.empty();  // or it is the rest of a shard
  if (!content_.quarantine.is_open() && is_sample) content_.quarantine.refuse(error);
  if (!content_.quarantine.is_open()) throw error;
  content_.quarantine.add({open_.name, key, error.what()}, split_,
                          static_cast<std::size_t>(std::max(seen_, k_least)));
}

}  // namespace weft::host
