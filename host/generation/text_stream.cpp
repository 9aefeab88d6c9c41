// SPDX-License-Identifier: Apache-2.0
#include "host/generation/text_stream.hpp"

#include <algorithm>

namespace weft::host {
namespace {

/// U+FFFD, which decoders give for bytes that are no character yet.
constexpr std::string_view k_unfinished = "\xEF\xBF\xBD";

/// How many bytes at the end of the text begin a stop text.
std::size_t waiting(const std::string& text, const std::vector<std::string>& stop) {
  std::size_t most = 0;
  for (const std::string& one : stop)
    for (std::size_t size = std::min(one.size(), text.size()); size > most; --size)
      if (text.ends_with(one.substr(0, size))) most = size;
  return most;
}

}  // namespace

std::string TextStream::next(const Tokens& tokens) {
  std::string text = decode_(tokens);
  while (text.ends_with(k_unfinished)) text.resize(text.size() - k_unfinished.size());
  text.resize(text.size() - waiting(text, stop_));
  // A token may change what the ones before it say, such as a space at the end.
  if (!text.starts_with(shown_)) return "";
  return rest(text);
}

std::string TextStream::rest(const std::string& text) {
  const std::string more = text.size() > shown_.size() ? text.substr(shown_.size()) : "";
  shown_ = text;
  return more;
}

}  // namespace weft::host
