// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json_reader.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

std::int32_t token_id(const JsonPlace& place) {
  return static_cast<std::int32_t>(place.integer(0, k_most_tokens - 1));
}

/// Reads the added tokens and gives those that the model lacks their places among its tokens.
void read_added(const JsonPlace& place, TokenizerJson& tokenizer) {
  std::vector<std::string>& tokens = tokenizer.model.tokens;
  std::set<std::string> contents;
  for (const JsonPlace& entry : place.list(k_most_added_tokens)) {
    entry.keys({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    AddedToken added;
    added.id = token_id(entry.at("id"));
    added.content = entry.at("content").text(k_longest_token);
    added.single_word = entry.flag("single_word", false);
    added.strip_left = entry.flag("lstrip", false);
    added.strip_right = entry.flag("rstrip", false);
    added.normalised = entry.flag("normalized", true);
    if (added.content.empty() || !contents.insert(added.content).second) {
      entry.at("content").refuse("a text that is not empty and not that of another token");
    }
    const auto id = static_cast<std::size_t>(added.id);
    if (id >= tokens.size()) tokens.resize(id + 1);
    if (tokens[id].empty()) tokens[id] = added.content;
    if (tokens[id] != added.content) {
      entry.at("id").refuse(concat("an id that is not that of ", shown(tokens[id])));
    }
    tokenizer.added.push_back(std::move(added));
  }
}

void read_decoder(const JsonPlace& place, TokenizerJson& tokenizer) {
  const std::string type = place.at("type").text(k_longest_token);
  if (type == "ByteLevel") {
    place.keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    tokenizer.decoder = TokenizerJson::Decoder::byte_level;
  } else if (type == "WordPiece") {
    place.keys({"type", "prefix", "cleanup"});
    tokenizer.decoder = TokenizerJson::Decoder::word_piece;
    tokenizer.decoder_prefix =
        place.has("prefix") ? place.at("prefix").text(k_longest_token) : "##";
    tokenizer.decoder_cleanup = place.flag("cleanup", true);
  } else {
    tokenizer.decoder = TokenizerJson::Decoder::steps;
    tokenizer.decoder_steps = decoder_steps(place);
  }
}

/// Weft puts the rest of a batch's rows and cuts texts as a field says; what the file says of that
/// must not be the contrary.
void read_truncation_and_padding(const JsonPlace& root, TokenizerJson& tokenizer) {
  for (const char* key : {"truncation", "padding"}) {
    if (!root.has(key)) continue;
    const JsonPlace place = root.at(key);
    if (place.has("direction") && place.at("direction").json() != "Right") {
      place.at("direction").refuse("Right");
    }
  }
  if (!root.has("padding")) return;
  const JsonPlace padding = root.at("padding");
  padding.keys(
      {"strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token"});
  if (padding.has("pad_id")) tokenizer.pad = token_id(padding.at("pad_id"));
  const auto pad = static_cast<std::size_t>(tokenizer.pad.value_or(0));
  if (tokenizer.pad &&
      (pad >= tokenizer.model.tokens.size() || tokenizer.model.tokens[pad].empty())) {
    padding.at("pad_id").refuse("the id of a token");
  }
}

std::optional<std::int32_t> first_of(const TokenizerJson& tokenizer,
                                     std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto id = id_of_token(tokenizer.model.tokens, name)) return id;
  }
  return std::nullopt;
}

TokenizerJson read(const JsonPlace& root) {
  root.keys({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
             "post_processor", "decoder", "model"});
  if (root.has("version") && root.at("version").json() != "1.0") {
    root.at("version").refuse("\"1.0\"");
  }
  TokenizerJson tokenizer;
  if (root.has("normalizer")) tokenizer.normaliser = normaliser_steps(root.at("normalizer"));
  if (root.has("pre_tokenizer")) tokenizer.splits = split_steps(root.at("pre_tokenizer"));
  const bool byte_level =
      !tokenizer.splits.empty() && tokenizer.splits.back().kind == SplitStep::Kind::byte_level;
  tokenizer.model = subword_options(root.at("model"), byte_level);
  if (root.has("added_tokens")) read_added(root.at("added_tokens"), tokenizer);
  if (root.has("decoder")) read_decoder(root.at("decoder"), tokenizer);
  read_truncation_and_padding(root, tokenizer);
  if (root.has("post_processor")) read_template(root.at("post_processor"), tokenizer);
  if (tokenizer.before == 0 && tokenizer.after == 0) {
    tokenizer.begin = first_of(
        tokenizer, {"[CLS]", "<s>", "<|begin_of_text|>", "<|startoftext|>", "<|endoftext|>"});
    tokenizer.end = first_of(tokenizer, {"[SEP]", "</s>", "<|end_of_text|>", "<|endoftext|>"});
  }
  if (!tokenizer.pad) tokenizer.pad = first_of(tokenizer, {"[PAD]", "<pad>", "<|pad|>"});
  tokenizer.mask = first_of(tokenizer, {"[MASK]", "<mask>"});
  tokenizer.vocabulary = static_cast<std::int64_t>(tokenizer.model.tokens.size());
  return tokenizer;
}

}  // namespace

bool is_tokenizer_json(std::string_view bytes) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && bytes[first] == '{';
}

TokenizerJson read_tokenizer_json(std::string_view bytes, const std::string& name) {
  std::string reason;
  try {
    const Json json = parse_strictly(bytes);
    return read(JsonPlace(json, ""));
  } catch (const JsonRefusal& refusal) {
    reason = refusal.reason;
  } catch (const std::invalid_argument& problem) {
    reason = problem.what();
  }
  throw Error(Exit::bad_data, concat(name, " is no tokenizer.json that is read: ", reason,
                                     ". docs/tokenizers.md lists what is; choose another one."));
}

}  // namespace weft::host
