// SPDX-License-Identifier: Apache-2.0
#include "host/graph/presence_ports.hpp"

#include <algorithm>

namespace weft::host {
namespace {

std::optional<std::size_t> port_index(const std::vector<Port>& ports, std::string_view name) {
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (ports[i].name == name) return i;
  return std::nullopt;
}

bool takes_bool(const Port& port) {
  return (port.dtypes & WEFT_DTYPES(WEFT_DTYPE_BOOL)) != 0;
}

}  // namespace

std::optional<std::size_t> subject_of(const std::vector<Port>& ports, const Port& port) {
  if (!takes_bool(port) || !port.name.ends_with(k_present_suffix)) return std::nullopt;
  return port_index(
      ports, std::string_view(port.name).substr(0, port.name.size() - k_present_suffix.size()));
}

bool is_for_all(const Port& port) {
  return port.name == k_present_port && takes_bool(port);
}

std::optional<std::size_t> followed_by(const std::vector<Port>& ports, const Port& port) {
  return port.mask_of.empty() ? subject_of(ports, port) : port_index(ports, port.mask_of);
}

bool is_stream(const std::vector<Port>& ports, const Port& port) {
  return !followed_by(ports, port) && !is_for_all(port);
}

std::vector<std::size_t> streams_of_all(const std::vector<Port>& ports) {
  std::vector<std::size_t> streams;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const auto speaks_of_it = [&](const Port& port) { return subject_of(ports, port) == p; };
    if (is_stream(ports, ports[p]) && std::ranges::none_of(ports, speaks_of_it))
      streams.push_back(p);
  }
  return streams;
}

bool has_one_axis(const Port& port) {
  const std::optional<Shape> shape = parse_shape(port.shape);
  return shape && !shape->leading && shape->axes.size() == 1;
}

}  // namespace weft::host
