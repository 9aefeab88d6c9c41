// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/meaning.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "host/base/open_folder.hpp"
#include "host/base/text.hpp"
#include "host/base/version.hpp"
#include "host/recipe/expectation.hpp"

namespace weft::host {
namespace {

/// The text at `key`, or null.
const Value* text_at(const Value& object, const char* key) {
  const Value* value = object.find(key);
  return value && value->text() ? value : nullptr;
}

/// A section, and a list or object of nodes and stages, may have this many entries.
constexpr std::size_t k_max_entries = 1000;

/// Strings of a part's configuration may be this many bytes long together.
constexpr std::size_t k_max_config = std::size_t{8} << 20;

std::size_t text_bytes(const Value& value) {
  std::size_t bytes = value.text() ? value.text()->size() : 0;
  for (const Value& item : value.items()) bytes += text_bytes(item);
  for (const Member& member : value.members())
    bytes += member.key.size() + text_bytes(member.value);
  return bytes;
}

/// Which kinds of part a section takes, and where the others belong.
std::string wrong_section(const std::string& kind, const std::string& section) {
  const std::string home = kind == "loss" ? "losses" : kind == "metric" ? "metrics" : "graph";
  if (home == section) return "";
  const char* expected = section == "losses" ? "a loss"
                         : section == "metrics"
                             ? "a metric"
                             : "an encoder, fusion, reasoning core, decoder or function";
  return concat("expected ", expected, ", found ", kind == "encoder" ? "an encoder" : "a " + kind,
                ". Move it to \"", home, "\".");
}

/// What is wrong with "[vendor/]kind.name[@range]" in this section; "" if nothing is.
std::string wrong_part_id(const std::string& id, const std::string& section) {
  const std::size_t at = id.find('@');
  if (at != std::string::npos && !VersionRange::parse(id.substr(at + 1)))
    return concat("expected a version range such as \"^1.2\" after \"@\", found \"",
                  id.substr(at + 1), "\".");
  const std::string whole = id.substr(0, at);
  const std::size_t slash = whole.find('/');
  const std::string part = slash == std::string::npos ? whole : whole.substr(slash + 1);
  const WireText names = split_wire(part);
  if (names.node.empty() || names.port.empty() || !names.view.empty() || slash == 0)
    return concat(
        "expected a part such as \"fusion.concat\" or \"acme/encoder.birdsong@^2\", "
        "found \"",
        id, "\".");
  const std::vector<std::string> kinds = {"encoder", "fusion", "reasoning", "decoder",
                                          "loss",    "metric", "function"};
  if (std::find(kinds.begin(), kinds.end(), names.node) != kinds.end())
    return wrong_section(names.node, section);
  return concat("no kind of part is called \"", names.node, "\".", suggestion(names.node, kinds));
}

class Check {
 public:
  Check(const Value& recipe, const Value& schema, Findings& findings)
      : recipe_(recipe), schema_(schema), findings_(findings) {}

  /// It becomes the run's folder.
  void name() {
    const Value* name = text_at(recipe_, "name");
    if (name != nullptr && !is_path_word(*name->text()))
      add(*name, "/name",
          concat("\"", *name->text(),
                 "\" cannot name a run folder. Use letters, digits, \".\", \"_\" and \"-\", a "
                 "letter, a digit or \"_\" first, at most 100."));
  }

  /// False if a section is too large to go on.
  bool sizes() {
    bool small = is_small(section(recipe_, "data"), "/data");
    for (const Member& data : section(recipe_, "data").members())
      small = is_small(section(data.value, "fields"), child(child("/data", data.key), "fields")) &&
              small;
    for (const char* name : {"graph", "losses", "metrics", "views", "tie", "stages", "evaluate"})
      small = are_small(section(recipe_, name), child("", name)) && small;
    return small;
  }

  void nodes(const char* section_name) {
    for (const Member& node : section(recipe_, section_name).members()) {
      const std::string pointer = child(child("", section_name), node.key);
      check_name(node.key, node.value, pointer);
      if (node.key == "batch")
        add(node.value, pointer, "the name \"batch\" stands for the data. Choose another one.");
      if (const Value* config = node.value.find("config");
          config != nullptr && text_bytes(*config) > k_max_config)
        add(*config, child(pointer, "config"),
            concat("expected at most ", k_max_config, " bytes of text, found ", text_bytes(*config),
                   "."));
      if (const Value* use = text_at(node.value, "use"))
        if (const std::string text = wrong_part_id(*use->text(), section_name); !text.empty())
          add(*use, child(pointer, "use"), text);
    }
  }

  void data() {
    for (const Member& data : section(recipe_, "data").members()) {
      const std::string pointer = child("/data", data.key);
      check_name(data.key, data.value, pointer);
      check_training_part(data.key, data.value, pointer);
      if (const Value* tokenizer = data.value.find("tokenizer"))
        check_tokenizer(*tokenizer, child(pointer, "tokenizer"));
      for (const Member& field : section(data.value, "fields").members()) {
        const std::string place = child(child(pointer, "fields"), field.key);
        check_name(field.key, field.value, place);
        check_field(field.value, data.value.find("tokenizer") != nullptr, place);
      }
    }
  }

  /// Whether a stage reads the section, or something is learned from its training part.
  bool is_trained_on(const std::string& name, const Value& data) const {
    for (const Value& stage : section(recipe_, "stages").items())
      if (const Value* used = text_at(stage, "data"); used != nullptr && *used->text() == name)
        return true;
    const Value* tokenizer = data.find("tokenizer");
    if (tokenizer != nullptr && tokenizer->find("file") == nullptr) return true;
    for (const Member& field : section(data, "fields").members())
      if (field.value.find("visual_tokens") != nullptr) return true;
    return false;
  }

  /// Either shards/train or blend, or neither where nobody trains on it.
  void check_training_part(const std::string& name, const Value& data, const std::string& pointer) {
    const Value* shards = data.find("shards");
    if (shards != nullptr && shards->object() == nullptr) return;  // said by the short forms
    if (findings_.all().is_wrong(child(pointer, "shards"))) return;
    if (findings_.all().is_wrong_at(child(pointer, "extends"))) return;  // that may have it
    const bool has_shards = shards != nullptr && shards->find("train") != nullptr;
    const bool has_blend = data.find("blend") != nullptr;
    if (has_shards && has_blend) {
      add(data, child(pointer, "blend"),
          "the training part has shards/train and a blend. Leave one of the two out.");
    }
    if (!has_shards && !has_blend && is_trained_on(name, data)) {
      add(data, pointer, "there is no training part. Add shards/train, or a blend of sources.");
    }
  }

  void stages() {
    const Value& list = section(recipe_, "stages");
    std::vector<std::string> earlier;
    for (std::size_t i = 0; i < list.items().size(); ++i) {
      const Value& stage = list.items()[i];
      const std::string pointer = child("/stages", i);
      refer(text_at(stage, "from"), child(pointer, "from"), earlier, "no earlier stage");
      stage_name(stage, pointer, earlier);
      stage_references(stage, pointer);
      check_stage(stage, pointer, findings_);
      const Value* batch = stage.find("batch_size");
      const Value* parts = stage.find("grad_accumulation");
      if (batch && batch->integer() && parts && parts->integer() && *parts->integer() > 0 &&
          *batch->integer() % *parts->integer() != 0)
        add(*parts, child(pointer, "grad_accumulation"),
            concat(*parts->integer(), " micro-batches cannot share a batch of ", *batch->integer(),
                   ". Make batch_size a multiple of grad_accumulation."));
    }
  }

  void evaluation() {
    const Value& evaluate = section(recipe_, "evaluate");
    refer(text_at(evaluate, "data"), "/evaluate/data", names("data"), "no data section");
    refer_all(section(evaluate, "metrics"), "/evaluate/metrics", "metrics", "no metric");
    const Value& generate = section(evaluate, "generate");
    const Value& keys = section(section(section(schema_, "$defs"), "generation"), "properties");
    std::vector<std::string> nodes;
    const auto entry = [&](const Value& one, const std::string& pointer) {
      refer(text_at(one, "node"), child(pointer, "node"), names("graph"), "no graph node");
      if (const Value* draft = text_at(section(one, "draft"), "node"))
        refer_to_part(*draft, child(child(pointer, "draft"), "node"), "graph", "no graph node");
      check_generation(one, pointer, keys, nodes, findings_);
    };
    if (generate.object() != nullptr) entry(generate, "/evaluate/generate");
    for (std::size_t i = 0; i < generate.items().size(); ++i)
      entry(generate.items()[i], child("/evaluate/generate", i));
    if (const Value* split = text_at(evaluate, "split"))
      require_split(text_at(evaluate, "data"), *split->text(), *split, "/evaluate/split");
  }

 private:
  bool is_small(const Value& value, const std::string& pointer) {
    const std::size_t count = value.items().size() + value.members().size();
    if (count <= k_max_entries) return true;
    add(value, pointer, concat("expected at most ", k_max_entries, " entries, found ", count, "."));
    return false;
  }

  /// The same of all inside it save configurations, which are for the parts to judge.
  bool are_small(const Value& value, const std::string& pointer) {
    if (!is_small(value, pointer)) return false;
    bool small = true;
    for (std::size_t i = 0; i < value.items().size(); ++i)
      small = are_small(value.items()[i], child(pointer, i)) && small;
    for (const Member& member : value.members())
      if (member.key != "config")
        small = are_small(member.value, child(pointer, member.key)) && small;
    return small;
  }

  void add(const Value& value, const std::string& pointer, const std::string& text) {
    findings_.add(value.origin, pointer, text);
  }

  std::vector<std::string> names(const char* section_name) const {
    return keys(section(recipe_, section_name));
  }

  void check_name(const std::string& name, const Value& value, const std::string& pointer) {
    if (!is_node_name(name))
      add(value, pointer,
          concat("\"", name,
                 "\" is no name. Use lower-case letters, digits and \"_\", a letter "
                 "first, at most 100."));
  }

  /// @param none  "no metric", as the sentence begins
  void refer(const Value* name, const std::string& pointer, const std::vector<std::string>& known,
             const char* none) {
    if (name == nullptr || std::find(known.begin(), known.end(), *name->text()) != known.end())
      return;
    add(*name, pointer,
        findings_.all().is_full() ? ""
                                  : concat(none, " is called \"", *name->text(), "\".",
                                           suggestion(*name->text(), known)));
  }

  /// A loss or metric, also one that is seen through a view: "VIEW:NAME".
  void refer_to_part(const Value& name, const std::string& pointer, const char* section_name,
                     const char* none) {
    const std::size_t colon = name.text()->find(':');
    if (recipe_.find(section_name) == nullptr && colon == std::string::npos) return;  // told
    if (colon == std::string::npos) return refer(&name, pointer, names(section_name), none);
    const std::string view = name.text()->substr(0, colon);
    const std::string wrong = wrong_view(recipe_, view);
    if (!wrong.empty()) return add(name, pointer, wrong);
    if (is_of_run(recipe_, view)) return;  // its parts are known when its run is read
    const Value seen{name.text()->substr(colon + 1), name.origin};
    refer(&seen, pointer, names(section_name), none);
  }

  void refer_all(const Value& list, const std::string& pointer, const char* section_name,
                 const char* none) {
    for (std::size_t i = 0; i < list.items().size(); ++i)
      if (list.items()[i].text())
        refer_to_part(list.items()[i], child(pointer, i), section_name, none);
  }

  void check_tokenizer(const Value& tokenizer, const std::string& pointer) {
    if (tokenizer.find("file") != nullptr) {
      for (const char* key : {"type", "vocab_size", "special", "from"})
        if (tokenizer.find(key) != nullptr)
          add(tokenizer, pointer,
              concat("\"file\" and \"", key, "\" exclude each other. Remove one."));
    } else {
      for (const auto& [key, what] : {std::pair("vocab_size", "how many tokens it has"),
                                      std::pair("from", "where the text is")})
        if (tokenizer.find(key) == nullptr)
          add(tokenizer, pointer,
              concat("missing key \"", key, "\": ", what, "; or \"file\", a tokenizer."));
    }
  }

  void check_field(const Value& field, bool has_tokenizer, const std::string& pointer) {
    const Value* kind = text_at(field, "kind");
    if (kind == nullptr) return;
    if (*kind->text() == "text" && !has_tokenizer)
      add(field, pointer, "a text needs a tokenizer. Add \"tokenizer\" to the data section.");
    if (*kind->text() != "text" && *kind->text() != "class") return;
    const bool pointed = field.find("pointer") != nullptr, member = field.find("member") != nullptr;
    if (!pointed && !member)
      add(field, pointer, "missing key \"pointer\" or \"member\": where the sample holds it.");
    if (pointed && member)
      add(field, pointer, "\"pointer\" and \"member\" exclude each other. Remove one.");
  }

  void stage_name(const Value& stage, const std::string& pointer,
                  std::vector<std::string>& earlier) {
    const Value* name = text_at(stage, "name");
    if (name == nullptr) return;
    check_name(*name->text(), *name, child(pointer, "name"));
    if (std::find(earlier.begin(), earlier.end(), *name->text()) != earlier.end())
      add(*name, child(pointer, "name"),
          concat("an earlier stage is called \"", *name->text(), "\" too. Choose another name."));
    earlier.push_back(*name->text());
  }

  void stage_references(const Value& stage, const std::string& pointer) {
    refer(text_at(stage, "data"), child(pointer, "data"), names("data"), "no data section");
    for (const Member& loss : section(stage, "losses").members()) {
      const Value name{loss.key, loss.value.origin};
      refer_to_part(name, child(child(pointer, "losses"), loss.key), "losses", "no loss");
    }
    const Value& metrics = section(stage, "metrics");
    refer_all(metrics, child(pointer, "metrics"), "metrics", "no metric");
    if (!metrics.items().empty())
      require_split(text_at(stage, "data"), "val", metrics, child(pointer, "metrics"));
  }

  /// The data section, where it exists, has shards for this split, or holds it out of training.
  void require_split(const Value* data, const std::string& split, const Value& value,
                     const std::string& pointer) {
    const Value* plan = data ? section(recipe_, "data").find(*data->text()) : nullptr;
    const Value* shards = plan ? plan->find("shards") : nullptr;
    const Value* held_out = plan ? plan->find("split") : nullptr;
    if (plan == nullptr || (shards != nullptr && shards->find(split) != nullptr)) return;
    if (findings_.all().is_wrong(child(child("/data", *data->text()), "shards"))) return;
    if (held_out != nullptr && held_out->find(split) != nullptr) return;
    add(value, pointer,
        concat("data \"", *data->text(), "\" has no shards for the split \"", split,
               "\". Add them, or leave this out."));
  }

  const Value& recipe_;
  const Value& schema_;
  Findings& findings_;
};

}  // namespace

bool is_node_name(const std::string& name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= 100 && is_lower(name.front()) &&
         std::all_of(name.begin(), name.end(), allowed);
}

const Value& section(const Value& recipe, const char* key) {
  static const Value none;
  const Value* found = recipe.find(key);
  return found == nullptr ? none : *found;
}

bool check_meaning(const Value& recipe, const Value& schema, Findings& findings) {
  Check check(recipe, schema, findings);
  if (!check.sizes()) return false;
  check.name();
  check.data();
  for (const char* name : {"graph", "losses", "metrics"}) check.nodes(name);
  check_wires(recipe, findings);
  check_views(recipe, findings);
  check.stages();
  check.evaluation();
  return true;
}

}  // namespace weft::host
