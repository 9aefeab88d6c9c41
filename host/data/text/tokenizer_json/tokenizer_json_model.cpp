// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/text/tokenizer_json/byte_level.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json_reader.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using Vocabulary = std::unordered_map<std::string, std::int32_t>;

Vocabulary vocabulary(const JsonPlace& place, std::vector<std::string>& tokens) {
  const Json& json = place.json();
  if (!json.is_object() || json.empty() || json.size() > k_most_tokens) {
    place.refuse(concat("an object of 1 to ", k_most_tokens, " tokens"));
  }
  Vocabulary ids;
  for (const auto& [token, value] : json.items()) {
    const JsonPlace entry(value, "/model/vocab/" + shown(token));
    const auto id = static_cast<std::size_t>(entry.integer(0, k_most_tokens - 1));
    if (token.empty() || token.size() > k_longest_token) {
      throw JsonRefusal{
          concat("/model/vocab: expected tokens of 1 to ", k_longest_token, " bytes, found ",
                 token.empty() ? concat("an empty one, \"\", with the id ", id)
                               : concat(shown(token), " of ", token.size(), " bytes"))};
    }
    if (id >= tokens.size()) tokens.resize(id + 1);
    if (!tokens[id].empty()) entry.refuse(concat("an id that is not that of ", shown(tokens[id])));
    tokens[id] = token;
    ids.emplace(token, static_cast<std::int32_t>(id));
  }
  return ids;
}

/// "left right", or ["left", "right"].
std::pair<std::string, std::string> merged_tokens(const JsonPlace& place) {
  const Json& json = place.json();
  if (json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string()) {
    return {json[0].get<std::string>(), json[1].get<std::string>()};
  }
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    const std::size_t space = text.find(' ');
    if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  }
  place.refuse("two tokens");
}

std::vector<SubwordOptions::Merge> merges(const JsonPlace& place, const Vocabulary& ids) {
  std::vector<SubwordOptions::Merge> merges;
  for (const JsonPlace& entry : place.list(k_most_tokens)) {
    const auto [left, right] = merged_tokens(entry);
    const auto a = ids.find(left), b = ids.find(right), both = ids.find(left + right);
    if (a == ids.end() || b == ids.end() || both == ids.end()) {
      entry.refuse("two tokens that are, like what they make together, in the vocabulary");
    }
    merges.push_back({a->second, b->second, both->second});
  }
  return merges;
}

void require_bytes(const JsonPlace& place, const Vocabulary& ids) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string token = byte_character(static_cast<unsigned char>(byte));
    if (!ids.contains(token)) {
      place.refuse(concat("a token for each of the 256 bytes, ", shown(token), " among them"));
    }
  }
}

void read_bpe(const JsonPlace& place, const Vocabulary& ids, SubwordOptions& model) {
  place.keys({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
              "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  if (place.has("dropout") && place.at("dropout").json() != 0.0) {
    place.at("dropout").refuse("0: the same text gives the same ids");
  }
  if (place.has("continuing_subword_prefix") &&
      !place.at("continuing_subword_prefix").text(k_longest_token).empty()) {
    place.at("continuing_subword_prefix").refuse("none in a BPE model");
  }
  model.byte_fallback = place.flag("byte_fallback", false);
  if (place.has("end_of_word_suffix")) {
    model.suffix = place.at("end_of_word_suffix").text(k_longest_token);
  }
  model.fuse_unknown = place.flag("fuse_unk", false);
  model.ignore_merges = place.flag("ignore_merges", false);
  model.merges = merges(place.at("merges"), ids);
  if (model.unknown) return;
  if (!model.byte_level) place.refuse("an unk_token, or ByteLevel as the last pre_tokenizer");
  require_bytes(place.at("vocab"), ids);
}

void read_word_piece(const JsonPlace& place, SubwordOptions& model) {
  constexpr int longest = 1000;
  place.keys(
      {"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  if (model.byte_level) place.refuse("BPE behind ByteLevel");
  if (!model.unknown) place.refuse("an unk_token");
  model.prefix = place.has("continuing_subword_prefix")
                     ? place.at("continuing_subword_prefix").text(k_longest_token)
                     : "##";
  model.longest_word =
      place.has("max_input_chars_per_word")
          ? static_cast<int>(place.at("max_input_chars_per_word").integer(1, longest))
          : 100;
}

/// A list of [token, log-probability]; the ids are their places.
void read_unigram(const JsonPlace& place, SubwordOptions& model) {
  place.keys({"type", "unk_id", "vocab", "byte_fallback"});
  if (model.byte_level) place.refuse("BPE behind ByteLevel");
  std::set<std::string> known;
  for (const JsonPlace& entry : place.at("vocab").list(k_most_tokens)) {
    const std::vector<JsonPlace> pair = entry.list(2);
    if (pair.size() != 2 || !pair[1].json().is_number()) entry.refuse("a token and its score");
    model.tokens.push_back(pair[0].text(k_longest_token));
    model.scores.push_back(pair[1].json().get<double>());
    if (model.tokens.back().empty() || !known.insert(model.tokens.back()).second)
      pair[0].refuse("a text that is not empty and not that of another token");
  }
  if (model.tokens.empty()) place.at("vocab").refuse("at least one token");
  model.unknown = static_cast<std::int32_t>(
      place.at("unk_id").integer(0, static_cast<std::int64_t>(model.tokens.size()) - 1));
  model.byte_fallback = place.flag("byte_fallback", false);
}

}  // namespace

std::optional<std::int32_t> id_of_token(const std::vector<std::string>& tokens,
                                        const std::string& token) {
  const auto found = std::find(tokens.begin(), tokens.end(), token);
  if (token.empty() || found == tokens.end()) return std::nullopt;
  return static_cast<std::int32_t>(found - tokens.begin());
}

SubwordOptions subword_options(const JsonPlace& place, bool byte_level) {
  SubwordOptions model;
  model.byte_level = byte_level;
  // Files of older versions leave the type out.
  const std::string type = place.has("type")     ? place.at("type").text(k_longest_token)
                           : place.has("merges") ? "BPE"
                                                 : "WordPiece";
  using Kind = SubwordOptions::Kind;
  if (type != "BPE" && type != "WordPiece" && type != "Unigram")
    place.at("type").refuse("BPE, WordPiece or Unigram");
  model.kind = type == "BPE" ? Kind::bpe : type == "Unigram" ? Kind::unigram : Kind::word_piece;
  if (model.kind == Kind::unigram) {
    read_unigram(place, model);
    return model;
  }
  const Vocabulary ids = vocabulary(place.at("vocab"), model.tokens);
  if (place.has("unk_token")) {
    const std::string unknown = place.at("unk_token").text(k_longest_token);
    const auto found = ids.find(unknown);
    if (found == ids.end()) place.at("unk_token").refuse("a token of the vocabulary");
    model.unknown = found->second;
  }
  if (model.kind == Kind::bpe) {
    read_bpe(place, ids, model);
  } else {
    read_word_piece(place, model);
  }
  return model;
}

}  // namespace weft::host
