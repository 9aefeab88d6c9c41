// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "the format's numbers are little-endian");

constexpr std::uint64_t k_length_bytes = 8;
constexpr std::uint64_t k_max_header_bytes = 100'000'000;
constexpr const char* k_metadata = "__metadata__";

/// In the reference implementation's order, in which files hold their tensors from the last on.
constexpr std::pair<const char*, DType> k_dtypes[] = {
    {"BOOL", DType::boolean},  {"U8", DType::uint8},  {"F16", DType::float16},
    {"BF16", DType::bfloat16}, {"I32", DType::int32}, {"F32", DType::float32},
    {"F64", DType::float64},   {"I64", DType::int64},
};

std::optional<DType> dtype_named(const std::string& name) {
  for (const auto& [known, dtype] : k_dtypes)
    if (name == known) return dtype;
  return std::nullopt;
}

std::size_t rank_of(DType dtype) {
  std::size_t rank = 0;
  while (k_dtypes[rank].second != dtype) ++rank;
  return rank;
}

const char* name_of(DType dtype) {
  return k_dtypes[rank_of(dtype)].first;
}

std::string known_dtypes() {
  std::vector<std::string> names;
  for (const auto& [name, dtype] : k_dtypes) names.emplace_back(name);
  return enumerate(names);
}

/// One tensor as the header describes it; begin and end count from the end of the header.
struct Entry {
  std::string name;
  DType dtype = DType::float32;
  std::vector<std::int64_t> sizes;
  std::uint64_t begin = 0, end = 0;
};

/// Turns a header into entries, or throws the sentence that says what is wrong with it.
class HeaderReader {
 public:
  /// @param data_bytes  what follows the header in the file
  HeaderReader(const std::string& path, std::uint64_t data_bytes)
      : path_(path), data_bytes_(data_bytes) {}

  /// The entries in the order of their bytes.
  std::vector<Entry> read(const std::string& text, std::map<std::string, std::string>& metadata) {
    Json header;
    try {
      header = parse_strictly(text);
    } catch (const std::invalid_argument& problem) {
      fail(concat("the header: ", problem.what()));
    }
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == k_metadata) {
        metadata = read_metadata(value);
      } else {
        entries.push_back(read_entry(name, value));
      }
    }
    require_gapless(entries);
    return entries;
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(Exit::bad_checkpoint,
                concat(path_, " is not a sound safetensors file: ", problem,
                       ". Copy the file again from its source, or make it anew."));
  }

 private:
  std::map<std::string, std::string> read_metadata(const Json& value) const {
    if (!value.is_object()) fail("__metadata__: expected an object of texts");
    std::map<std::string, std::string> metadata;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string())
        fail(concat("__metadata__: ", shown(key), ": expected a text, found ", text.type_name()));
      metadata[key] = text.get<std::string>();
    }
    return metadata;
  }

  Entry read_entry(const std::string& name, const Json& value) {
    place_ = concat("tensor ", shown(name), ": ");
    const bool complete = value.is_object() && value.size() == 3 && value.contains("dtype") &&
                          value.contains("shape") && value.contains("data_offsets");
    if (!complete) fail(place_ + "expected an object of dtype, shape and data_offsets, no more");
    Entry entry{name, read_dtype(value.at("dtype")), read_shape(value.at("shape")), 0, 0};
    const std::vector<std::uint64_t> offsets =
        read_numbers(value.at("data_offsets"), "data_offsets");
    if (offsets.size() != 2)
      fail(concat(place_, "data_offsets: expected 2 numbers, found ", offsets.size()));
    entry.begin = offsets[0];
    entry.end = offsets[1];
    require_fitting(entry);
    return entry;
  }

  DType read_dtype(const Json& value) const {
    if (!value.is_string()) fail(place_ + "dtype: expected a text, found " + value.type_name());
    const auto dtype = dtype_named(value.get<std::string>());
    if (!dtype)
      fail(concat(place_, "dtype: expected one of ", known_dtypes(), ", found ",
                  shown(value.get<std::string>())));
    return *dtype;
  }

  std::vector<std::uint64_t> read_numbers(const Json& value, const char* field) const {
    if (!value.is_array())
      fail(concat(place_, field, ": expected a list of numbers, found ", value.type_name()));
    std::vector<std::uint64_t> numbers;
    for (const Json& number : value) {
      if (!number.is_number_unsigned())
        fail(concat(place_, field, ": expected whole numbers from 0 to 2^64 - 1, found ",
                    shown(number.dump(-1, ' ', false, Json::error_handler_t::replace))));
      numbers.push_back(number.get<std::uint64_t>());
    }
    return numbers;
  }

  std::vector<std::int64_t> read_shape(const Json& value) const {
    std::vector<std::int64_t> sizes;
    for (const std::uint64_t size : read_numbers(value, "shape")) {
      if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fail(concat(place_, "shape: expected sizes below 2^63, found ", size));
      sizes.push_back(static_cast<std::int64_t>(size));
    }
    return sizes;
  }

  /// The shape needs exactly the bytes that the offsets span, and these lie within the file.
  void require_fitting(const Entry& entry) const {
    if (entry.begin > entry.end || entry.end > data_bytes_)
      fail(concat(place_, "data_offsets: expected a span of bytes within the ", data_bytes_,
                  " after the header, found [", entry.begin, ", ", entry.end, "]"));
    std::int64_t needed = static_cast<std::int64_t>(item_size(entry.dtype));
    for (const std::int64_t size : entry.sizes)
      if (__builtin_mul_overflow(needed, size, &needed))
        fail(concat(place_, "shape: ", shape_text(entry.sizes), " is larger than any memory"));
    const std::uint64_t given = entry.end - entry.begin;
    if (static_cast<std::uint64_t>(needed) != given)
      fail(concat(place_, "shape ", shape_text(entry.sizes), " of ", name_of(entry.dtype),
                  ": expected ", needed, " bytes, found ", given));
  }

  /// Sorts by place; every byte after the header must belong to exactly one tensor.
  void require_gapless(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    std::uint64_t at = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != at)
        fail(concat("tensor ", shown(entry.name), ": expected its bytes to begin at ", at,
                    ", where the one before ends; found ", entry.begin,
                    entry.begin < at ? " (they overlap)" : " (a hole)"));
      at = entry.end;
    }
    if (at != data_bytes_)
      fail(concat("expected ", at, " bytes after the header, found ", data_bytes_));
  }

  const std::string& path_;
  const std::uint64_t data_bytes_;
  std::string place_;  // the tensor that is being read, for messages
};

Array read_tensor(InputFile& file, const Entry& entry, const HeaderReader& header) {
  Array array = Array::empty(entry.dtype, entry.sizes);
  file.read(array.bytes.get(), array.byte_count());
  if (entry.dtype == DType::boolean) {
    // Any other value in a C++ bool would be undefined behaviour later.
    const auto* values = array.data<std::uint8_t>();
    const auto* end = values + array.byte_count();
    const auto* wrong = std::find_if(values, end, [](std::uint8_t value) { return value > 1; });
    if (wrong != end)
      header.fail(concat("tensor ", shown(entry.name), ": element ", wrong - values,
                         ": expected 0 or 1 for a BOOL, found ", int{*wrong}));
  }
  return array;
}

/// By element type, larger ones first, so that every tensor is aligned; then by name.
std::vector<std::pair<std::string, Array>> in_file_order(const TensorFile& file) {
  std::vector<std::pair<std::string, Array>> order(file.tensors.begin(), file.tensors.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return rank_of(a.second.dtype) > rank_of(b.second.dtype);
  });
  return order;
}

}  // namespace

TensorFile read_safetensors(const std::string& path) {
  InputFile file(path);
  const HeaderReader size_check(path, 0);
  if (file.size() < k_length_bytes)
    size_check.fail(concat("expected at least ", k_length_bytes, " bytes, found ", file.size()));
  std::uint64_t length = 0;
  file.read(&length, sizeof length);
  const std::uint64_t most = std::min(file.size() - k_length_bytes, k_max_header_bytes);
  if (length > most)
    size_check.fail(concat("expected a header of at most ", most, " bytes, found ", length));
  std::string text(length, '\0');
  file.read(text.data(), text.size());
  if (!text.starts_with('{')) size_check.fail("expected a header that begins with {");

  TensorFile result;
  HeaderReader header(path, file.size() - k_length_bytes - length);
  for (const Entry& entry : header.read(text, result.metadata))
    result.tensors[entry.name] = read_tensor(file, entry, header);
  return result;
}

FileDigest write_safetensors(const std::string& path, const TensorFile& file) {
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

  OutputFile output(path);
  const std::uint64_t length = text.size();
  output.write(&length, sizeof length);
  output.write(text.data(), text.size());
  for (const auto& [name, array] : order) output.write(array.bytes.get(), array.byte_count());
  return output.finish();
}

}  // namespace weft::host
