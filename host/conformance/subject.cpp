// SPDX-License-Identifier: Apache-2.0
/// Inputs for a part that is known by its ports only.

#include <algorithm>
#include <cctype>
#include <random>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/examination.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/tables.hpp"
#include "host/registry/guard.hpp"

namespace weft::host {
namespace {

using Arrays = std::vector<std::vector<Array>>;

bool is_number(const std::string& axis) {
  return std::isdigit(static_cast<unsigned char>(axis.front())) != 0;
}

/// The sizes of one wire of a port.
std::vector<std::int64_t> sizes_of(const Specimen& specimen, const Port& port, std::uint32_t wire,
                                   const Sizing& sizing) {
  const Shape shape = *parse_shape(port.shape);
  std::vector<std::int64_t> sizes;
  if (shape.leading) {
    sizes.push_back(sizing.batch);
    sizes.insert(sizes.end(), sizing.trailing.begin(), sizing.trailing.end());
  }
  for (std::string axis : shape.axes) {
    if (is_number(axis)) {
      sizes.push_back(std::stoll(axis));
      continue;
    }
    const bool each = axis.back() == '*';
    if (each) axis.pop_back();
    const auto fixed = specimen.instance.sizes().find(axis);
    if (fixed != specimen.instance.sizes().end())
      sizes.push_back(fixed->second);
    else if (axis == "B")
      sizes.push_back(sizing.batch);
    else
      sizes.push_back(sizing.symbols.at(axis) + (each ? wire : 0));
  }
  return sizes;
}

/// Bool is a mask: the first element of each row is real, the last of each second row padding.
Array draw_mask(const std::vector<std::int64_t>& sizes) {
  Array mask = Array::empty(DType::boolean, sizes);
  const std::int64_t length = sizes.empty() ? 1 : sizes.back();
  for (std::int64_t i = 0; i < mask.count(); ++i)
    mask.data<bool>()[i] = i % length == 0 || i % length + 1 < length || i / length % 2 == 0;
  return mask;
}

template <class T, class Draw>
Array fill(const std::vector<std::int64_t>& sizes, Draw&& draw) {
  Array array = Array::empty(dtype_of<T>(), sizes);
  for (std::int64_t i = 0; i < array.count(); ++i) array.data<T>()[i] = static_cast<T>(draw());
  return array;
}

Array draw_one(const Port& port, const std::vector<std::int64_t>& sizes, DType dtype,
               std::mt19937_64& random) {
  const auto allows = [&](std::uint32_t code) { return (port.dtypes & WEFT_DTYPES(code)) != 0; };
  std::normal_distribution<double> normal;
  const auto number = [&] { return normal(random); };
  const auto index = [&] { return random() % 2; };
  if ((port.dtypes & WEFT_DTYPES_FLOAT) != 0) {
    const bool wide =
        dtype == DType::float64 ? allows(WEFT_DTYPE_FLOAT64) : !allows(WEFT_DTYPE_FLOAT32);
    return wide ? fill<double>(sizes, number) : fill<float>(sizes, number);
  }
  if (allows(WEFT_DTYPE_INT64)) return fill<std::int64_t>(sizes, index);
  if (allows(WEFT_DTYPE_BOOL)) return draw_mask(sizes);
  if (allows(WEFT_DTYPE_UINT8)) return fill<std::uint8_t>(sizes, index);
  Array array = Array::empty(DType::int32, sizes);
  for (std::int64_t i = 0; i < array.count(); ++i)
    array.data<std::int32_t>()[i] = static_cast<std::int32_t>(index());
  return array;
}

Arrays draw_all(const Specimen& specimen, const std::map<std::string, std::uint32_t>& wires,
                const Sizing& sizing, DType dtype, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Arrays all;
  for (const Port& port : specimen.instance.inputs()) {
    all.emplace_back();
    for (std::uint32_t wire = 0; wire < wires.at(port.name); ++wire)
      all.back().push_back(draw_one(port, sizes_of(specimen, port, wire, sizing), dtype, random));
  }
  return all;
}

/// Symbols that the part leaves open, in the order in which its inputs name them.
std::vector<std::string> free_symbols(const Specimen& specimen) {
  std::vector<std::string> names;
  for (const Port& port : specimen.instance.inputs()) {
    const Shape shape = *parse_shape(port.shape);
    for (std::string axis : shape.axes) {
      if (axis.back() == '*') axis.pop_back();
      if (is_number(axis) || axis == "B" || specimen.instance.sizes().contains(axis)) continue;
      if (std::find(names.begin(), names.end(), axis) == names.end()) names.push_back(axis);
    }
  }
  return names;
}

/// What is tried in turn: sizes that all differ, then one size for all.
std::vector<Sizing> candidates(const Specimen& specimen,
                               const std::map<std::string, std::int64_t>& chosen, bool optional) {
  const std::vector<std::string> names = free_symbols(specimen);
  std::vector<Sizing> all;
  for (const bool deep : {false, true})
    for (const std::int64_t size : {0, 4, 8, 1, 16, 32}) {
      Sizing sizing;
      sizing.optional = optional;
      if (deep) sizing.trailing = {3};
      std::int64_t next = 3;
      for (const std::string& name : names)
        sizing.symbols[name] = chosen.contains(name) ? chosen.at(name) : size == 0 ? next++ : size;
      all.push_back(sizing);
    }
  return all;
}

}  // namespace

HostTables engine_tables() {
  return {tensor_api(), op_api(), grad_api(), migration_api()};
}

Part Examination::load(const HostTables& tables) const {
  for (Part& loaded : Registry::load_file(file, tables)) {
    if (part.id.empty() || (loaded.id == part.id && loaded.version == part.version))
      return std::move(loaded);
  }
  throw Fault(concat("the library holds no ", part.id, ", though its manifest says so"));
}

std::map<std::string, std::uint32_t> wires_of(const Part& part, const std::string& config,
                                              bool optional) {
  weft_context_s context;
  context.wires_unless_named = 1;
  void* self = nullptr;
  const std::string file = part.file.filename().string();
  const auto at = [&](const char* entry) {
    return Entry{file.c_str(), part.component->id, nullptr, entry};
  };
  const Outcome created = attempt(at("create"), [&] {
    return part.component->create(&context, config.data(), config.size(), &self);
  });
  context.open = false;
  if (created.status == WEFT_OK)
    attempt(at("destroy"), [&] {
      part.component->destroy(self);
      return WEFT_OK;
    });
  std::map<std::string, std::uint32_t> wires;
  for (const Port& port : context.declared.inputs)
    wires[port.name] = port.optional && !optional ? 0 : port.list ? 2 : 1;
  return wires;
}

Specimen Subject::another(DType dtype) const {
  return {part, config, wires_of(part, config, sizing.optional), dtype};
}

Arrays Subject::draw(std::uint64_t seed, DType dtype) const {
  return draw(seed, dtype, sizing);
}

Arrays Subject::draw(std::uint64_t seed, DType dtype, const Sizing& other) const {
  std::map<std::string, std::uint32_t> wires;
  for (const Port& port : specimen.instance.inputs())
    wires[port.name] = port.optional && !other.optional ? 0 : port.list ? 2 : 1;
  return draw_all(specimen, wires, other, dtype, seed);
}

std::uint32_t Subject::role() const {
  return part.kind == WEFT_KIND_METRIC ? WEFT_ROLE_UPDATE : WEFT_ROLE_FORWARD;
}

Subject find_subject(const Examination& examination, DType dtype, const HostTables& tables) {
  const Part part = examination.load(tables);
  const GradMode off(false);
  std::string refusal;
  const std::string config = complete_config(part, examination.config);
  for (const bool optional : {true, false}) {
    const auto wires = wires_of(part, config, optional);
    std::vector<Sizing> sizings(1);
    for (std::size_t i = 0; i < sizings.size(); ++i) {
      try {
        Specimen specimen(part, config, wires, dtype);
        if (i == 0) sizings = candidates(specimen, examination.sizes, optional);
        Subject subject{part, config, sizings[i], std::move(specimen), refusal};
        subject.specimen.call(subject.role(), to_tensors(subject.draw(1, dtype)));
        subject.specimen = Specimen(part, config, wires, dtype);
        return subject;
      } catch (const Error& error) {
        if (refusal.empty()) refusal = error.what();
      }
    }
  }
  throw Fault(
      concat("the part accepts none of the inputs made from its ports; it said first: ", refusal),
      "make its ports say what it needs (fixed sizes, one symbol for axes that are equal, element "
      "types), or mend call() where it refuses what they allow. What no port can say, such as a "
      "least length, name with --size SYMBOL=N, and a configuration with --config.");
}

bool computes_in(const Specimen& specimen, DType dtype) {
  const auto allows = [&](const Port& port) {
    return (port.dtypes & WEFT_DTYPES_FLOAT) != 0 &&
           (port.dtypes & WEFT_DTYPES(static_cast<std::uint32_t>(dtype))) != 0;
  };
  const auto& inputs = specimen.instance.inputs();
  const auto& outputs = specimen.instance.outputs();
  const auto floating = [](const Port& port) { return (port.dtypes & WEFT_DTYPES_FLOAT) != 0; };
  for (const auto* list : {&inputs, &outputs})
    for (const Port& port : *list)
      if (floating(port) && !allows(port)) return false;
  return std::any_of(inputs.begin(), inputs.end(), allows) ||
         std::any_of(outputs.begin(), outputs.end(), allows);
}

}  // namespace weft::host
