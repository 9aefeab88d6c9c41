// SPDX-License-Identifier: Apache-2.0
#include "host/data/codec/npy.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view k_magic = "\x93NUMPY";
constexpr std::size_t k_longest_header = 65'536, k_most_axes = 8;

[[noreturn]] void refuse(const std::string& place, const std::string& what,
                         const std::string& remedy = "Save it anew with numpy.save.") {
  throw Error(Exit::bad_data, concat(place, ": ", what, ". ", remedy));
}

struct Header {
  std::string descr;
  bool is_fortran = false;
  std::vector<std::int64_t> sizes;
  std::size_t end = 0;  ///< where the numbers begin
};

/// The dictionary of a header, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, and no
/// other Python.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& place) : text_(text), place_(place) {}

  Header read() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!takes('}')) {
      const std::string key = word();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        header.descr = description();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.is_fortran = truth();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.sizes = shape();
      } else {
        damaged();
      }
      if (!takes(',') && peek() != '}') damaged();
    }
    if (!has_descr || !has_order || !has_shape || peek() != '\0') damaged();
    return header;
  }

 private:
  [[noreturn]] void damaged() const { refuse(place_, "the header of the .npy file is damaged"); }

  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool takes(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  void expect(char wanted) {
    if (!takes(wanted)) damaged();
  }

  std::string word() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') damaged();
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) damaged();
    const std::string found(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return found;
  }

  std::string description() {
    if (peek() != '[') return word();
    refuse(place_, "it is a structured array of several columns",
           "Save each column as an array of its own.");
  }

  bool truth() {
    for (const std::string_view name : {std::string_view("True"), std::string_view("False")}) {
      if (peek() == name.front() && text_.substr(at_).starts_with(name)) {
        at_ += name.size();
        return name == "True";
      }
    }
    damaged();
  }

  std::vector<std::int64_t> shape() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!takes(')')) {
      peek();
      std::int64_t size = 0;
      const char* const begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) damaged();
      at_ += static_cast<std::size_t>(end - begin);
      sizes.push_back(size);
      if (sizes.size() > k_most_axes) {
        refuse(place_, concat("it has more than ", k_most_axes, " axes"), "Reshape it.");
      }
      if (!takes(',') && peek() != ')') damaged();
    }
    return sizes;
  }

  std::string_view text_;
  const std::string& place_;
  std::size_t at_ = 0;
};

Header read_header(std::string_view bytes, const std::string& place) {
  if (!bytes.starts_with(k_magic) || bytes.size() < 12) {
    refuse(place,
           bytes.starts_with("\x80") ? "it is a pickle of Python, which is not run"
           : bytes.starts_with("PK") ? "it is a .npz archive of several arrays"
                                     : "it is no .npy file",
           "Save one array with numpy.save.");
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) refuse(place, concat("its version is ", version, ", not 1 to 3"));
  std::size_t size = byte(8) | byte(9) << 8, begin = 10;
  if (version > 1) size |= byte(10) << 16 | byte(11) << 24, begin = 12;
  if (size > k_longest_header || size > bytes.size() - begin) {
    refuse(place,
           concat("its header of ", size, " bytes is cut off or longer than ", k_longest_header));
  }
  Header header = HeaderReader(bytes.substr(begin, size), place).read();
  header.end = begin + size;
  return header;
}

/// IEEE 754 binary16 as a double.
double half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value = 0;
  if (exponent == 31) {
    value = fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                          : std::numeric_limits<double>::infinity();
  } else {
    value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

template <class T, class Out, class Convert>
void take(std::string_view bytes, std::vector<Out>& out, Convert convert) {
  out.reserve(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof value);
    out.push_back(convert(value));
  }
}

template <class T>
void take_integers(std::string_view bytes, NpyArray& array) {
  take<T>(bytes, array.integers, [](T value) { return static_cast<std::int64_t>(value); });
}

/// Bytes of one number of a sort that is read.
std::size_t item_bytes(const Header& header, const std::string& place) {
  const std::string& descr = header.descr;
  if (descr == "|O" || descr == "O") {
    refuse(place, "it holds Python objects, which are a pickle and are not run",
           "Save numbers, numpy.asarray(x, dtype=\"float32\").");
  }
  if (descr.starts_with('>')) {
    refuse(place, concat("its numbers, ", shown(descr), ", have their most significant byte first"),
           "Save it with the type \"<\", x.astype(\"<f4\").");
  }
  if (header.is_fortran) {
    refuse(place, "it is in Fortran's order", "Save numpy.ascontiguousarray(x).");
  }
  for (const std::string_view known :
       {"f2", "f4", "f8", "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"}) {
    if (descr.size() == 3 && (descr[0] == '<' || descr[0] == '|' || descr[0] == '=') &&
        std::string_view(descr).substr(1) == known) {
      return static_cast<std::size_t>(known[1] - '0');
    }
  }
  refuse(place, concat("its numbers are of the type ", shown(descr), ", which is not read"),
         "Save floats or integers of at most 64 bits.");
}

void take_numbers(const std::string& sort, std::string_view bytes, const std::string& place,
                  NpyArray& array) {
  const auto wide = [](auto value) { return static_cast<double>(value); };
  array.is_float = sort.starts_with('f');
  if (sort == "f2") take<std::uint16_t>(bytes, array.floats, half);
  if (sort == "f4") take<float>(bytes, array.floats, wide);
  if (sort == "f8") take<double>(bytes, array.floats, wide);
  if (sort == "b1" || sort == "u1") take_integers<std::uint8_t>(bytes, array);
  if (sort == "u2") take_integers<std::uint16_t>(bytes, array);
  if (sort == "u4") take_integers<std::uint32_t>(bytes, array);
  if (sort == "i1") take_integers<std::int8_t>(bytes, array);
  if (sort == "i2") take_integers<std::int16_t>(bytes, array);
  if (sort == "i4") take_integers<std::int32_t>(bytes, array);
  if (sort == "i8") take_integers<std::int64_t>(bytes, array);
  if (sort == "u8") {
    take<std::uint64_t>(bytes, array.integers, [&](std::uint64_t value) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        refuse(place, concat(value, " does not fit in int64"), "Save smaller numbers.");
      }
      return static_cast<std::int64_t>(value);
    });
  }
}

}  // namespace

NpyArray read_npy(std::string_view bytes, const std::string& place) {
  Header header = read_header(bytes, place);
  const std::size_t item = item_bytes(header, place);
  const std::string_view numbers = bytes.substr(header.end);
  // The file bounds the product: it is left off as soon as it is larger.
  bool is_empty = false;
  std::size_t count = 1;
  for (const std::int64_t size : header.sizes) is_empty |= size == 0;
  for (const std::int64_t size : header.sizes) {
    if (is_empty || count > numbers.size()) break;
    const auto factor = static_cast<std::size_t>(size);
    count = factor > numbers.size() ? numbers.size() + 1 : count * factor;
  }
  if (is_empty) count = 0;
  if (count > numbers.size() / item || count * item != numbers.size()) {
    refuse(place,
           concat("it is damaged: ", numbers.size(),
                  " bytes of numbers follow a header that announces ",
                  count > numbers.size() ? std::string("more") : std::to_string(count * item)));
  }
  NpyArray array;
  array.sizes = std::move(header.sizes);
  take_numbers(header.descr.substr(1), numbers, place, array);
  return array;
}

}  // namespace weft::host
