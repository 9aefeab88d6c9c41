// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/gzip_check.hpp"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <new>

namespace weft::host {
namespace {

constexpr int k_gzip = 16;  // for inflateInit2: gzip's head and checksums, and no other
constexpr unsigned char k_magic[] = {0x1f, 0x8b};

/// What is behind the end of a tar is not read as one, and may be a bomb.
constexpr std::uint64_t k_free = std::uint64_t{1} << 30, k_largest_ratio = 200;

}  // namespace

struct GzipCheck::Inside {
  enum class State { begin, inside, between, over, damaged };

  ~Inside() {
    if (is_open) inflateEnd(&stream);
  }

  void open() {
    if (inflateInit2(&stream, MAX_WBITS + k_gzip) != Z_OK) throw std::bad_alloc();
    is_open = true;
    state = State::inside;
    add(k_magic, sizeof k_magic);
  }

  void add(const unsigned char* bytes, std::size_t count) {
    stream.next_in = const_cast<Bytef*>(bytes);
    stream.avail_in = static_cast<uInt>(count);
    while (stream.avail_in > 0 && (state == State::inside || state == State::between)) step();
  }

  void step() {
    if (state == State::between) {  // another member, or what gunzip leaves out
      const bool goes_on = *stream.next_in == k_magic[0] && inflateReset(&stream) == Z_OK;
      state = goes_on ? State::inside : State::over;
      return;
    }
    stream.next_out = unused.data();
    stream.avail_out = static_cast<uInt>(unused.size());
    const uInt before = stream.avail_in;
    const int status = inflate(&stream, Z_NO_FLUSH);
    read += before - stream.avail_in;
    written += unused.size() - stream.avail_out;
    if (written > k_free && written / k_largest_ratio > read) state = State::damaged;
    if (status == Z_STREAM_END)
      state = State::between;
    else if (status != Z_OK)
      state = State::damaged;
  }

  z_stream stream{};
  bool is_open = false;
  State state = State::begin;
  std::size_t matched = 0;  ///< of the first two bytes
  std::uint64_t read = 0, written = 0;
  std::array<unsigned char, 1 << 16> unused;
};

GzipCheck::GzipCheck() : inside_(std::make_unique<Inside>()) {}

GzipCheck::~GzipCheck() = default;

void GzipCheck::add(const void* bytes, std::size_t count) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (; inside_->state == Inside::State::begin && count > 0; ++at, --count) {
    if (*at != k_magic[inside_->matched]) {
      inside_->state = Inside::State::over;
    } else if (++inside_->matched == sizeof k_magic) {
      inside_->open();
    }
  }
  if (inside_->is_open) inside_->add(at, count);
}

bool GzipCheck::is_sound() const {
  return inside_->state != Inside::State::inside && inside_->state != Inside::State::damaged;
}

}  // namespace weft::host
