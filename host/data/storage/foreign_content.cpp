// SPDX-License-Identifier: Apache-2.0
#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

#include "host/base/text.hpp"
#include "host/data/storage/foreign_file.hpp"

namespace weft::host {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t k_block = 512;  ///< a tar's first header

/// The first bytes of what a compressed file holds, as far as they can be had.
std::string decompressed(std::string_view head, bool& is_cut) {
  struct Free {
    void operator()(archive* tar) const { archive_read_free(tar); }
  };
  const std::unique_ptr<archive, Free> raw(archive_read_new());
  archive_read_support_format_raw(raw.get());
  archive_read_support_filter_gzip(raw.get());
  archive_read_support_filter_zstd(raw.get());
  archive_entry* entry = nullptr;
  std::string bytes;
  la_ssize_t count = -1;
  if (archive_read_open_memory(raw.get(), head.data(), head.size()) == ARCHIVE_OK &&
      archive_read_next_header(raw.get(), &entry) == ARCHIVE_OK) {
    std::array<char, k_block> block;
    while (bytes.size() < k_block &&
           (count = archive_read_data(raw.get(), block.data(), block.size())) > 0) {
      bytes.append(block.data(), static_cast<std::size_t>(count));
    }
  }
  is_cut = count < 0;
  return bytes;
}

}  // namespace

std::optional<ForeignFile> foreign_content(std::string_view head, bool is_whole,
                                           const std::string& name) {
  const bool is_gzip = head.starts_with("\x1f\x8b"sv);
  if (!is_gzip && !head.starts_with("\x28\xb5\x2f\xfd"sv)) return std::nullopt;
  const char* const by = is_gzip ? "gzip" : "Zstandard";
  bool is_cut = false;
  const std::string content = decompressed(head, is_cut);
  constexpr const char* k_again = "Copy it again from its source, or make it anew";
  if (content.size() < k_block && (is_cut || !is_whole)) {
    return ForeignFile{concat("is compressed by ", by, ", and cut off or damaged"), k_again};
  }
  if (content.empty()) return ForeignFile{concat("is compressed by ", by, ", and empty"), k_again};
  if (const auto inside = foreign_file(content, name.substr(0, name.rfind('.')))) {
    return ForeignFile{concat("is compressed by ", by, "; what it holds ", inside->found),
                       concat("Decompress it. ", inside->remedy)};
  }
  return ForeignFile{concat("is compressed by ", by, "; what it holds is not a tar"), k_again};
}

}  // namespace weft::host
