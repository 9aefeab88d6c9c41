// SPDX-License-Identifier: Apache-2.0
#include "host/generation/greedy.hpp"

#include <algorithm>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"

namespace weft::host {
namespace {

std::size_t port_named(const std::vector<Port>& ports, const std::string& name) {
  std::size_t port = 0;
  while (ports.at(port).name != name) ++port;
  return port;
}

/// For each row the token with the largest logit at the last position of logits [B, S, V].
std::vector<std::int64_t> best_at_end(const Array& logits) {
  const std::int64_t length = logits.sizes[1], classes = logits.sizes[2];
  std::vector<std::int64_t> best;
  for (std::int64_t row = 0; row < logits.sizes[0]; ++row) {
    const float* first = logits.data<float>() + ((row + 1) * length - 1) * classes;
    best.push_back(std::max_element(first, first + classes) - first);
  }
  return best;
}

const weft_autoregressive& rules_of(const Node& node) {
  const auto* rules =
      static_cast<const weft_autoregressive*>(node.instance.extension(WEFT_AUTOREGRESSIVE));
  if (rules != nullptr) return *rules;
  throw Error(Exit::bad_recipe, concat("\"", node.name, "\" (", node.instance.part().id,
                                       ") cannot generate: it offers no ", WEFT_AUTOREGRESSIVE,
                                       ". Use an autoregressive decoder."));
}

/// The batch with tokens for the decoder to be wired to, whatever they are.
TensorMap with_tokens(const TensorMap& batch, const std::vector<InputSource>& sources,
                      std::int64_t rows) {
  TensorMap whole = batch;
  for (const InputSource& source : sources) {
    if (source.from != InputSource::From::batch || whole.contains(source.field)) continue;
    Array none = Array::empty(DType::int64, {rows, 1});
    std::fill_n(none.data<std::int64_t>(), rows, 0);
    whole.emplace(source.field, from_array(none));
  }
  return whole;
}

}  // namespace

std::string tokens_port(const Node& decoder) {
  return rules_of(decoder).tokens;
}

Tensor generate_greedy(const Model& model, std::size_t node, const Values& values,
                       const TensorMap& batch, std::int64_t length) {
  const Instance& decoder = model.wiring().nodes()[node].instance;
  const weft_autoregressive* const rules = &rules_of(model.wiring().nodes()[node]);
  const GradMode off(false);
  const std::size_t tokens_port = port_named(decoder.inputs(), rules->tokens);
  const std::size_t logits_port = port_named(decoder.outputs(), rules->logits);
  const std::int64_t rows = batch.begin()->second.sizes()[0];
  InputTensors inputs =
      model.gather(node, values,
                   with_tokens(batch, model.wiring().inputs(node, values.data)[tokens_port], rows));

  std::vector<std::vector<std::int64_t>> written(static_cast<std::size_t>(rows), {rules->begin_id});
  std::vector<bool> ended(written.size(), false);
  Array tokens;
  for (std::int64_t at = 1;; ++at) {
    tokens = Array::empty(DType::int64, {rows, at});
    for (std::size_t row = 0; row < written.size(); ++row)
      std::copy(written[row].begin(), written[row].end(),
                tokens.data<std::int64_t>() + static_cast<std::int64_t>(row) * at);
    if (at >= length || std::find(ended.begin(), ended.end(), false) == ended.end()) break;
    inputs[tokens_port] = {from_array(tokens)};
    const auto best = best_at_end(
        to_array(model.call(node, WEFT_ROLE_FORWARD, inputs, CallOptions{})[logits_port]));
    for (std::size_t row = 0; row < written.size(); ++row) {
      written[row].push_back(ended[row] ? rules->pad_id : best[row]);
      ended[row] = ended[row] || best[row] == rules->end_id;
    }
  }
  return from_array(tokens);
}

}  // namespace weft::host
