// SPDX-License-Identifier: Apache-2.0
#include "host/generation/decoder.hpp"

#include <algorithm>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/generation/cached_logits.hpp"
#include "host/generation/row_inputs.hpp"

namespace weft::host {
namespace {

std::size_t port_named(const std::vector<Port>& ports, const std::string& name) {
  std::size_t port = 0;
  while (ports.at(port).name != name) ++port;
  return port;
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

/// Whether it takes new tokens alone.
bool is_incremental(const Instance& decoder) {
  return (decoder.traits() & WEFT_INCREMENTAL) != 0;
}

/// What it keeps of texts.
std::vector<CacheSpec> cache_specs(const Instance& decoder) {
  std::vector<CacheSpec> specs;
  for (const CacheDecl& cache : decoder.caches())
    specs.push_back({cache.name, cache.kind, cache.axis});
  return specs;
}

}  // namespace

std::string tokens_port(const Node& decoder) {
  return rules_of(decoder).tokens;
}

std::string tokens_field(const Wiring& wiring, std::size_t node, const std::string& data) {
  const Instance& decoder = wiring.nodes()[node].instance;
  const std::size_t port = port_named(decoder.inputs(), tokens_port(wiring.nodes()[node]));
  for (const InputSource& source : wiring.inputs(node, data)[port])
    if (source.from == InputSource::From::batch) return source.field;
  return "";
}

SpecialIds special_ids(const Node& decoder) {
  const weft_autoregressive& rules = rules_of(decoder);
  return {rules.begin_id, rules.end_id, rules.pad_id};
}

Array padded(const std::vector<Tokens>& texts, std::int64_t pad_id) {
  std::size_t length = 0;
  for (const Tokens& text : texts) length = std::max(length, text.size());
  Array tokens = Array::empty(DType::int64, {std::ssize(texts), static_cast<std::int64_t>(length)});
  std::fill_n(tokens.data<std::int64_t>(), tokens.count(), pad_id);
  for (std::size_t row = 0; row < texts.size(); ++row)
    std::ranges::copy(texts[row], tokens.data<std::int64_t>() + row * length);
  return tokens;
}

LastLogits last_logits(const Model& model, std::size_t node, const Values& values,
                       const TensorMap& batch, std::int64_t rows, bool use_cache) {
  const Instance& decoder = model.wiring().nodes()[node].instance;
  const weft_autoregressive& rules = rules_of(model.wiring().nodes()[node]);
  const std::size_t tokens = port_named(decoder.inputs(), rules.tokens);
  const std::size_t logits = port_named(decoder.outputs(), rules.logits);
  const TensorMap whole =
      with_tokens(batch, model.wiring().inputs(node, values.data)[tokens], rows);
  const auto inputs = std::make_shared<RowInputs>(decoder, model.gather(node, values, whole), rows);
  const TokenLogits call = [=, &model, pad = rules.pad_id](const std::vector<Tokens>& texts,
                                                           const std::vector<std::size_t>& of,
                                                           Caches* caches) {
    InputTensors& taken = inputs->take(of);
    taken[tokens] = {from_array(padded(texts, pad))};
    CallOptions options;
    options.caches = caches;
    return to_array(model.call(node, WEFT_ROLE_FORWARD, taken, options)[logits]);
  };
  if (use_cache && is_incremental(decoder)) return cached_logits(cache_specs(decoder), call);
  return [call](const std::vector<Tokens>& texts, const std::vector<std::size_t>& of,
                std::int64_t n) { return at_end(call(texts, of, nullptr), texts, n); };
}

}  // namespace weft::host
