// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/shared_arrays.hpp"

#include <cstdint>
#include <cstring>

namespace weft::host {
namespace {

void put(std::string& to, std::uint64_t number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put(std::string& to, const std::string& text) {
  put(to, std::uint64_t{text.size()});
  to += text;
}

/// Names, element types, sizes and bytes, in the byte order of the machine.
std::string packed(const NamedArrays& arrays) {
  std::string bytes;
  for (const auto& [name, array] : arrays) {
    put(bytes, name);
    put(bytes, static_cast<std::uint64_t>(array.dtype));
    put(bytes, array.sizes.size());
    for (const std::int64_t size : array.sizes) put(bytes, static_cast<std::uint64_t>(size));
    bytes.append(reinterpret_cast<const char*>(array.bytes.get()), array.byte_count());
  }
  return bytes;
}

class Reader {
 public:
  explicit Reader(const std::string& bytes) : next_(bytes.data()), end_(next_ + bytes.size()) {}
  bool is_at_end() const { return next_ == end_; }
  void read(void* to, std::size_t count) {
    std::memcpy(to, next_, count);
    next_ += count;
  }
  std::uint64_t number() {
    std::uint64_t number = 0;
    read(&number, sizeof number);
    return number;
  }
  std::string text() {
    std::string text(number(), '\0');
    read(text.data(), text.size());
    return text;
  }

 private:
  const char *next_, *const end_;
};

NamedArrays unpacked(const std::string& bytes) {
  NamedArrays arrays;
  for (Reader reader(bytes); !reader.is_at_end();) {
    const std::string name = reader.text();
    const auto dtype = static_cast<DType>(reader.number());
    std::vector<std::int64_t> sizes(reader.number());
    for (std::int64_t& size : sizes) size = static_cast<std::int64_t>(reader.number());
    Array& array = arrays[name] = Array::empty(dtype, sizes);
    reader.read(array.bytes.get(), array.byte_count());
  }
  return arrays;
}

}  // namespace

std::vector<NamedArrays> arrays_of_all(Collective& ranks, const NamedArrays& own) {
  if (ranks.size() == 1) return {own};
  std::vector<NamedArrays> all;
  for (const std::string& bytes : ranks.texts(packed(own))) all.push_back(unpacked(bytes));
  return all;
}

std::vector<std::string> list_of_all(Collective& ranks, const std::vector<std::string>& own) {
  if (ranks.size() == 1) return own;
  std::string bytes;
  for (const std::string& text : own) put(bytes, text);
  std::vector<std::string> all;
  for (const std::string& of_rank : ranks.texts(bytes))
    for (Reader reader(of_rank); !reader.is_at_end();) all.push_back(reader.text());
  return all;
}

}  // namespace weft::host
