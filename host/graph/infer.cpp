// SPDX-License-Identifier: Apache-2.0
/// Shapes of one part's outputs from its port shapes and its own `infer`.

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/graph/shape.hpp"
#include "host/graph/shape_repair.hpp"
#include "host/graph/wiring.hpp"

namespace weft::host {
namespace {

std::string dtype_words(std::uint32_t set) {
  const std::vector<std::string> names = dtype_names(set);
  std::string text = names.empty() ? "nothing" : names.front();
  for (std::size_t i = 1; i < names.size(); ++i)
    text += (i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

/// Binds the symbols of every input; a mismatch is an Error.
Symbols unify_inputs(const Instance& instance, const std::vector<weft_spec>& inputs,
                     const std::vector<std::uint32_t>& counts) {
  Symbols symbols{instance.sizes(), std::nullopt};
  std::size_t at = 0;
  for (std::size_t p = 0; p < instance.inputs().size(); ++p) {
    const Port& port = instance.inputs()[p];
    const ShapePattern pattern(port.shape);
    for (std::uint32_t i = 0; i < counts[p]; ++i, ++at) {
      if (inputs[at].dtype == 0) continue;
      const std::vector<std::int64_t> sizes = spec_sizes(inputs[at]);
      if ((port.dtypes & WEFT_DTYPES(inputs[at].dtype)) == 0)
        throw Error(Exit::bad_recipe,
                    concat("input \"", port.name, "\" takes ", dtype_words(port.dtypes), ", found ",
                           dtype_name(static_cast<DType>(inputs[at].dtype)), "."));
      const Symbols before = symbols;
      if (!pattern.unify(sizes, symbols))
        throw ShapeMisfit(concat("input \"", port.name, "\" expects ", pattern.text(before.sizes),
                                 ", found ", shape_text(sizes), "."),
                          at, pattern.resolve(before).value_or(std::vector<std::int64_t>{}));
    }
  }
  return symbols;
}

}  // namespace

weft_spec make_spec(DType dtype, const std::vector<std::int64_t>& sizes) {
  weft_spec spec{static_cast<std::uint32_t>(dtype), static_cast<std::uint32_t>(sizes.size()), {}};
  std::copy(sizes.begin(), sizes.end(), spec.sizes);
  return spec;
}

std::vector<std::int64_t> spec_sizes(const weft_spec& spec) {
  return {spec.sizes, spec.sizes + spec.ndim};
}

std::vector<weft_spec> infer_outputs(const Instance& instance, const std::vector<weft_spec>& inputs,
                                     const std::vector<std::uint32_t>& counts) {
  const Symbols symbols = unify_inputs(instance, inputs, counts);
  std::uint32_t float_type = WEFT_DTYPE_FLOAT32;  // outputs follow the first floating input
  for (const weft_spec& input : inputs) {
    if ((WEFT_DTYPES(input.dtype) & WEFT_DTYPES_FLOAT) == 0) continue;
    float_type = input.dtype;
    break;
  }
  std::vector<weft_spec> outputs;
  for (const Port& port : instance.outputs()) {
    const auto sizes = ShapePattern(port.shape).resolve(symbols);
    weft_spec spec = make_spec(DType::float32, sizes.value_or(std::vector<std::int64_t>{}));
    spec.dtype = float_type;
    if ((port.dtypes & WEFT_DTYPES(float_type)) == 0)
      for (std::uint32_t code = WEFT_DTYPE_BOOL; code <= WEFT_DTYPE_FLOAT64; ++code)
        if ((port.dtypes & WEFT_DTYPES(code)) != 0) spec.dtype = code;
    outputs.push_back(spec);
  }
  instance.infer(inputs.data(), counts.data(), outputs.data());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    for (std::uint32_t axis = 0; axis < outputs[i].ndim; ++axis)
      if (outputs[i].sizes[axis] < 0)
        throw Error(
            Exit::plugin,
            concat("the part leaves axis ", axis, " of its output \"", instance.outputs()[i].name,
                   "\" ", instance.outputs()[i].shape, " unknown. Its infer() must set it."));
  return outputs;
}

}  // namespace weft::host
