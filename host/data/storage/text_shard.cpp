// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/text_shard.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/plain_text.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

Lines::Lines(std::string path, std::string sort)
    : path_(std::move(path)), sort_(std::move(sort)), file_(path_) {
  if (file_.problem().empty()) return;
  throw Error(Exit::no_input,
              concat("The ", sort_, " ", path_, " ", file_.problem(), ". Check the path."));
}

/// Reads on behind what the buffer holds; false at the end.
bool Lines::fill() {
  constexpr std::size_t k_more = std::size_t{1} << 16;
  buffer_.erase(0, begin_);
  before_ += static_cast<std::int64_t>(begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t held = buffer_.size();
  if (held > k_largest_member) {
    throw Error(Exit::bad_data,
                concat("The ", sort_, " ", path_, ", line ", number_, ": it has more than ",
                       k_largest_member, " bytes. Divide it."));
  }
  buffer_.resize(held + k_more);
  const std::int64_t count = file_.read(buffer_.data() + held, k_more);
  if (count < 0) {
    throw Error(Exit::io,
                concat("The ", sort_, " ", path_, " cannot be read: ", std::strerror(errno), "."));
  }
  buffer_.resize(held + static_cast<std::size_t>(count));
  fingerprint_.add(buffer_.data() + held, static_cast<std::size_t>(count));
  return count > 0;
}

/// Leaves a mark at the beginning of the file out.
void Lines::pass_mark() {
  constexpr std::size_t k_longest_mark = 4;
  while (buffer_.size() < k_longest_mark && fill()) continue;
  try {
    end_ = buffer_.size() - without_mark(buffer_).size();
  } catch (const std::invalid_argument& problem) {
    throw Error(Exit::bad_data,
                concat("The ", sort_, " ", path_, " ", problem.what(), ". Convert it to UTF-8."));
  }
}

std::optional<std::string_view> Lines::next() {
  if (number_ == 0) pass_mark();
  while (true) {
    begin_ = end_;
    ++number_;
    std::size_t found = buffer_.find('\n', begin_);
    while (found == std::string::npos) {
      const std::size_t searched = buffer_.size() - begin_;
      if (!fill()) {
        if (begin_ == buffer_.size()) return std::nullopt;
        found = buffer_.size();  // the last line has no end of its own
        buffer_ += '\n';
        break;
      }
      found = buffer_.find('\n', searched);
    }
    end_ = found + 1;
    offset_ = before_ + static_cast<std::int64_t>(begin_);
    const std::string_view line =
        without_line_end(std::string_view(buffer_).substr(begin_, end_ - begin_));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) return line;
  }
}

Shard read_lines(const std::string& path, const std::string& member) {
  Shard shard;
  shard.name = path;
  Lines lines(path, "text");
  shard.set_file({"", path, lines.stamp()});
  while (const std::optional<std::string_view> line = lines.next()) {
    const std::size_t sample = shard.add_sample(std::to_string(lines.number()));
    shard.add_member(sample, member, lines.offset(), std::ssize(*line));
  }
  if (shard.size() == 0) {
    throw Error(Exit::bad_data, concat("The text ", path, " holds no line. Name another file."));
  }
  shard.fingerprint = lines.fingerprint();
  return shard;
}

}  // namespace weft::host
