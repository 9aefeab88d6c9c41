// SPDX-License-Identifier: Apache-2.0
/// Bytes of a .jsonl file beside a folder's files: an index of that folder, or a text of one sample
/// a line. It is read as training reads it, up to the examples, their values and the lists of
/// documents' parts.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/dataset/example.hpp"
#include "host/data/document/document.hpp"
#include "host/data/storage/shard.hpp"

namespace {

using weft::host::Damage;
using weft::host::DataOptions;
using weft::host::DocumentOptions;
using weft::host::DocumentPart;
using weft::host::Error;
using weft::host::Example;
using weft::host::Exit;
using weft::host::FieldOptions;
using weft::host::Shard;

/// A number such as 1e9 grows to 1000000000.0 when it is written again.
constexpr std::size_t k_growth = 32;
constexpr std::size_t k_file = 12;  ///< bytes of the file that an index can name

void require(bool condition) {
  if (!condition) std::abort();
}

/// A folder of the process's own.
class DataFolder {
 public:
  DataFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "weft-jsonl-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    std::filesystem::create_directory(path_ / "d");
    std::ofstream(path_ / "d/a.json") << R"({"q": [{}]})";
    std::filesystem::create_symlink("a.json", path_ / "d/b");
  }
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;
  ~DataFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// The path of an index with these bytes.
  std::string hold(const std::uint8_t* bytes, std::size_t size) const {
    std::string path = path_ / "i.jsonl";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    return path;
  }

 private:
  std::filesystem::path path_;
};

/// A sample's JSON as a recipe may look at it.
const std::array<DataOptions, 4>& sections() {
  static const std::array<DataOptions, 4> made = [] {
    std::array<DataOptions, 4> sections;
    sections[1].each = "/q";
    sections[2].each = "/q/0";
    sections[3].each = "/a/q";
    for (DataOptions& section : sections) section.where = {{"/s", {"a", "1", "null"}}};
    return sections;
  }();
  return made;
}

/// A document whose list is the value at `source`.
FieldOptions document_field(const char* source, bool has_media) {
  FieldOptions field;
  field.name = "page";
  field.source = {source};
  DocumentOptions& options = field.kind.emplace<DocumentOptions>();
  if (has_media) options.pictures.emplace(), options.sounds.emplace();
  return field;
}

/// A document of the recipe's parts.
FieldOptions parts_field() {
  FieldOptions field = document_field("", true);
  std::get<DocumentOptions>(field.kind).parts = {{DocumentPart::Kind::text, "/s", true},
                                                 {DocumentPart::Kind::picture, "png;txt", true},
                                                 {DocumentPart::Kind::sound, "json", true}};
  return field;
}

void read_documents(const Shard& shard, std::size_t sample, const Example& example) {
  static const std::array fields = {document_field("/q", true), document_field("/a/q/0", false),
                                    parts_field()};
  for (const FieldOptions& field : fields) {
    std::vector<DocumentPart> parts;
    try {
      parts = weft::host::document_parts(field, example, shard, sample);
    } catch (const Error& error) {
      require(error.exit() == Exit::bad_data && error.what()[0] != '\0');
      continue;
    }
    const bool is_listed = !field.source.text.empty();
    require(parts.size() <= (is_listed ? example.values.at(field.source.text).size() : 3));
    for (const DocumentPart& part : parts) {
      if (part.kind == DocumentPart::Kind::text || !shard.has_any(sample, part.value)) continue;
      shard.read(sample, shard.chosen(sample, part.value));
    }
  }
}

void read_examples(const Shard& shard, std::size_t sample) {
  static const std::set<std::string> sources = {"json", "txt", "/s", "/q", "/a/q/0", "/q/-"};
  for (const DataOptions& options : sections()) {
    try {
      weft::host::for_each_example(
          shard, sample, options, sources,
          [&](std::uint32_t entry, const Example& example, bool is_kept) {
            if (is_kept) require(options.where.at("/s").contains(example.values.at("/s")));
            const auto again = weft::host::read_example(
                shard, {0, static_cast<std::uint32_t>(sample), entry}, options, sources);
            require(again.key == example.key && again.values == example.values);
            read_documents(shard, sample, again);
          });
    } catch (const Error& error) {
      require(error.exit() == Exit::bad_data && error.what()[0] != '\0');
    }
  }
}

/// All that is listed can be read.
void read(const Shard& shard, std::size_t size) {
  require(shard.size() > 0 && shard.size() <= size);
  std::size_t held = 0;
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < shard.size(); ++i) {
    require(keys.insert(shard.key(i)).second && !shard.key(i).empty());
    require(!shard.members(i).empty());
    for (const std::string& member : shard.members(i)) held += shard.read(i, member).size();
    read_examples(shard, i);
  }
  require(held <= (k_growth + k_file) * size);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const DataFolder folder;
  const std::string path = folder.hold(bytes, size);
  std::size_t most = 0;
  for (const Damage damage : {Damage::set_aside, Damage::refuse}) {
    std::optional<Shard> shard;
    try {
      shard = weft::host::read_shard(path, "", damage);
    } catch (const Error& error) {
      require(error.exit() == Exit::bad_data && error.what()[0] != '\0');
      continue;
    }
    read(*shard, size);
    require(damage == Damage::set_aside || shard->size() == most);  // whole: nothing was set aside
    most = shard->size();
  }
  return 0;
}
