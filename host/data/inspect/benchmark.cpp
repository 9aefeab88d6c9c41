// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/benchmark.hpp"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/document/document.hpp"
#include "host/data/loading/order.hpp"

namespace weft::host {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t k_most_timed = 1000;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Of this thread, in seconds.
double processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

int usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

/// Calls the stages one by one and adds up what they take.
class StageClock {
 public:
  StageClock(const Dataset::Content& content, Split split)
      : content_(content), split_(split), row_(empty_batch(content, 1)) {
    stages_.push_back({"reading"});
    stages_.push_back({"values and JSON"});
    for (const FieldOptions& field : content.options.fields) {
      const bool is_text = std::holds_alternative<TextOptions>(field.kind);
      stages_.push_back({concat(is_text ? "encoding " : "decoding ", field.name)});
    }
    stages_.push_back({"assembling"});
  }

  void time(const Draw& draw) {
    const SplitContent& part = content_.part(split_);
    const ExampleRef& ref = part.examples[draw.example];
    const Shard& shard = *part.shards[ref.shard];
    double begin = processor_time();
    const Example example = read_example(shard, ref, content_.options, content_.row_sources);
    stages_[1].seconds += processor_time() - begin;
    for (std::size_t f = 0; f < content_.options.fields.size(); ++f) {
      const FieldOptions& field = content_.options.fields[f];
      double& stage = stages_[f + 2].seconds;
      if (std::holds_alternative<TextOptions>(field.kind)) {
        const auto text = example.values.find(field.source.text);
        begin = processor_time();
        if (text != example.values.end()) content_.tokenizer->encode(text->second);
        stage += processor_time() - begin;
      } else if (std::holds_alternative<DocumentOptions>(field.kind)) {
        begin = processor_time();  // reading its members included
        document_pieces(content_, draw, part, example, field, nullptr);
        stage += processor_time() - begin;
        for (const DocumentPart& one : document_parts(field, example, shard, ref.sample)) {
          if (one.kind != DocumentPart::Kind::text)
            bytes_ += std::ssize(shard.read(ref.sample, shard.chosen(ref.sample, one.value)));
        }
      } else if (field.is_media()) {
        if (shard.has_any(ref.sample, field.source.text))
          time_media(shard, ref.sample, field, stage);
      }
    }
    for (const std::string& source : content_.row_sources) {
      if (!Source{source}.is_pointer() && shard.has_any(ref.sample, source))
        bytes_ += std::ssize(shard.read(ref.sample, shard.chosen(ref.sample, source)));
    }
    begin = processor_time();
    fill_row(content_, split_, draw, row_, 0);
    filling_ += processor_time() - begin;
    ++timed_;
  }

  void give(Speed& speed) const {
    speed.timed = timed_;
    const auto count = static_cast<double>(std::max<std::int64_t>(timed_, 1));
    speed.bytes = static_cast<double>(bytes_) / count;
    double known = reading_;
    for (std::size_t i = 1; i < stages_.size(); ++i) known += stages_[i].seconds;
    for (StageSpeed stage : stages_) {
      // What filling a row takes beside the stages: augmenting, copying, looking up.
      if (stage.name == stages_.back().name) stage.seconds = std::max(0.0, filling_ - known);
      stage.seconds /= count;
      if (stage.seconds > 0) speed.stages.push_back(stage);
    }
  }

 private:
  /// Reading by the clock, since disks let a thread wait; decoding by the processor's time.
  void time_media(const Shard& shard, std::size_t sample, const FieldOptions& field,
                  double& stage) {
    const Clock::time_point clock = Clock::now();
    double begin = processor_time();
    bytes_ += std::ssize(shard.read(sample, shard.chosen(sample, field.source.text)));
    const double reading = processor_time() - begin;
    reading_ += reading;
    stages_[0].seconds += since(clock);
    begin = processor_time();
    try {
      make_feature(shard, sample, field);  // reads the member as well
    } catch (const LacksSound&) {
      if (!field.is_optional) throw;
    }
    stage += std::max(0.0, processor_time() - begin - reading);
  }

  const Dataset::Content& content_;
  const Split split_;
  Batch row_;
  std::vector<StageSpeed> stages_;
  double reading_ = 0, filling_ = 0;  ///< processor time
  std::int64_t bytes_ = 0, timed_ = 0;
};

/// Batches without end, as training takes them, or evaluation again and again.
class Batches {
 public:
  Batches(const Dataset& dataset, Split split, std::int64_t size, std::uint64_t seed)
      : dataset_(dataset), split_(split), size_(size) {
    if (split == Split::train) {
      training_.emplace(dataset, size, seed);
    } else {
      evaluation_.emplace(dataset, split, size);
    }
  }

  void next() {
    Batch batch;
    if (training_) {
      training_->next();
      return;
    }
    if (!evaluation_->next(batch)) {
      waited_before_ += evaluation_->waited();
      evaluation_.emplace(dataset_, split_, size_);
      if (!evaluation_->next(batch)) {
        throw Error(Exit::bad_data, concat("Data ", dataset_.name(), ": no example of the part ",
                                           split_name(split_), " can be used."));
      }
    }
    taken_ += batch.size;
  }

  std::int64_t taken() const { return training_ ? training_->position().taken : taken_; }
  double waited() const {
    return training_ ? training_->waited() : waited_before_ + evaluation_->waited();
  }

 private:
  const Dataset& dataset_;
  const Split split_;
  const std::int64_t size_;
  std::optional<TrainingStream> training_;  ///< or
  std::optional<EvaluationStream> evaluation_;
  std::int64_t taken_ = 0;
  double waited_before_ = 0;
};

void time_stages(const Dataset::Content& content, Split split, std::uint64_t seed, double seconds,
                 Speed& speed) {
  StageClock stages(content, split);
  std::optional<TrainingOrder> order;
  if (split == Split::train) order.emplace(content, seed);
  const auto most = std::min<std::uint64_t>(k_most_timed, content.part(split).size());
  const Clock::time_point begin = Clock::now();
  for (std::uint64_t i = 0; i < most && since(begin) < seconds; ++i) {
    try {
      stages.time(order ? order->at(i) : Draw{static_cast<std::size_t>(i), 0, std::nullopt});
    } catch (const Error& error) {  // as the stream does
      if (!content.quarantine.takes(error)) throw;
    }
  }
  stages.give(speed);
}

}  // namespace

double Speed::cost() const {
  double sum = 0;
  for (const StageSpeed& stage : stages) sum += stage.seconds;
  return sum;
}

double Speed::most() const {
  return cost() > 0 ? std::min(workers, cores) / cost() : 0;
}

std::string Speed::limit() const {
  if (stages.empty()) return "No example could be timed.";
  const StageSpeed& first = *std::ranges::max_element(stages, {}, &StageSpeed::seconds);
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "%.0f %% of the threads' time; with ",
                100 * first.seconds / cost());
  return concat(static_cast<char>(std::toupper(first.name[0])), first.name.substr(1), " takes ",
                numbers, workers, workers == 1 ? " worker" : " workers", " on ", cores,
                cores == 1 ? " core" : " cores", " at most ", static_cast<std::int64_t>(most()),
                " samples a second are possible",
                has_cache ? " while nothing comes out of loading.cache." : ".");
}

Speed measure_speed(const Dataset& dataset, const Dataset& uncached, Split split,
                    std::int64_t batch, std::uint64_t seed, double seconds) {
  const Dataset::Content& content = dataset.content();
  Speed speed;
  speed.cores = usable_cores();
  speed.has_cache = content.options.loading.cache_bytes > 0;
  speed.workers = content.options.loading.threads();
  if (uncached.size(split) > 0) time_stages(uncached.content(), split, seed, seconds / 3, speed);
  Batches batches(dataset, split, batch, seed);
  // What was made ahead before the clock starts must not count.
  for (int i = 0; i <= content.options.loading.prefetch; ++i) batches.next();
  const double waited = batches.waited();
  const std::int64_t taken = batches.taken();
  const Clock::time_point begin = Clock::now();
  do {
    batches.next();
    speed.samples = batches.taken() - taken;
    speed.seconds = since(begin);
  } while (speed.seconds < seconds * 2 / 3);
  speed.waited = batches.waited() - waited;
  // Until all batches that may be made ahead are there, as when training is slower than its data:
  // that is when most memory is in use.
  const double ahead = static_cast<double>(batch * content.options.loading.prefetch);
  std::this_thread::sleep_for(
      std::chrono::duration<double>(std::min(5.0, 1.5 * ahead / speed.per_second())));
  return speed;
}

}  // namespace weft::host
