// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/community_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"

namespace weft::host {

std::vector<std::string_view> community_tables();  // generated

namespace {

using Json = nlohmann::json;

const std::vector<Json>& tables() {
  static const std::vector<Json> all = [] {
    std::vector<Json> parsed;
    for (const std::string_view text : community_tables()) parsed.push_back(Json::parse(text));
    return parsed;
  }();
  return all;
}

/// "a.{weight,bias}" as "a.weight" and "a.bias"; a text without such a choice as it is.
std::vector<std::string> choices(const std::string& pattern) {
  const std::size_t open = pattern.find('{');
  if (open == std::string::npos) return {pattern};
  const std::size_t close = pattern.find('}', open);
  std::vector<std::string> all;
  std::size_t at = open + 1;
  while (at <= close) {
    const std::size_t end = std::min(pattern.find(',', at), close);
    all.push_back(pattern.substr(0, open) + pattern.substr(at, end - at) +
                  pattern.substr(close + 1));
    at = end + 1;
  }
  return all;
}

/// Reads a model's configuration as a table says, and notes what does not fit.
class Settings {
 public:
  explicit Settings(const Json& config) : config_(config) {}

  /// The value at "key" or "outer.key"; nothing where it is absent or null.
  std::optional<Json> at(const std::string& key) const {
    const Json* value = &config_;
    for (std::size_t from = 0; from <= key.size();) {
      const std::size_t dot = std::min(key.find('.', from), key.size());
      if (!value->is_object()) return std::nullopt;
      const auto found = value->find(key.substr(from, dot - from));
      if (found == value->end() || found->is_null()) return std::nullopt;
      value = &*found;
      from = dot + 1;
    }
    return *value;
  }

  void require(const Json& rule) {
    const std::string key = rule.at("key");
    const std::optional<Json> found = at(key);
    const Json& allowed = rule.at("is");
    if (!found || std::ranges::find(allowed, *found) != allowed.end()) return;
    std::vector<std::string> words;
    for (const Json& one : allowed) words.push_back(one.dump());
    note(concat("\"", key, "\" is ", shown_value(*found), ", expected ",
                words.empty() ? "null" : enumerate(words)));
  }

  /// What an expression of a table gives.
  Json value(const Json& expression) {
    if (expression.is_string()) return value(Json{{"key", expression}});
    if (expression.contains("is")) return expression.at("is");
    const Json& key = expression.at("key");
    std::optional<Json> found;
    for (const Json& one : key.is_array() ? key : Json::array({key}))
      if (!found) found = at(one);
    if (!found && expression.contains("otherwise")) found = value(expression.at("otherwise"));
    if (!found && expression.contains("default")) found = expression.at("default");
    if (!found) {
      note(concat((key.is_array() ? key[0] : key).dump(), " is missing"));
      return 0;
    }
    if (expression.contains("first") && found->is_array() && !found->empty()) found = (*found)[0];
    if (expression.contains("words")) return word(key, *found, expression.at("words"));
    return computed(key, *found, expression);
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  static std::string shown_value(const Json& value) {
    return shown_text(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  static std::string shown_text(std::string text) {
    if (text.size() > 60) text = text.substr(0, 60) + "…";
    return text;
  }
  void note(const std::string& problem) {
    if (std::ranges::find(problems_, problem) == problems_.end()) problems_.push_back(problem);
  }

  Json word(const Json& key, const Json& found, const Json& words) {
    if (found.is_string() && words.contains(found.get<std::string>()))
      return words.at(found.get<std::string>());
    std::vector<std::string> known;
    for (const auto& [name, ours] : words.items()) known.push_back(concat("\"", name, "\""));
    note(concat(key.dump(), " is ", shown_value(found), ", expected ", enumerate(known)));
    return "";
  }

  Json computed(const Json& key, const Json& found, const Json& expression) {
    if (!expression.contains("minus") && !expression.contains("times")) return found;
    if (!found.is_number_integer()) {
      note(concat(key.dump(), " is ", shown_value(found), ", expected a whole number"));
      return 0;
    }
    std::int64_t number = found.get<std::int64_t>();
    if (expression.contains("times")) number *= expression.at("times").get<std::int64_t>();
    for (const Json& less : expression.value("minus", Json::array())) {
      const Json one = less.is_number() ? less : value(less);
      if (one.is_number_integer()) number -= one.get<std::int64_t>();
    }
    return number;
  }

  const Json& config_;
  std::vector<std::string> problems_;
};

std::vector<std::int64_t> sizes_of(const Json& row, const Json& config) {
  std::vector<std::int64_t> sizes;
  for (const Json& size : row.value("sizes", Json::array())) {
    if (size.is_number()) {
      sizes.push_back(size);
    } else if (size == "*") {
      sizes.push_back(-1);
    } else {
      const Json& ours = config.at(size.get<std::string>());
      sizes.push_back(ours.is_number_integer() ? ours.get<std::int64_t>() : 0);
    }
  }
  return sizes;
}

/// A row for each layer and each of its choices.
void add_rows(const Json& row, std::int64_t layers, const Json& config,
              std::vector<TensorRow>& rows) {
  const std::string from = row.at("from");
  std::vector<std::string> to;
  if (row.at("to").is_string())
    to.push_back(row.at("to"));
  else
    row.at("to").get_to(to);
  const bool is_layered = from.find("{i}") != std::string::npos;
  for (std::int64_t layer = 0; layer < (is_layered ? layers : 1); ++layer) {
    const auto filled = [&](std::string text) {
      replace_all(text, "{i}", std::to_string(layer));
      return text;
    };
    const std::vector<std::string> theirs = choices(filled(from));
    for (std::size_t choice = 0; choice < theirs.size(); ++choice) {
      TensorRow made{theirs[choice], row.value("bare", false), {}, row.value("transposed", false)};
      for (const std::string& one : to) made.ours.push_back(choices(filled(one)).at(choice));
      made.sizes = sizes_of(row, config);
      rows.push_back(std::move(made));
    }
  }
}

std::vector<Spelling> spellings_of(const Json& table) {
  std::vector<Spelling> all;
  for (const Json& spelling : table.at("spellings"))
    for (const Json& prefix : spelling.at("prefixes")) {
      Spelling one{prefix, {}};
      for (const Json& pair : spelling.value("replace", Json::array()))
        one.replace.emplace_back(pair[0], pair[1]);
      all.push_back(std::move(one));
    }
  return all;
}

/// More than any model has; beyond it a damaged config.json would fill the memory with names.
constexpr std::int64_t k_most_layers = 1000;

CommunityNode node_of(const std::string& name, const Json& plan, Settings& settings) {
  CommunityNode node{name, plan.at("use"), {}, {}};
  Json config = Json::object();
  for (const auto& [key, expression] : plan.at("config").items())
    config[key] = settings.value(expression);
  node.config = config.dump();
  const Json& layers = config.at("layers");
  const std::int64_t count = layers.is_number_integer() ? layers.get<std::int64_t>() : 0;
  if (count <= k_most_layers)
    for (const Json& row : plan.at("tensors")) add_rows(row, count, config, node.rows);
  return node;
}

const Json* table_of(const std::string& model_type) {
  for (const Json& table : tables())
    for (const Json& known : table.at("model_types"))
      if (known == model_type) return &table;
  return nullptr;
}

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw Error(Exit::bad_data, concat(path, ": ", what));
}

}  // namespace

std::string Spelling::of(const TensorRow& row) const {
  std::string name = row.theirs;
  for (const auto& [from, to] : replace) replace_all(name, from, to);
  return row.is_bare ? name : prefix + name;
}

std::vector<std::string> community_model_types() {
  std::vector<std::string> types;
  for (const Json& table : tables())
    for (const Json& type : table.at("model_types")) types.push_back(type);
  std::ranges::sort(types);
  return types;
}

CommunityModel community_model(const std::string& text, const std::string& path) {
  Json config;
  try {
    config = parse_strictly(text);
  } catch (const std::invalid_argument& problem) {
    refuse(path, concat("is no JSON: ", problem.what(), ". Copy it again from its source."));
  }
  const Json type = config.is_object() ? config.value("model_type", Json()) : Json();
  if (!type.is_string())
    refuse(path, "has no \"model_type\". Give the config.json of a model of transformers.");
  const Json* const table = table_of(type);
  if (table == nullptr)
    refuse(path, concat("no table for the architecture ", shown(type.get<std::string>()), ".",
                        suggestion(type.get<std::string>(), community_model_types())));
  Settings settings(config);
  settings.require({{"key", "quantization_config"}, {"is", Json::array()}});
  for (const Json& rule : table->at("requires")) settings.require(rule);
  CommunityModel model{type, spellings_of(*table), table->at("keeps"), table->at("tied"), {}};
  for (const auto& [name, plan] : table->at("nodes").items())
    model.nodes.push_back(node_of(name, plan, settings));
  if (!settings.problems().empty()) {
    std::string all;
    for (const std::string& problem : settings.problems())
      all += concat(all.empty() ? "" : "; ", problem);
    refuse(path, concat(all, ". Weft's parts have no other ", type.get<std::string>(), "."));
  }
  return model;
}

}  // namespace weft::host
