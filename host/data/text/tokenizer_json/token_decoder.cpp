// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/token_decoder.hpp"

#include <utility>

#include "host/base/text.hpp"
#include "host/data/text/tokenizer_json/byte_tokens.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"

namespace weft::host {
namespace {

using Kind = DecoderStep::Kind;
using Tokens = std::vector<std::string>;

std::string joined(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

/// Neighbours that stand for bytes become the text of these, or U+FFFD each where they are none.
Tokens with_bytes(const Tokens& tokens) {
  Tokens result;
  std::string bytes;
  const auto end_bytes = [&] {
    if (is_well_formed(bytes)) {
      if (!bytes.empty()) result.push_back(bytes);
    } else {
      result.insert(result.end(), bytes.size(), "\ufffd");
    }
    bytes.clear();
  };
  for (const std::string& token : tokens) {
    if (const auto byte = byte_of_token(token)) {
      bytes += static_cast<char>(*byte);
      continue;
    }
    end_bytes();
    result.push_back(token);
  }
  end_bytes();
  return result;
}

/// Without up to `start` times the content at the beginning and up to `stop` times at the end.
std::string stripped(const DecoderStep& step, const std::string& token) {
  const std::string& content = step.content;
  std::size_t begin = 0, end = token.size();
  for (std::int64_t i = 0; i < step.start && token.compare(begin, content.size(), content) == 0;
       ++i)
    begin += content.size();
  for (std::int64_t i = 0; i < step.stop && end - begin >= content.size() &&
                           token.compare(end - content.size(), content.size(), content) == 0;
       ++i)
    end -= content.size();
  return token.substr(begin, end - begin);
}

}  // namespace

TokenDecoder::TokenDecoder(const std::vector<DecoderStep>& steps, const std::string& name) {
  for (const DecoderStep& options : steps) {
    Step& step = steps_.emplace_back(Step{options, {}});
    if (options.kind == Kind::replace) step.pattern.emplace_back(options.pattern, name);
  }
}

std::string TokenDecoder::bytes_of(const std::string& token, bool is_first) const {
  std::string bytes = token;
  bool is_fused = false;  // what follows is done to the whole text
  for (const auto& [options, pattern] : steps_) {
    switch (options.kind) {
      case Kind::replace: bytes = pattern.front().replaced(bytes, options.content); break;
      case Kind::byte_fallback:
        if (const auto byte = byte_of_token(bytes)) bytes = static_cast<char>(*byte);
        break;
      case Kind::fuse: is_fused = true; break;
      case Kind::strip: {
        DecoderStep step = options;
        if (is_fused) step.stop = 0;
        if (!is_fused || is_first) bytes = stripped(step, bytes);
        break;
      }
      case Kind::metaspace:
        replace_all(bytes, options.content, is_first && options.strips_first ? "" : " ");
        break;
    }
  }
  return bytes;
}

std::string TokenDecoder::text(Tokens tokens) const {
  for (const auto& [options, pattern] : steps_) {
    switch (options.kind) {
      case Kind::replace:
        for (std::string& token : tokens) token = pattern.front().replaced(token, options.content);
        break;
      case Kind::byte_fallback: tokens = with_bytes(tokens); break;
      case Kind::fuse: tokens = {joined(tokens)}; break;
      case Kind::strip:
        for (std::string& token : tokens) token = stripped(options, token);
        break;
      case Kind::metaspace:
        for (std::size_t i = 0; i < tokens.size(); ++i)
          replace_all(tokens[i], options.content, i == 0 && options.strips_first ? "" : " ");
        break;
    }
  }
  return joined(tokens);
}

}  // namespace weft::host
