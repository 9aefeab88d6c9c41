// SPDX-License-Identifier: Apache-2.0
/// `weft data pack`: files into shards.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/command/computing/data_section.hpp"
#include "host/command/json_document.hpp"
#include "host/data/storage/shard_writer.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// Whether a file of this name would lie in the folder or below it.
bool lies_below(const fs::path& file, const fs::path& folder) {
  const fs::path to = fs::weakly_canonical(fs::absolute(file).parent_path());
  const fs::path from = fs::canonical(folder);
  return std::mismatch(from.begin(), from.end(), to.begin(), to.end()).first == from.end();
}

}  // namespace

void data_pack(const Options& options) {
  constexpr std::int64_t k_default_bytes = 1'000'000'000;
  const auto wrong = [](const std::string& what) {
    throw Error(Exit::usage, concat("weft data pack: ", what));
  };
  if (options.out.empty()) wrong("--out says what the shards' names begin with, e.g. --out train.");
  if (options.samples < 0 || options.bytes < 0)
    wrong("--samples and --bytes take positive numbers.");
  const std::string& source = options.operands[1];
  if (options.out.ends_with('/'))
    wrong(concat("--out ", options.out,
                 " names no file. Say what the names of shards in it begin "
                 "with, e.g. --out ",
                 options.out, "train."));
  std::error_code ignored;
  if (fs::is_directory(source, ignored) && lies_below(options.out, source))
    wrong(concat("--out ", options.out, " lies in ", source,
                 ", so that the shards would be packed themselves the next time. Name a place "
                 "beside it."));
  PackOptions how{options.samples, options.bytes, options.overwrite};
  if (how.samples == 0 && how.bytes == 0) how.bytes = k_default_bytes;
  const Packed packed = pack(source, options.out, how);
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"samples", packed.samples},
        {"members", packed.members},
        {"bytes", packed.bytes},
        {"passed_over", {{"files", packed.passed_over.count}, {"names", packed.passed_over.names}}},
        {"shards", packed.shards}};
    std::cout << document_text(json);
    return;
  }
  for (const std::string& shard : packed.shards) std::cout << shard << "\n";
  std::cout << counted(packed.samples, "sample") << " of " << counted(packed.members, "member")
            << " (" << packed.bytes << " bytes) in "
            << counted(static_cast<std::int64_t>(packed.shards.size()), "shard") << ".\n";
  if (const PassedOver& others = packed.passed_over; others.count > 0)
    std::cout << counted(others.count, "file") << (others.count == 1 ? " is" : " are")
              << " passed over, " << others.reason << ": " << printable(enumerate(others.names))
              << (std::ssize(others.names) < others.count ? " …" : "") << "\n";
}

}  // namespace weft::host
