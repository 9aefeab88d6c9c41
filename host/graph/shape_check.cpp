// SPDX-License-Identifier: Apache-2.0
#include "host/graph/shape_check.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/graph/shape_repair.hpp"

namespace weft::host {
namespace {

std::vector<std::string> names_of(const std::vector<FieldSpec>& fields) {
  std::vector<std::string> names;
  for (const FieldSpec& field : fields) names.push_back(field.name);
  return names;
}

/// What a part says need not end as a sentence does.
std::string sentence(const std::string& text) {
  return text.ends_with('.') ? text : text + ".";
}

}  // namespace

void ShapeCheck::check(const std::string& data_name, std::int64_t batch,
                       const std::vector<std::size_t>& order, const std::vector<PortWires>& wires) {
  std::map<std::size_t, std::vector<weft_spec>> outputs;
  for (const std::size_t index : order) {
    const Node& node = nodes_[index];
    std::vector<weft_spec> inputs;
    std::vector<std::uint32_t> counts;
    bool complete = true;
    for (std::size_t p = 0; p < wires[index].size(); ++p) {
      const auto& sources = wires[index][p];
      complete = complete && (node.instance.inputs()[p].optional || !sources.empty());
      counts.push_back(static_cast<std::uint32_t>(sources.size()));
      for (const InputSource& source : sources) {
        const auto spec = source_spec(source, data_name, batch, outputs);
        complete = complete && spec.has_value();
        inputs.push_back(spec.value_or(weft_spec{}));
      }
    }
    if (!complete) continue;  // a problem upstream, already reported
    try {
      check_ids(node, wires[index], inputs, data_name, data_.at(data_name), report_);
      outputs[index] = infer_outputs(node.instance, inputs, counts);
      if (!node.is_of_run && data_name == recipe_.evaluate.data)
        for (const GenerationPlan& entry : recipe_.evaluate.generate)
          if (entry.node == node.owner) check_generated_length(node, entry, inputs, counts);
    } catch (const ShapeMisfit& misfit) {
      report_misfit(node, concat(misfit.what(), producers(node, wires[index], inputs),
                                 repair(misfit, wires[index], inputs)));
    } catch (const Error& error) {
      report_misfit(node, concat(sentence(error.what()), producers(node, wires[index], inputs)));
    }
  }
}

/// The same wires with another batch size give the same problem, and perhaps so do views.
void ShapeCheck::report_misfit(const Node& node, const std::string& sentence) {
  if (misfits_.insert(node.is_of_run ? node.name : node.owner).second)
    report_.problem(node.wires_pointer(),
                    node.is_viewed() ? concat("\"", node.name, "\": ", sentence) : sentence);
}

std::string ShapeCheck::repair(const ShapeMisfit& misfit, const PortWires& wires,
                               const std::vector<weft_spec>& inputs) const {
  std::size_t at = misfit.input();
  for (const std::vector<InputSource>& sources : wires) {
    if (at < sources.size())
      return repair_of(misfit.expected(), spec_sizes(inputs[misfit.input()]), name_of(sources[at]));
    at -= sources.size();
  }
  return "";
}

/// Generation feeds the decoder its own text, up to one token less than the length asked for.
void ShapeCheck::check_generated_length(const Node& node, const GenerationPlan& entry,
                                        std::vector<weft_spec> inputs,
                                        const std::vector<std::uint32_t>& counts) {
  const auto* rules =
      static_cast<const weft_autoregressive*>(node.instance.extension(WEFT_AUTOREGRESSIVE));
  if (rules == nullptr) return;  // reported by check_generation()
  std::size_t at = 0;
  for (std::size_t p = 0; node.instance.inputs()[p].name != rules->tokens; ++p) at += counts[p];
  inputs[at].sizes[1] = std::max<std::int64_t>(entry.max_length - 1, 1);
  try {
    infer_outputs(node.instance, inputs, counts);
  } catch (const Error& error) {
    report_.problem(child(entry.place.pointer, "max_length"), error.what());
  }
}

std::optional<weft_spec> ShapeCheck::source_spec(
    const InputSource& source, const std::string& data_name, std::int64_t batch,
    const std::map<std::size_t, std::vector<weft_spec>>& outputs) {
  if (source.from == InputSource::From::nothing) return weft_spec{};
  if (source.from == InputSource::From::present) return make_spec(DType::boolean, {batch});
  if (source.from == InputSource::From::generated && !source.field.empty())
    return make_spec(source.field == "text" ? DType::uint8 : DType::boolean, {batch, -1});
  if (source.from == InputSource::From::generated) {
    std::int64_t length = 1;
    for (const GenerationPlan& entry : recipe_.evaluate.generate)
      if (entry.node == nodes_[source.node].owner) length = std::max(length, entry.max_length);
    return make_spec(DType::int64, {batch, length});
  }
  if (source.from == InputSource::From::gradient) return make_spec(DType::float32, source.sizes);
  if (source.from == InputSource::From::node) {
    const auto found = outputs.find(source.node);
    if (found == outputs.end()) return std::nullopt;
    return found->second[source.port];
  }
  for (const FieldSpec& field : data_.at(data_name)) {
    if (field.name != source.field) continue;
    std::vector<std::int64_t> sizes = field.sizes;
    sizes.insert(sizes.begin(), batch);
    return make_spec(field.dtype, sizes);
  }
  if (recipe_.problems.is_wrong("/data/" + data_name)) return std::nullopt;
  report_.problem(source.pointer,
                  concat("data \"", data_name, "\" has no field \"", source.field, "\".",
                         suggestion(source.field, names_of(data_.at(data_name)))));
  return std::nullopt;
}

/// " Wired: state = fusion.tokens [64, 75, 48]; …", so that the reader sees which producer to
/// change.
std::string ShapeCheck::producers(const Node& node, const PortWires& wires,
                                  const std::vector<weft_spec>& inputs) const {
  std::string text = " Wired:";
  std::size_t at = 0;
  for (std::size_t p = 0; p < wires.size(); ++p)
    for (const InputSource& source : wires[p]) {
      const weft_spec& spec = inputs[at++];
      if (source.from == InputSource::From::nothing) continue;
      text += concat(text.back() == ':' ? " " : "; ", node.instance.inputs()[p].name, " = ",
                     name_of(source), " ", shape_text(spec_sizes(spec)));
    }
  return text + ".";
}

std::string ShapeCheck::name_of(const InputSource& source) const {
  switch (source.from) {
    case InputSource::From::batch: return "batch." + source.field;
    case InputSource::From::generated:
      return nodes_[source.node].name + (source.field.empty() ? ".generated" : ".text");
    case InputSource::From::present: return "presence";
    case InputSource::From::node:
      return nodes_[source.node].name + "." +
             nodes_[source.node].instance.outputs()[source.port].name;
    case InputSource::From::gradient: return "grad." + source.field;
    case InputSource::From::nothing: break;
  }
  return "nothing";
}

}  // namespace weft::host
