// SPDX-License-Identifier: Apache-2.0
#include "host/generation/steered_logits.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/generation/decoder.hpp"
#include "host/generation/row_inputs.hpp"
#include "host/generation/write.hpp"

namespace weft::host {
namespace {

bool is_decoder(const Wiring& wiring, std::size_t node, const std::string& field,
                const std::string& data) {
  return wiring.nodes()[node].instance.extension(WEFT_AUTOREGRESSIVE) != nullptr &&
         tokens_field(wiring, node, data) == field;
}

/// Every input of the node that is another's output.
std::vector<InputSource> sources_of(const Wiring& wiring, std::size_t node,
                                    const std::string& data) {
  std::vector<InputSource> sources;
  for (const std::vector<InputSource>& port : wiring.inputs(node, data))
    for (const InputSource& source : port)
      if (source.from == InputSource::From::node) sources.push_back(source);
  return sources;
}

bool follows(const Wiring& wiring, std::size_t node, const std::string& field,
             const std::string& data) {
  return !decoders_behind(wiring, node, field, data).empty();
}

/// An input of a function that follows from the text.
struct Fed {
  std::size_t port, place;
  LastLogits logits;
};

}  // namespace

std::vector<std::size_t> decoders_behind(const Wiring& wiring, std::size_t node,
                                         const std::string& field, const std::string& data) {
  if (is_decoder(wiring, node, field, data)) return {node};
  std::set<std::size_t> all;
  for (const InputSource& source : sources_of(wiring, node, data))
    for (const std::size_t one : decoders_behind(wiring, source.node, field, data)) all.insert(one);
  return {all.begin(), all.end()};
}

std::vector<std::size_t> upstream_of_logits(const Wiring& wiring, std::size_t node,
                                            const std::string& field, const std::string& data) {
  if (is_decoder(wiring, node, field, data)) return upstream(wiring, node, data);
  std::set<std::size_t> all;
  for (const InputSource& source : sources_of(wiring, node, data)) {
    const auto before = follows(wiring, source.node, field, data)
                            ? upstream_of_logits(wiring, source.node, field, data)
                            : wiring.needed({source.node});
    all.insert(before.begin(), before.end());
  }
  return {all.begin(), all.end()};  // producers have smaller numbers
}

LastLogits steered_logits(const Model& model, std::size_t node, std::size_t port,
                          const std::string& field, const Values& values, const TensorMap& batch,
                          std::int64_t rows, bool use_cache) {
  const Wiring& wiring = model.wiring();
  const std::string& data = values.data;
  if (is_decoder(wiring, node, field, data))
    return last_logits(model, node, values, batch, rows, use_cache);
  std::vector<Fed> fed;
  Values known = values;
  const PortWires& wires = wiring.inputs(node, data);
  for (std::size_t p = 0; p < wires.size(); ++p)
    for (std::size_t i = 0; i < wires[p].size(); ++i) {
      const InputSource& source = wires[p][i];
      if (source.from != InputSource::From::node || !follows(wiring, source.node, field, data))
        continue;
      fed.push_back(
          {p, i,
           steered_logits(model, source.node, source.port, field, values, batch, rows, use_cache)});
      known.outputs[source.node].resize(wiring.nodes()[source.node].instance.outputs().size());
    }
  const Node& function = wiring.nodes()[node];
  const auto inputs =
      std::make_shared<RowInputs>(function.instance, model.gather(node, known, batch), rows);
  return [=, &model, name = function.name](const std::vector<Tokens>& texts,
                                           const std::vector<std::size_t>& of, std::int64_t n) {
    InputTensors& taken = inputs->take(of);
    std::vector<std::int64_t> sizes;
    for (const Fed& one : fed) {
      const Array logits = one.logits(texts, of, n);
      sizes = logits.sizes;
      taken[one.port][one.place] = from_array(logits);
    }
    Array steered = to_array(model.call(node, WEFT_ROLE_FORWARD, taken, {})[port]);
    if (steered.sizes == sizes && steered.dtype == DType::float32) return steered;
    throw Error(Exit::bad_recipe,
                concat("\"", name, "\" makes ", shape_text(steered.sizes), " of logits ",
                       shape_text(sizes), ", which are to be steered. Name another output."));
  };
}

}  // namespace weft::host
