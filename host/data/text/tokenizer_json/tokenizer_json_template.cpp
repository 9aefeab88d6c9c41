// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json_reader.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_most_in_template = 64;

std::int32_t known_id(const JsonPlace& place, const TokenizerJson& tokenizer) {
  const auto id = static_cast<std::int32_t>(place.integer(0, k_most_tokens - 1));
  const std::vector<std::string>& tokens = tokenizer.model.tokens;
  const auto index = static_cast<std::size_t>(id);
  if (index >= tokens.size() || tokens[index].empty()) place.refuse("the id of a token");
  return id;
}

/// ["[CLS]", 101]
std::int32_t pair_id(const JsonPlace& place, const TokenizerJson& tokenizer) {
  const std::vector<JsonPlace> pair = place.list(2);
  if (pair.size() != 2) place.refuse("a token and its id");
  return known_id(pair[1], tokenizer);
}

/// Entries are {"SpecialToken": {"id": NAME}} and {"Sequence": {"id": "A"}}; what NAME stands for
/// is in special_tokens.
void read_single(const JsonPlace& place, TokenizerJson& tokenizer) {
  std::vector<std::int32_t> before, after;
  bool is_past = false;
  for (const JsonPlace& entry : place.at("single").list(k_most_in_template)) {
    entry.keys({"SpecialToken", "Sequence"});
    if (entry.has("Sequence")) {
      if (is_past || entry.at("Sequence").at("id").json() != "A") entry.refuse("the text once");
      is_past = true;
      continue;
    }
    const std::string name = entry.at("SpecialToken").at("id").text(k_longest_token);
    const JsonPlace ids = place.at("special_tokens").at(name.c_str()).at("ids");
    for (const JsonPlace& id : ids.list(k_most_in_template)) {
      (is_past ? after : before).push_back(known_id(id, tokenizer));
    }
  }
  if (!is_past) place.at("single").refuse("the text once");
  tokenizer.before = before.size();
  tokenizer.after = after.size();
  if (before.size() == 1) tokenizer.begin = before.front();
  if (after.size() == 1) tokenizer.end = after.front();
}

}  // namespace

void read_template(const JsonPlace& place, TokenizerJson& tokenizer) {
  const std::string type = place.at("type").text(k_longest_token);
  if (type == "Sequence") {
    place.keys({"type", "processors"});
    for (const JsonPlace& entry : place.at("processors").list(k_most_steps)) {
      read_template(entry, tokenizer);
    }
  } else if (type == "TemplateProcessing") {
    place.keys({"type", "single", "pair", "special_tokens"});
    if (tokenizer.before + tokenizer.after > 0) place.refuse("one template");
    read_single(place, tokenizer);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    place.keys({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
    if (tokenizer.before + tokenizer.after > 0) place.refuse("one template");
    tokenizer.begin = pair_id(place.at("cls"), tokenizer);
    tokenizer.end = pair_id(place.at("sep"), tokenizer);
    tokenizer.before = tokenizer.after = 1;
  } else if (type == "ByteLevel") {  // moves offsets, which nothing here asks for
    place.keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  } else {
    place.at("type").refuse(
        "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or Sequence");
  }
}

}  // namespace weft::host
