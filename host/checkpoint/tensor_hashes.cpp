// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/tensor_hashes.hpp"

#include <stdexcept>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/safetensors.hpp"

namespace weft::host {
namespace {

/// "the tensor "a.weight" is not the one that was saved", with all their names where these are few;
/// "" where all are as they were.
std::string difference(const TensorHashes& saved, const TensorHashes& found) {
  std::vector<std::string> names;
  for (const auto& [name, hash] : saved)
    if (const auto same = found.find(name); same == found.end() || same->second != hash)
      names.push_back(shown(name));
  for (const auto& [name, hash] : found)
    if (!saved.contains(name)) names.push_back(shown(name));
  if (names.empty()) return "";
  if (names.size() == 1) return concat("the tensor ", names[0], " is not the one that was saved");
  const std::size_t count = names.size();
  if (count > 3) names.resize(2), names.push_back(concat(count - 2, " more"));
  return concat("the tensors ", enumerate(names), " are not those that were saved");
}

/// What of a file is damaged, as far as can be told: a sentence that follows another.
std::string damage_in(const OpenFolder& folder, const std::string& file,
                      const TensorHashes& hashes) {
  if (hashes.empty()) return "";
  try {
    InputFile input(folder, file);
    const std::string what = difference(hashes, tensor_hashes(read_safetensors(input).tensors));
    return what.empty() ? " All tensors are as they were; the header is not."
                        : concat(" In it ", what, ".");
  } catch (const Error&) {
    return " Its header does not fit what follows it.";
  }
}

}  // namespace

TensorHashes tensor_hashes(const std::map<std::string, Array>& tensors) {
  TensorHashes hashes;
  for (const auto& [name, array] : tensors) {
    DigestSum sum;
    sum.add(array.bytes.get(), array.byte_count());
    hashes[name] = sum.digest().xxh3;
  }
  return hashes;
}

std::map<std::string, Array> read_tensors(const OpenFolder& folder, const std::string& file,
                                          const std::string& xxh3, const TensorHashes& hashes) {
  if (!folder.has_file(file)) throw std::invalid_argument(concat(file, " is missing."));
  InputFile whole(folder, file), input(folder, file);
  if (digest_of(whole).xxh3 != xxh3)
    throw std::invalid_argument(
        concat(file, " is damaged: its hash is not the one that state.json records.",
               damage_in(folder, file, hashes)));
  std::map<std::string, Array> tensors = read_safetensors(input).tensors;
  // What was read, and not what lay there when the whole was looked at.
  if (!hashes.empty())
    if (const std::string what = difference(hashes, tensor_hashes(tensors)); !what.empty())
      throw std::invalid_argument(concat(file, " is damaged: ", what, "."));
  return tensors;
}

}  // namespace weft::host
