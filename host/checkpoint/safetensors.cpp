// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/safetensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
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
#include "host/checkpoint/safetensors_types.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t k_max_header_bytes = 100'000'000;
/// Types that Weft does not compute with: read as the next wider one, which holds every value.
struct Widened {
  const char* name;
  std::size_t bytes;  ///< of an element in the file
  DType dtype;
};
constexpr Widened k_widened[] = {
    {"I8", 1, DType::int32},        {"I16", 2, DType::int32}, {"U16", 2, DType::int32},
    {"U32", 4, DType::int64},       {"U64", 8, DType::int64}, {"F8_E5M2", 1, DType::float32},
    {"F8_E4M3", 1, DType::float32},
};
/// Types of the format (0.8) that are not read: of less than a byte, scales, complex numbers, and
/// the variants of 8 bits without negative zero.
constexpr const char* k_not_read[] = {"F4",  "F6_E2M3",     "F6_E3M2",    "F8_E8M0",
                                      "C64", "F8_E4M3FNUZ", "F8_E5M2FNUZ"};

const Widened* widened_named(const std::string& name) {
  const auto* const found = std::find_if(std::begin(k_widened), std::end(k_widened),
                                         [&](const Widened& type) { return type.name == name; });
  return found == std::end(k_widened) ? nullptr : found;
}

std::optional<DType> dtype_named(const std::string& name) {
  for (const auto& [known, dtype] : k_dtypes)
    if (name == known) return dtype;
  if (const Widened* const type = widened_named(name)) return type->dtype;
  return std::nullopt;
}

std::string known_dtypes() {
  std::vector<std::string> names;
  for (const auto& [name, dtype] : k_dtypes) names.emplace_back(name);
  for (const Widened& type : k_widened) names.emplace_back(type.name);
  return enumerate(names);
}

/// One tensor as the header describes it; begin and end count from the end of the header.
struct Entry {
  std::string name;
  DType dtype = DType::float32;      ///< as it is read
  const Widened* widened = nullptr;  ///< what it is in the file, where that is another type
  std::vector<std::int64_t> sizes;
  std::uint64_t begin = 0, end = 0;

  std::size_t item_bytes() const { return widened != nullptr ? widened->bytes : item_size(dtype); }
  const char* type_name() const { return widened != nullptr ? widened->name : name_of(dtype); }
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
    const DType dtype = read_dtype(value.at("dtype"));
    Entry entry{name,
                dtype,
                widened_named(value.at("dtype").get<std::string>()),
                read_shape(value.at("shape")),
                0,
                0};
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
    const bool is_of_format = std::find(std::begin(k_not_read), std::end(k_not_read),
                                        value.get<std::string>()) != std::end(k_not_read);
    if (!dtype && is_of_format) {
      throw Error(Exit::bad_checkpoint,
                  concat(path_, ": ", place_, "its type ", value.get<std::string>(),
                         " is not read; Weft reads ", known_dtypes(),
                         ". Convert the tensor to one of them."));
    }
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
    std::int64_t needed = static_cast<std::int64_t>(entry.item_bytes());
    for (const std::int64_t size : entry.sizes)
      if (__builtin_mul_overflow(needed, size, &needed))
        fail(concat(place_, "shape: ", shape_text(entry.sizes), " is larger than any memory"));
    const std::uint64_t given = entry.end - entry.begin;
    if (static_cast<std::uint64_t>(needed) != given)
      fail(concat(place_, "shape ", shape_text(entry.sizes), " of ", entry.type_name(),
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

/// An element of OCP's formats of 8 bits (OFP8, revision 1.0): a sign, `exponent_bits`, the rest
/// mantissa. E5M2 has infinities as IEEE 754 has them; E4M3 has none, and of its largest exponent
/// only the mantissa of all ones is no number.
float of_8_bits(std::uint8_t byte, int exponent_bits) {
  const int mantissa_bits = 7 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = byte >> mantissa_bits & ((1 << exponent_bits) - 1);
  const int mantissa = byte & ((1 << mantissa_bits) - 1);
  const bool is_largest = exponent == (1 << exponent_bits) - 1;
  const float sign = (byte & 0x80) != 0 ? -1.0F : 1.0F;
  constexpr float k_nan = std::numeric_limits<float>::quiet_NaN();
  if (exponent_bits == 4 && is_largest && mantissa == 7) return k_nan;
  if (exponent_bits == 5 && is_largest)
    return mantissa != 0 ? k_nan : sign * std::numeric_limits<float>::infinity();
  if (exponent == 0)
    return sign * std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits);
  return sign * std::ldexp(static_cast<float>(mantissa + (1 << mantissa_bits)),
                           exponent - bias - mantissa_bits);
}

/// Each element of the file's type, as the type that is read.
template <class From, class To, class Convert>
void widen(const std::vector<std::byte>& raw, Array& array, const Convert& convert) {
  To* to = array.data<To>();
  for (std::size_t at = 0; at < raw.size(); at += sizeof(From)) {
    From value{};
    std::memcpy(&value, raw.data() + at, sizeof value);
    *to++ = convert(value);
  }
}

Array read_widened(InputFile& file, const Entry& entry, const HeaderReader& header) {
  std::vector<std::byte> raw(entry.end - entry.begin);
  file.read(raw.data(), raw.size());
  Array array = Array::empty(entry.dtype, entry.sizes);
  const std::string_view name = entry.widened->name;
  const auto to_int = [](auto value) { return static_cast<std::int32_t>(value); };
  if (name == "I8") widen<std::int8_t, std::int32_t>(raw, array, to_int);
  if (name == "I16") widen<std::int16_t, std::int32_t>(raw, array, to_int);
  if (name == "U16") widen<std::uint16_t, std::int32_t>(raw, array, to_int);
  if (name == "U32") {
    widen<std::uint32_t, std::int64_t>(raw, array, [](auto value) { return std::int64_t{value}; });
  }
  if (name == "U64") {
    widen<std::uint64_t, std::int64_t>(raw, array, [&](auto value) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        header.fail(concat("tensor ", shown(entry.name), ": ", value,
                           " of U64 is above 2^63 - 1, the largest that is read"));
      return static_cast<std::int64_t>(value);
    });
  }
  if (name == "F8_E5M2")
    widen<std::uint8_t, float>(raw, array, [](auto value) { return of_8_bits(value, 5); });
  if (name == "F8_E4M3")
    widen<std::uint8_t, float>(raw, array, [](auto value) { return of_8_bits(value, 4); });
  return array;
}

Array read_tensor(InputFile& file, const Entry& entry, const HeaderReader& header) {
  if (entry.widened != nullptr) return read_widened(file, entry, header);
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

}  // namespace

TensorFile read_safetensors(const std::string& path) {
  InputFile file(path);
  return read_safetensors(file);
}

namespace {

/// What the header of a file describes; its metadata goes to `result`.
std::vector<Entry> read_header(InputFile& file, TensorFile& result) {
  const std::string& path = file.path();
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
  return HeaderReader(path, file.size() - k_length_bytes - length).read(text, result.metadata);
}

}  // namespace

TensorFile read_safetensors(InputFile& file) {
  TensorFile result;
  const HeaderReader header(file.path(), 0);
  for (const Entry& entry : read_header(file, result))
    result.tensors[entry.name] = read_tensor(file, entry, header);
  return result;
}

std::map<std::string, std::vector<std::int64_t>> safetensors_shapes(const std::string& path) {
  InputFile file(path);
  TensorFile unread;
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (Entry& entry : read_header(file, unread)) shapes[entry.name] = std::move(entry.sizes);
  return shapes;
}

}  // namespace weft::host
