// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <optional>
#include <string_view>

#include "host/data/codec/media.hpp"
#include "host/data/codec/metadata.hpp"

namespace weft::host {
namespace {

std::uint64_t big_endian(std::string_view text, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (const char byte : text.substr(at, count)) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

/// A box of an MP4 (ISO 14496-12, 4.2), cut to the one around it as FFmpeg does.
struct Box {
  std::string_view type;
  std::size_t begin = 0, content = 0, end = 0;
};

std::optional<Box> box_at(std::string_view text, std::size_t at, std::size_t end) {
  if (at + 8 > end) return std::nullopt;
  std::uint64_t size = big_endian(text, at, 4);
  std::size_t head = 8;
  if (size == 1 && at + 16 <= end) {
    size = big_endian(text, at + 8, 8);
    head = 16;
  }
  if (size == 0) size = end - at;
  if (size < head) return std::nullopt;
  const auto held = static_cast<std::size_t>(std::min<std::uint64_t>(size, end - at));
  return Box{text.substr(at + 4, 4), at, at + head, at + held};
}

/// Boxes of this type are passed over.
constexpr std::string_view k_skipped = "skip";
/// iTunes' name for how many samples the encoder put before the sound and behind it.
constexpr std::string_view k_delay = "iTunSMPB";
/// FFmpeg reads no deeper.
constexpr int k_deepest = 12;

bool is_user_data(std::string_view type) {
  return type == "udta" || type == "meta" || type == "ilst";
}

/// User data are passed over as a whole, but for the boxes around the first delay.
class UserData {
 public:
  UserData(std::string_view text, Changes& changes) : text_(text), changes_(changes) {}

  void visit(std::size_t at, std::size_t end, std::string_view parent, int depth) {
    if (depth > k_deepest) return;
    while (const std::optional<Box> box = box_at(text_, at, end)) {
      at = box->end;
      if (is_user_data(parent) && box->type != "hdlr") {
        visit_user_data(*box, depth);
      } else if (is_user_data(box->type)) {
        visit_user_data(*box, depth);
      } else if (box->type == "stsd") {
        skip_inside(*box);
      } else if (box->type != "mdat" && box->type != "hdlr") {
        visit(box->content, box->end, box->type, depth + 1);
      }
    }
  }

 private:
  void visit_user_data(const Box& box, int depth) {
    const std::string_view content = text_.substr(box.content, box.end - box.content);
    const bool has_delay = !has_delay_ && content.find(k_delay) != std::string_view::npos;
    if (has_delay && box.type == "----" && content.size() <= k_longest_delay) {
      has_delay_ = true;
    } else if (has_delay && is_user_data(box.type)) {
      // The boxes of `meta` begin with hdlr, behind a version or not.
      const std::size_t handler = box.type == "meta" ? content.find("hdlr") : 4;
      if (handler != std::string_view::npos && handler >= 4)
        visit(box.content + handler - 4, box.end, box.type, depth + 1);
    } else {
      changes_.add(box.begin + 4, k_skipped);
    }
  }

  /// In descriptions of samples, which hold no tables, boxes lie behind fields of many lengths.
  void skip_inside(const Box& box) {
    for (std::size_t at = box.content; at + 4 <= box.end; ++at) {
      if (is_user_data(text_.substr(at, 4))) changes_.add(at, k_skipped);
    }
  }

  static constexpr std::size_t k_longest_delay = 1024;

  std::string_view text_;
  Changes& changes_;
  bool has_delay_ = false;
};

/// An element of Matroska (RFC 8794, 4 to 6).
struct Element {
  std::uint64_t id = 0;
  std::size_t begin = 0, content = 0;
  std::size_t end = 0;  ///< cut to the file; that of the file where the size is unknown
  bool has_size = true;
};

std::optional<Element> element_at(std::string_view text, std::size_t at, std::size_t end) {
  Element element;
  element.begin = at;
  const auto length_at = [&](std::size_t place) {
    if (place >= end) return std::size_t{9};
    return static_cast<std::size_t>(std::countl_zero(static_cast<std::uint8_t>(text[place]))) + 1;
  };
  const std::size_t id = length_at(at);
  if (id > 4 || at + id >= end) return std::nullopt;
  element.id = big_endian(text, at, id);
  const std::size_t length = length_at(at + id);
  element.content = at + id + length;
  if (length > 8 || element.content > end) return std::nullopt;
  const std::uint64_t all = (std::uint64_t{1} << (7 * length)) - 1;
  const std::uint64_t size = big_endian(text, at + id, length) & all;
  element.has_size = size != all;
  element.end = element.has_size
                    ? element.content + static_cast<std::size_t>(
                                            std::min<std::uint64_t>(size, end - element.content))
                    : end;
  return element;
}

namespace id {
constexpr std::uint64_t k_segment = 0x18538067, k_index = 0x114D9B74, k_attachments = 0x1941A469,
                        k_tags = 0x1254C367, k_chapters = 0x1043A770, k_seek = 0x4DBB,
                        k_seek_position = 0x53AC;
}  // namespace id

/// Makes an element one that holds nothing (Void), as long as it was.
void empty(const Element& element, Changes& changes) {
  constexpr std::size_t k_longest = 8;
  const std::size_t head = element.content - element.begin;
  const std::size_t length = std::min(head - 1, k_longest);
  std::uint64_t size = element.end - element.begin - 1 - length;
  size |= std::uint64_t{1} << (7 * length);
  std::string bytes("\xec");
  for (std::size_t i = length; i-- > 0;) bytes += static_cast<char>(size >> (8 * i) & 0xff);
  changes.add(element.begin, bytes);
}

/// Whether an index leads to begins of elements alone, which are in order.
bool leads_to(const std::vector<std::size_t>& begins, std::size_t segment, std::string_view text,
              const Element& index) {
  std::size_t at = index.content;
  while (const std::optional<Element> seek = element_at(text, at, index.end)) {
    at = seek->end;
    if (seek->id != id::k_seek) continue;
    std::size_t inner = seek->content;
    while (const std::optional<Element> part = element_at(text, inner, seek->end)) {
      inner = part->end;
      if (part->id != id::k_seek_position) continue;
      const std::uint64_t to = segment + big_endian(text, part->content, part->end - part->content);
      if (!std::binary_search(begins.begin(), begins.end(), to)) return false;
    }
  }
  return true;
}

}  // namespace

void pass_over_user_data(std::string_view text, Changes& changes) {
  UserData(text, changes).visit(0, text.size(), "", 0);
}

void pass_over_attachments(std::string_view text, Changes& changes, const std::string& place) {
  constexpr std::size_t k_least = 8;  // smaller ones hold nothing
  std::vector<std::size_t> begins;
  std::vector<Element> indices;
  std::size_t at = 0, segment = 0;
  while (const std::optional<Element> element = element_at(text, at, text.size())) {
    constexpr std::uint64_t k_shortest = 0xff'ffff;  // parts of segments have ids of four bytes
    if (element->id > k_shortest) begins.push_back(element->begin);
    // The parts of a segment are its own, and so are those of a cluster that does not say its size.
    const bool is_opened = element->id == id::k_segment || !element->has_size;
    at = is_opened ? element->content : element->end;
    if (element->id == id::k_segment && segment == 0) segment = element->content;
    if (element->id == id::k_index) indices.push_back(*element);
    const bool is_metadata = element->id == id::k_attachments || element->id == id::k_tags ||
                             element->id == id::k_chapters;
    if (!is_metadata) continue;
    if (!element->has_size) cannot_decode(place, "its attachments, tags or chapters have no size");
    if (element->end - element->content >= k_least) empty(*element, changes);
  }
  for (const Element& index : indices) {
    if (index.has_size && !leads_to(begins, segment, text, index)) empty(index, changes);
  }
}

}  // namespace weft::host
