// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>

#include "host/checkpoint/safetensors.hpp"
#include "host/checkpoint/safetensors_types.hpp"

namespace weft::host {
namespace {

/// By element type, larger ones first, so that every tensor is aligned; then by name.
std::vector<std::pair<std::string, Array>> in_file_order(const TensorFile& file) {
  std::vector<std::pair<std::string, Array>> order(file.tensors.begin(), file.tensors.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return rank_of(a.second.dtype) > rank_of(b.second.dtype);
  });
  return order;
}

/// Gives the bytes of the file to `put`, one part behind the other.
template <class Put>
void lay_out(const TensorFile& file, const Put& put) {
  assert(!file.tensors.contains(k_metadata));
  const auto order = in_file_order(file);
  auto header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header[k_metadata] = file.metadata;
  std::uint64_t at = 0;
  for (const auto& [name, array] : order) {
    const std::uint64_t end = at + array.byte_count();
    header[name] = {
        {"dtype", name_of(array.dtype)}, {"shape", array.sizes}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the first tensor is aligned

  const std::uint64_t length = text.size();
  put(&length, sizeof length);
  put(text.data(), text.size());
  for (const auto& [name, array] : order) put(array.bytes.get(), array.byte_count());
}

}  // namespace

FileDigest write_safetensors(const std::string& path, const TensorFile& file) {
  OutputFile output(path);
  return write_safetensors(output, file);
}

FileDigest write_safetensors(OutputFile& output, const TensorFile& file) {
  lay_out(file, [&](const void* bytes, std::size_t count) { output.write(bytes, count); });
  return output.finish();
}

FileDigest digest_of(const TensorFile& file) {
  DigestSum sum;
  lay_out(file, [&](const void* bytes, std::size_t count) { sum.add(bytes, count); });
  return sum.digest();
}

}  // namespace weft::host
