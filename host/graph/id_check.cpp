// SPDX-License-Identifier: Apache-2.0
#include "host/graph/id_check.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// One field of ids that a port reads.
struct Reading {
  const Port& port;
  const InputSource& source;
  const FieldSpec& field;
};

std::vector<Reading> readings(const Node& node, const PortWires& wires,
                              const std::vector<FieldSpec>& fields) {
  std::vector<Reading> all;
  for (std::size_t p = 0; p < wires.size(); ++p)
    for (const InputSource& source : wires[p])
      for (const FieldSpec& field : fields)
        if (source.from == InputSource::From::batch && source.field == field.name &&
            field.classes > 0)
          all.push_back({node.instance.inputs()[p], source, field});
  return all;
}

/// How many classes the port `logits` scores.
std::optional<std::int64_t> scored(const Node& node, const PortWires& wires,
                                   const std::vector<weft_spec>& inputs) {
  std::size_t at = 0;
  for (std::size_t p = 0; p < wires.size(); at += wires[p++].size())
    if (node.instance.inputs()[p].name == "logits" && wires[p].size() == 1 && inputs[at].ndim > 0)
      return inputs[at].sizes[inputs[at].ndim - 1];
  return std::nullopt;
}

struct Vocabulary {
  const char* key;  ///< of the configuration; parts of others may have that of earlier days
  std::int64_t size;
};

std::optional<Vocabulary> vocabulary(const Node& node) {
  const auto config = nlohmann::json::parse(node.config, nullptr, /*allow_exceptions=*/false);
  for (const char* key : {"vocab_size", "vocab"})
    if (config.is_object() && config.contains(key) && config.at(key).is_number_integer())
      return Vocabulary{key, config.at(key).get<std::int64_t>()};
  return std::nullopt;
}

}  // namespace

void check_ids(const Node& node, const PortWires& wires, const std::vector<weft_spec>& inputs,
               const std::string& data, const std::vector<FieldSpec>& fields,
               const Report& report) {
  const std::optional<std::int64_t> scores = scored(node, wires, inputs);
  const std::optional<Vocabulary> vocab = vocabulary(node);
  for (const auto& [port, source, field] : readings(node, wires, fields)) {
    const bool is_class = field.sizes.empty();
    const std::string what = concat("batch.", field.name, " of data \"", data, "\" has ",
                                    field.classes, is_class ? " classes" : " ids");
    if (port.name == "target" && scores) {
      if (*scores < field.classes)
        report.problem(source.pointer,
                       concat(what, ", but \"logits\" scores only ", *scores,
                              ". Let the part that makes them score ", field.classes, "."));
      if (*scores > field.classes && is_class)
        report.note(source.pointer, concat(what, ", and \"logits\" scores ", *scores,
                                           ": some can never be right."));
    } else if (vocab && vocab->size < field.classes) {
      report.problem(concat(node.pointer, "/config/", vocab->key),
                     concat("is ", vocab->size, ", but ", what,
                            is_class ? "" : ", those of the tokenizer and of masking",
                            ". Set it to ", field.classes, "."));
    }
  }
}

}  // namespace weft::host
