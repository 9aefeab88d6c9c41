// SPDX-License-Identifier: Apache-2.0
#include "host/registry/declarations.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "host/base/array.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr std::uint32_t known_dtypes = 0x1fe;  // the bits of WEFT_DTYPE_BOOL to WEFT_DTYPE_FLOAT64

template <class... Words>
[[noreturn]] void refuse(const Words&... words) {
  throw std::invalid_argument(concat(words...));
}

template <class... Words>
[[noreturn]] void out_of_range(const Words&... words) {
  throw OutOfRange(concat(words...));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A letter, then letters, digits and underscores.
bool is_symbol(std::string_view text) {
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_';
  });
}

bool is_axis(std::string_view text) {
  const bool integer =
      !text.empty() && text.size() < 19 && std::all_of(text.begin(), text.end(), is_digit);
  if (text.ends_with('*')) text.remove_suffix(1);
  return integer || is_symbol(text);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// `what` and the name, quoted: the beginning of every sentence here.
std::string checked_name(const char* what, const char* name) {
  if (name == nullptr) refuse("a ", what, " has no name");
  const std::string_view text = name;
  const bool good = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '.';
  });
  if (!good) refuse(what, " \"", text, "\": a name is made of a-z, 0-9, _ and dots");
  return concat(what, " \"", text, "\"");
}

bool has_port(const std::vector<Port>& ports, std::string_view name) {
  return std::any_of(ports.begin(), ports.end(), [&](const Port& p) { return p.name == name; });
}

std::vector<std::int64_t> checked_sizes(const std::string& who, const std::int64_t* sizes,
                                        std::uint32_t ndim) {
  if (ndim > WEFT_MAX_DIMS) refuse(who, " has ", ndim, " dimensions; at most 8 are possible");
  if (ndim > 0 && sizes == nullptr) refuse(who, " has dimensions but no sizes");
  std::vector<std::int64_t> copy(sizes, sizes + ndim);
  if (std::any_of(copy.begin(), copy.end(), [](std::int64_t size) { return size < 0; }))
    out_of_range(who, " has a negative size: ", shape_text(copy));
  return copy;
}

const Port* find_port(const std::vector<Port>& ports, std::string_view name) {
  const auto at =
      std::find_if(ports.begin(), ports.end(), [&](const Port& p) { return p.name == name; });
  return at == ports.end() ? nullptr : &*at;
}

void check_masks(const std::vector<Port>& ports) {
  for (const Port& mask : ports) {
    if (mask.mask_of.empty()) continue;
    const Port* of = find_port(ports, mask.mask_of);
    const std::string who = concat("port \"", mask.name, "\"");
    if (of == nullptr || of == &mask)
      refuse(who, " is the mask of \"", mask.mask_of,
             "\", which is no other port of its direction");
    if (mask.dtypes != WEFT_DTYPES_BOOL) refuse(who, " is a mask, so its only type must be bool");
    if (mask.list != of->list)
      refuse(who, " and \"", of->name, "\", whose mask it is, must both be lists or neither");
    if (mask.on_demand != of->on_demand)
      refuse(who, " and \"", of->name, "\", whose mask it is, must both be on demand or neither");
  }
}

}  // namespace

std::optional<Shape> parse_shape(std::string_view text) {
  text = trim(text);
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  text = trim(text.substr(1, text.size() - 2));
  Shape shape;
  for (bool first = true; !text.empty(); first = false) {
    const auto comma = text.find(',');
    const std::string_view axis = trim(text.substr(0, comma));
    if (first && axis == "...")
      shape.leading = true;
    else if (is_axis(axis))
      shape.axes.emplace_back(axis);
    else
      return std::nullopt;
    if (comma == std::string_view::npos) break;
    text = trim(text.substr(comma + 1));
    if (text.empty()) return std::nullopt;  // a comma with nothing behind it
  }
  return shape;
}

bool Declarations::take_name(const char* list, const char* name) {
  if (names_.size() == k_most_declarations)
    out_of_range("it declares more than ", k_most_declarations,
                 " ports, parameters, buffers and states");
  return names_.insert(concat(list, ' ', name)).second;
}

std::vector<std::string> dtype_names(std::uint32_t set) {
  std::vector<std::string> names;
  for (std::uint32_t code = WEFT_DTYPE_BOOL; code <= WEFT_DTYPE_FLOAT64; ++code)
    if ((set & WEFT_DTYPES(code)) != 0) names.emplace_back(dtype_name(static_cast<DType>(code)));
  return names;
}

weft_parameter abi_parameter(const ParameterDecl& declared) {
  weft_parameter parameter{};
  parameter.size = sizeof parameter;
  parameter.flags = declared.flags;
  parameter.name = declared.name.c_str();
  parameter.sizes = declared.sizes.data();
  parameter.ndim = static_cast<std::uint32_t>(declared.sizes.size());
  parameter.dtype = declared.dtype;
  parameter.init = declared.init;
  parameter.a = declared.a;
  parameter.b = declared.b;
  parameter.layer = declared.layer;
  return parameter;
}

void Declarations::add_size(const char* symbol, std::int64_t value) {
  if (symbol == nullptr || !is_symbol(symbol))
    refuse("size \"", symbol == nullptr ? "" : symbol, "\" is no symbol of a shape");
  if (value < 1) out_of_range("size \"", symbol, "\" is ", value, "; it must be at least 1");
  const auto [at, is_new] = sizes.emplace(symbol, value);
  if (!is_new && at->second != value)
    refuse("size \"", symbol, "\" is declared as ", at->second, " and as ", value);
}

void Declarations::add_port(const weft_port& port) {
  if (!WEFT_HAS(&port, mask_of)) refuse("a weft_port is only ", port.size, " bytes long");
  const std::string who = checked_name("port", port.name);
  if (port.direction > WEFT_PORT_OUTPUT) refuse(who, ": unknown direction ", port.direction);
  const bool output = port.direction == WEFT_PORT_OUTPUT;
  const bool list = (port.flags & WEFT_PORT_LIST) != 0;
  const bool on_demand = (port.flags & WEFT_PORT_ON_DEMAND) != 0;
  if ((port.flags & ~(WEFT_PORT_OPTIONAL | WEFT_PORT_LIST | WEFT_PORT_ON_DEMAND)) != 0)
    refuse(who, ": unknown flags ", port.flags);
  if (output && (port.flags & ~WEFT_PORT_ON_DEMAND) != 0)
    refuse(who, ": an output is neither optional nor a list");
  if (!output && on_demand) refuse(who, ": only an output is computed on demand");
  if (port.dtypes == 0 || (port.dtypes & ~known_dtypes) != 0)
    refuse(who, ": ", port.dtypes, " is no set of element types");

  const std::string text = port.shape == nullptr ? "" : port.shape;
  const std::optional<Shape> shape = parse_shape(text);
  if (!shape)
    refuse(who, ": \"", text,
           "\" is no shape; expected a form such as \"[B, N, D]\" or \"[..., 4]\"");
  if (shape->axes.size() > WEFT_MAX_DIMS)
    refuse(who, " has ", shape->axes.size(), " dimensions; at most 8 are possible");
  for (const std::string& axis : shape->axes)
    if (axis.back() == '*' && !list) refuse(who, ": \"", axis, "\" may stand only in a list port");

  std::vector<Port>& ports = output ? outputs : inputs;
  if (!take_name(output ? "output" : "input", port.name))
    refuse(who, ": there are two ", output ? "outputs" : "inputs", " of this name");
  ports.push_back({port.name, text, port.doc == nullptr ? "" : port.doc,
                   port.mask_of == nullptr ? "" : port.mask_of, output,
                   (port.flags & WEFT_PORT_OPTIONAL) != 0, list, port.dtypes, on_demand});
}

std::uint32_t Declarations::add_parameter(const weft_parameter& parameter,
                                          std::vector<ParameterDecl>& list) {
  if (!WEFT_HAS(&parameter, b)) refuse("a weft_parameter is only ", parameter.size, " bytes long");
  const std::string who = checked_name(&list == &buffers ? "buffer" : "parameter", parameter.name);
  if ((parameter.flags & ~WEFT_PARAMETER_NO_DECAY) != 0)
    refuse(who, ": unknown flags ", parameter.flags);
  if (parameter.dtype > WEFT_DTYPE_FLOAT64) refuse(who, ": unknown element type ", parameter.dtype);
  if (parameter.init > WEFT_INIT_ORTHOGONAL)
    refuse(who, ": unknown initialisation ", parameter.init);
  if (!std::isfinite(parameter.a) || !std::isfinite(parameter.b))
    refuse(who, ": the numbers of its initialisation must be finite");
  std::vector<std::int64_t> size = checked_sizes(who, parameter.sizes, parameter.ndim);
  if (!take_name("parameter", parameter.name))
    refuse(who, ": there are two parameters or buffers of this name");
  list.push_back({parameter.name, std::move(size), parameter.dtype, parameter.init, parameter.a,
                  parameter.b, parameter.flags, WEFT_HAS(&parameter, layer) ? parameter.layer : 0});
  return static_cast<std::uint32_t>(list.size() - 1);
}

std::uint32_t Declarations::add_state(const weft_state& state) {
  if (!WEFT_HAS(&state, initial)) refuse("a weft_state is only ", state.size, " bytes long");
  const std::string who = checked_name("state", state.name);
  if (state.dtype != WEFT_DTYPE_FLOAT64 && state.dtype != WEFT_DTYPE_INT64)
    refuse(who, ": its element type must be float64 or int64, found code ", state.dtype);
  if (state.merge > WEFT_MERGE_CONCAT) refuse(who, ": unknown merge rule ", state.merge);
  if (state.merge == WEFT_MERGE_CONCAT && state.ndim == 0)
    refuse(who, ": a scalar has no first axis to concatenate along");
  std::vector<std::int64_t> size = checked_sizes(who, state.sizes, state.ndim);
  if (!take_name("state", state.name)) refuse(who, ": there are two states of this name");
  states.push_back({state.name, std::move(size), state.dtype, state.merge, state.initial});
  return static_cast<std::uint32_t>(states.size() - 1);
}

std::uint32_t Declarations::add_cache(const weft_cache& cache) {
  if (!WEFT_HAS(&cache, reserved)) refuse("a weft_cache is only ", cache.size, " bytes long");
  const std::string who = checked_name("cache", cache.name);
  if (cache.kind > WEFT_CACHE_CARRY) refuse(who, ": unknown kind ", cache.kind);
  const bool grows = cache.kind == WEFT_CACHE_APPEND;
  if (grows && (cache.axis == 0 || cache.axis >= WEFT_MAX_DIMS))
    refuse(who, ": it grows along axis ", cache.axis, "; expected 1 to ", WEFT_MAX_DIMS - 1,
           ", for axis 0 is the batch");
  if (!grows && cache.axis != 0)
    refuse(who, ": only a cache of kind WEFT_CACHE_APPEND has an axis along which it grows");
  if (!take_name("cache", cache.name)) refuse(who, ": there are two caches of this name");
  caches.push_back({cache.name, cache.kind, cache.axis});
  return static_cast<std::uint32_t>(caches.size() - 1);
}

void Declarations::add_traits(std::uint32_t more) {
  if ((more & ~(WEFT_COUPLES_SAMPLES | WEFT_INCREMENTAL)) != 0) refuse("unknown traits ", more);
  traits |= more;
}

void Declarations::check_complete(std::uint32_t kind) const {
  check_masks(inputs);
  check_masks(outputs);
  if (outputs.empty()) refuse("there is no output port");
  if (kind == WEFT_KIND_LOSS && !(has_port(outputs, "loss") && has_port(outputs, "weight")))
    refuse("a loss needs the output ports \"loss\" and \"weight\"");
  for (const Port& output : outputs)
    if (output.on_demand &&
        (kind == WEFT_KIND_METRIC ||
         (kind == WEFT_KIND_LOSS && (output.name == "loss" || output.name == "weight"))))
      refuse("output \"", output.name, "\" is always computed: it cannot be on demand");
  if (kind == WEFT_KIND_METRIC && states.empty()) refuse("a metric needs at least one state");
  if (kind != WEFT_KIND_METRIC && !states.empty() && buffers.empty())
    refuse("state \"", states.front().name,
           "\": the part has no buffer that it could become after a step");
}

}  // namespace weft::host
