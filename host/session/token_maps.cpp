// SPDX-License-Identifier: Apache-2.0
#include "host/session/token_maps.hpp"

#include <algorithm>
#include <numeric>
#include <span>

namespace weft::host {
namespace {

using Sources = std::vector<TokenSource>;

std::int64_t count_of(std::span<const TokenSource> sources) {
  return std::accumulate(sources.begin(), sources.end(), std::int64_t{0},
                         [](std::int64_t sum, const TokenSource& one) { return sum + one.count; });
}

/// Follows wires back to the fields that tokens were made of.
class Trace {
 public:
  Trace(const Wiring& wiring, const std::string& data, const Values& values)
      : wiring_(wiring), data_(data), values_(values) {}

  /// How many tokens the first output has; 0 where it has none.
  std::int64_t length(std::size_t node, std::size_t port = 0) const {
    const auto found = values_.outputs.find(node);
    if (found == values_.outputs.end() || port >= found->second.size()) return 0;
    const Tensor& tensor = found->second[port];
    return tensor && tensor.sizes().size() == 3 ? tensor.sizes()[1] : 0;
  }

  /// What the tokens of its first output are, `count` in all.
  Sources tokens_of(std::size_t node, std::int64_t count) const {
    const std::vector<InputSource>& wires = first_port(node);
    if (wires.size() == 1 && wires[0].from == InputSource::From::batch)
      return {{wires[0].field, count}};
    Sources sources = sources_of(wires);
    if (count_of(sources) == count) return sources;
    // A query that took in what others say is still its own tokens.
    if (!wires.empty())
      if (Sources query = sources_of({wires[0]}); count_of(query) == count) return query;
    return {{wiring_.nodes()[node].name, count}};
  }

  /// What the node looks at where that is `count` tokens.
  Sources attended_by(std::size_t node, std::int64_t count) const {
    const std::vector<InputSource>& wires = first_port(node);
    if (wires.size() > 1)
      if (Sources contexts = sources_of({wires.begin() + 1, wires.end()});
          count_of(contexts) == count)
        return contexts;
    return tokens_of(node, count);
  }

  /// Of all wires of the first port but the first, a source each.
  Sources contexts_of(std::size_t node) const {
    Sources contexts;
    const std::vector<InputSource>& wires = first_port(node);
    for (std::size_t i = 1; i < wires.size(); ++i) {
      const Sources one = sources_of({wires[i]});
      const bool is_field = one.size() == 1;
      contexts.push_back({is_field ? one[0].field : wiring_.nodes()[wires[i].node].name, 1});
    }
    return contexts;
  }

 private:
  const std::vector<InputSource>& first_port(std::size_t node) const {
    static const std::vector<InputSource> none;
    const PortWires& wires = wiring_.inputs(node, data_);
    return wires.empty() ? none : wires.front();
  }

  Sources sources_of(const std::vector<InputSource>& wires) const {
    Sources sources;
    for (const InputSource& wire : wires) {
      if (wire.from != InputSource::From::node) return {};
      const std::int64_t count = length(wire.node, wire.port);
      if (count == 0) return {};
      std::ranges::copy(tokens_of(wire.node, count), std::back_inserter(sources));
    }
    return sources;
  }

  const Wiring& wiring_;
  const std::string& data_;
  const Values& values_;
};

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> map_ports(const Wiring& wiring,
                                                           const std::vector<std::size_t>& nodes) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (const std::size_t node : nodes) {
    const auto& outputs = wiring.nodes()[node].instance.outputs();
    for (std::size_t port = 0; port < outputs.size(); ++port)
      if (outputs[port].on_demand &&
          (outputs[port].name == "attention" || outputs[port].name == "gates"))
        found.emplace_back(node, port);
  }
  return found;
}

std::vector<TokenMap> token_maps(const Wiring& wiring, const std::string& data,
                                 const Values& values, std::pair<std::size_t, std::size_t> port) {
  const auto outputs = values.outputs.find(port.first);
  if (outputs == values.outputs.end() || !outputs->second.at(port.second)) return {};
  const Array array = to_array(outputs->second[port.second]);
  if (array.sizes.size() != 4 || array.dtype != DType::float32 || array.count() == 0) return {};
  const Node& node = wiring.nodes()[port.first];
  const Trace trace(wiring, data, values);
  TokenMap map{node.name,
               node.instance.outputs()[port.second].name,
               {array.sizes.begin() + 1, array.sizes.end()},
               {},
               {},
               {}};
  const bool is_gates = map.port == "gates";
  map.queries = trace.tokens_of(port.first, map.sizes[1]);
  map.sources =
      is_gates ? trace.contexts_of(port.first) : trace.attended_by(port.first, map.sizes[2]);
  if (is_gates && std::ssize(map.sources) != map.sizes[0]) return {};
  const std::int64_t size = array.count() / array.sizes[0];
  std::vector<TokenMap> maps;
  for (std::int64_t row = 0; row < array.sizes[0]; ++row) {
    const float* const begin = array.data<float>() + row * size;
    maps.push_back(map);
    maps.back().values.assign(begin, begin + size);
  }
  return maps;
}

}  // namespace weft::host
