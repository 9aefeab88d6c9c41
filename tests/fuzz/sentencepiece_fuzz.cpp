// SPDX-License-Identifier: Apache-2.0
/// Bytes of a file that claims to be a SentencePiece model: vetted, and what passes is loaded and
/// encodes and decodes texts. The mutator mostly changes bytes in their places: most others break
/// the lengths before them, and nothing behind those is looked at.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/text/tokenizer.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t room);

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size,
                                               std::size_t room, unsigned seed) {
  if (seed % 4 == 0 || size == 0) return LLVMFuzzerMutate(bytes, size, room);
  std::minstd_rand random(seed);
  const std::size_t at = random() % size;
  const std::size_t width = std::min<std::size_t>(1 + random() % 8, size - at);
  LLVMFuzzerMutate(bytes + at, width, width);  // what it leaves out at the end stays as it was
  return size;
}

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const std::vector<std::string> texts = {
      "", "  a canary\tsang in the mine  ", std::string(300, 'A') + std::string(300, 'a'),
      "\u00fc\u4e00\ufb01 \U0001f426", std::string("a zero \0 and \xff\xc3", 13)};
  try {
    const auto tokenizer = weft::host::Tokenizer::from_bytes(
        {reinterpret_cast<const char*>(bytes), size}, "The tokenizer");
    for (const std::string& text : texts) {
      const std::vector<std::int32_t> ids = tokenizer.encode(text);
      for (const std::int32_t id : ids) {
        if (id < 0 || id >= tokenizer.vocabulary()) std::abort();
      }
      tokenizer.decode(std::vector<std::int64_t>(ids.begin(), ids.end()));
    }
  } catch (const weft::host::Error& error) {
    if (error.exit() != weft::host::Exit::bad_data) std::abort();
  }
  return 0;
}
