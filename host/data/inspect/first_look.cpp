// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/first_look.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/dataset/example.hpp"
#include "host/data/image/image_head.hpp"
#include "host/data/storage/foreign_file.hpp"
#include "host/data/storage/plain_text.hpp"

namespace weft::host {
namespace {

constexpr std::int64_t k_most_looks = 100;

bool is_one_of(const std::string& member, std::initializer_list<const char*> endings) {
  return std::ranges::any_of(endings,
                             [&](const char* ending) { return has_ending("." + member, ending); });
}

bool is_picture(const std::string& member) {
  return is_one_of(member, {".png", ".jpg", ".jpeg", ".webp"});
}

bool is_recording(const std::string& member) {
  return is_one_of(member, {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"});
}

bool is_text(const std::string& member) {
  return is_one_of(member, {".txt", ".cls", ".text", ".caption", ".transcript"});
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// Gathers the values of one column, and then says what it is.
class ColumnLook {
 public:
  void add(std::string_view value) {
    const std::string text(without_blanks(value));
    if (text.empty()) return;
    ++column.samples;
    if (column.counts.size() <= k_most_categories || column.counts.contains(text)) {
      ++column.counts[text];
    }
    add_number(text);
    add_words(text);
  }

  void add_structure() {
    ++column.samples;
    is_structured_ = true;
  }

  void finish() {
    const auto count = static_cast<double>(column.samples);
    const bool are_few = column.counts.size() <= k_most_categories &&
                         3 * std::ssize(column.counts) <= column.samples;
    if (is_structured_) {
      column.kind = Column::Kind::structure;
    } else if (column.samples == 0) {
      column.kind = Column::Kind::other;
    } else if (is_number_) {
      column.kind =
          grows_by_1_ && column.samples > 2 ? Column::Kind::counter : Column::Kind::number;
      column.mean = sum_ / count;
      const double variance = squares_ / count - column.mean * column.mean;
      column.deviation = variance > 0 ? std::sqrt(variance) : 1;
    } else if (are_few && words_ < 3 * column.samples) {
      column.kind = Column::Kind::category;
    } else {
      column.kind = words_ > column.samples ? Column::Kind::text : Column::Kind::other;
    }
  }

  Column column;

 private:
  void add_number(const std::string& text) {
    const std::optional<double> value = number_of(text);
    is_number_ &= value.has_value();
    if (!is_number_) return;
    const bool is_whole = *value == std::floor(*value);
    column.is_whole = is_whole && (column.is_whole || column.samples == 1);
    grows_by_1_ &= column.samples == 1 || *value == last_ + 1;
    last_ = *value;
    sum_ += *value;
    squares_ += *value * *value;
  }

  void add_words(const std::string& text) {
    std::int64_t count = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      begin = text.find_first_not_of(" \t\r\n", begin);
      if (begin == std::string::npos) break;
      const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
      if (column.words.size() <= k_most_words) column.words.insert(text.substr(begin, end - begin));
      ++count;
      begin = end;
    }
    words_ += count;
    column.longest = std::max(column.longest, count);
    column.longest_characters = std::max(column.longest_characters, std::ssize(text));
  }

  bool is_structured_ = false, is_number_ = true, grows_by_1_ = true;
  double last_ = 0, sum_ = 0, squares_ = 0;
  std::int64_t words_ = 0;
};

class Looker {
 public:
  explicit Looker(const Shard& shard) : shard_(shard) {}

  FirstLook look() {
    look_.samples = static_cast<std::int64_t>(shard_.size());
    for (std::size_t i = 0; i < shard_.size(); ++i) look_at(i);
    for (auto& [key, one] : columns_) {
      one.finish();
      look_.columns.push_back(std::move(one.column));
    }
    look_.other_members.assign(others_.begin(), others_.end());
    look_.pictures.members = joined(pictures_);
    look_.recordings.members = joined(recordings_);
    if (!heights_.empty()) {
      look_.pictures.height = median(heights_);
      look_.pictures.width = median(widths_);
    }
    return std::move(look_);
  }

 private:
  void look_at(std::size_t sample) {
    bool has_picture = false, has_recording = false;
    for (const std::string& member : shard_.members(sample)) {
      if (member == "json") {
        look_at_json(sample);
      } else if (is_text(member)) {
        column(member, member).add(text_of(shard_.read(sample, member)));
      } else if (is_picture(member)) {
        pictures_.insert(member);
        if (!has_picture) look_at_picture(sample, member);
        has_picture = true;
      } else if (is_recording(member)) {
        recordings_.insert(member);
        if (!has_recording) look_at_recording(sample, member);
        has_recording = true;
      } else {
        others_.insert(member);
      }
    }
  }

  ColumnLook& column(const std::string& name, const std::string& source) {
    ColumnLook& found = columns_[name];
    found.column.name = name;
    found.column.source.text = source;
    return found;
  }

  void look_at_json(std::size_t sample) {
    const Bytes bytes = shard_.read(sample, "json");
    Json json;
    try {
      json = parse_sample_json(without_mark(text_of(bytes)));
    } catch (const std::exception& problem) {
      throw Error(Exit::bad_data, concat(shard_.place(sample), ": the member json is not usable (",
                                         problem.what(), "). Correct it."));
    }
    if (!json.is_object()) return;
    for (const auto& [key, value] : json.items()) {
      const std::string pointer = (Json::json_pointer() / key).to_string();
      ColumnLook& found = column(key, pointer);
      if (value.is_structured())
        found.add_structure();
      else if (value.is_string())
        found.add(value.get_ref<const std::string&>());
      else if (!value.is_null())
        found.add(value.dump());
    }
  }

  /// Whether one more is to be looked into: the first, and then as they lie over the whole.
  bool is_looked_into(MediaLook& media, std::size_t sample) {
    ++media.samples;
    const auto step = std::max<std::int64_t>(1, look_.samples / k_most_looks);
    if (static_cast<std::int64_t>(sample) < media.looked_at * step) return false;
    ++media.looked_at;
    return true;
  }

  void look_at_picture(std::size_t sample, const std::string& member) {
    if (!is_looked_into(look_.pictures, sample)) return;
    const std::string place = concat(shard_.place(sample), ": ", member);
    const Bytes bytes = shard_.read(sample, member);
    const PictureHead head = vetted_head(bytes, place);
    heights_.push_back(head.height);
    widths_.push_back(head.width);
  }

  void look_at_recording(std::size_t sample, const std::string& member) {
    if (!is_looked_into(look_.recordings, sample)) return;
    constexpr int k_rate = 16000;
    const std::string place = concat(shard_.place(sample), ": ", member);
    const Audio audio = decode_audio(shard_.read(sample, member), k_rate, place);
    look_.recordings.seconds =
        std::max(look_.recordings.seconds, static_cast<double>(audio.samples.size()) / k_rate);
  }

  static std::int64_t median(std::vector<std::int64_t> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
  }

  static std::string joined(const std::set<std::string>& members) {
    std::string names;
    for (const std::string& member : members) names += (names.empty() ? "" : ";") + member;
    return names;
  }

  const Shard& shard_;
  FirstLook look_;
  std::map<std::string, ColumnLook> columns_;
  std::set<std::string> pictures_, recordings_, others_;
  std::vector<std::int64_t> heights_, widths_;
};

}  // namespace

const Column* FirstLook::column(const std::string& name) const {
  const auto found = std::ranges::find(columns, name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

FirstLook first_look(const Shard& shard) {
  return Looker(shard).look();
}

}  // namespace weft::host
