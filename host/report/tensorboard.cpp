// SPDX-License-Identifier: Apache-2.0
#include "host/report/tensorboard.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t sum = i;
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1U) != 0 ? sum >> 1U ^ 0x82f63b78U : sum >> 1U;
    table[i] = sum;
  }
  return table;
}

/// Masked, so that a checksum of bytes that hold checksums stays a good one.
std::uint32_t masked_crc(const std::string& bytes) {
  static constexpr std::array<std::uint32_t, 256> k_table = make_table();
  std::uint32_t sum = 0xffffffffU;
  for (const char c : bytes)
    sum = k_table[(sum ^ static_cast<unsigned char>(c)) & 255U] ^ sum >> 8U;
  sum = ~sum;
  return std::rotr(sum, 15) + 0xa282ead8U;
}

template <class Number>
std::string little_endian(Number value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7U) bytes += static_cast<char>(value | 128U);
  return bytes + static_cast<char>(value);
}

enum class Wire : std::uint32_t { varint = 0, eight_bytes = 1, bytes = 2, four_bytes = 5 };

std::string key(std::uint32_t field, Wire wire) {
  return varint(field << 3U | static_cast<std::uint32_t>(wire));
}

std::string text_field(std::uint32_t field, const std::string& bytes) {
  return key(field, Wire::bytes) + varint(bytes.size()) + bytes;
}

std::string record(const std::string& event) {
  const std::string length = little_endian(static_cast<std::uint64_t>(event.size()));
  return length + little_endian(masked_crc(length)) + event + little_endian(masked_crc(event));
}

std::string event_at(double wall_time) {
  return key(1, Wire::eight_bytes) + little_endian(wall_time);
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string tensorboard_begin(double wall_time) {
  return record(event_at(wall_time) + text_field(3, "brain.Event:2"));
}

std::string tensorboard_scalars(double wall_time, std::int64_t step,
                                const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars)
    summary += text_field(1, text_field(1, tag) + key(2, Wire::four_bytes) +
                                 little_endian(static_cast<float>(value)));
  std::string event = event_at(wall_time);
  if (step != 0) event += key(2, Wire::varint) + varint(static_cast<std::uint64_t>(step));
  return record(event + text_field(5, summary));
}

TensorBoardWriter::TensorBoardWriter(const OpenFolder& folder) {
  const double begun = now();
  // Two stretches within one second: the second one's file is another.
  for (auto second = static_cast<std::int64_t>(begun);; ++second) {
    const std::string name = concat("events.out.tfevents.", second, ".weft");
    if (folder.kind_of(name) != OpenFolder::Kind::none) continue;
    path_ = folder.path_of(name);
    number_ = folder.open_to_write(name, O_WRONLY | O_APPEND);
    break;
  }
  append(tensorboard_begin(begun));
}

TensorBoardWriter::~TensorBoardWriter() {
  ::close(number_);
}

void TensorBoardWriter::write(std::int64_t step,
                              const std::vector<std::pair<std::string, double>>& scalars) {
  append(tensorboard_scalars(now(), step, scalars));
}

void TensorBoardWriter::append(const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t count = ::write(number_, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw Error(Exit::io, concat(path_, " cannot be written: ", std::strerror(errno),
                                   ". Make room on the disk."));
    at += static_cast<std::size_t>(count);
  }
}

}  // namespace weft::host
