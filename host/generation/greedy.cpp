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

}  // namespace

Tensor generate_greedy(const Model& model, std::size_t node, const Values& values,
                       const TensorMap& batch, std::int64_t length) {
  const Instance& decoder = model.wiring().nodes()[node].instance;
  const auto* rules =
      static_cast<const weft_autoregressive*>(decoder.extension(WEFT_AUTOREGRESSIVE));
  if (rules == nullptr)
    throw Error(Exit::bad_recipe, concat("\"", model.wiring().nodes()[node].name, "\" (",
                                         decoder.part().id, ") cannot generate: it offers no ",
                                         WEFT_AUTOREGRESSIVE, ". Use an autoregressive decoder."));
  const GradMode off(false);
  const std::size_t tokens_port = port_named(decoder.inputs(), rules->tokens);
  const std::size_t logits_port = port_named(decoder.outputs(), rules->logits);
  InputTensors inputs = model.gather(node, values, batch);
  const std::int64_t rows = inputs[tokens_port].at(0).sizes()[0];

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
