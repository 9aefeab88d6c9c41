// SPDX-License-Identifier: Apache-2.0
/// Bytes of a file that claims to be a tokenizer.json: read, and what is accepted encodes and
/// decodes texts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/text/tokenizer.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const std::vector<std::string> texts = {
      "", "  a canary\tsang [MASK] 12 ", std::string(40, 'a') + std::string(40, 'b'),
      "\u00fc\u4e00\ufb01 \U0001f426 e\u0301", std::string("a zero \0 and \xff\xc3", 13)};
  const std::string file(reinterpret_cast<const char*>(bytes), size);
  if (!weft::host::is_tokenizer_json(file)) return 0;
  try {
    const auto tokenizer = weft::host::Tokenizer::from_bytes(file, "The tokenizer");
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
