// SPDX-License-Identifier: Apache-2.0
#include "host/graph/index_fault.hpp"

#include <algorithm>
#include <regex>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// How many indices the failed operation had room for; nothing where it failed at something else.
std::optional<std::int64_t> room_of(const std::string& said) {
  static const std::regex forms[] = {
      std::regex(R"(embedding\(weight [a-z0-9]+\[([0-9]{1,15})[,\]].*out of range)"),
      std::regex(R"(index_select\(self [a-z0-9]+\[([0-9]{1,15})[,\]].*out of range)"),
      std::regex(R"(out of bounds for dimension -?[0-9]+ with size ([0-9]{1,15}))"),
      std::regex(R"(is none of the ([0-9]{1,15}) classes)")};
  std::smatch found;
  for (const std::regex& form : forms)
    if (std::regex_search(said, found, form)) return std::stoll(found[1]);
  return std::nullopt;
}

}  // namespace

std::optional<Error> index_fault(const Node& node, const InputTensors& inputs,
                                 const std::string& said) {
  const std::optional<std::int64_t> room = room_of(said);
  if (!room) return std::nullopt;
  for (std::size_t p = 0; p < inputs.size(); ++p)
    for (std::size_t i = 0; i < std::min(inputs[p].size(), node.inputs[p].size()); ++i) {
      const InputSource& source = node.inputs[p][i];
      const Tensor& tensor = inputs[p][i];
      if (source.from != InputSource::From::batch || !tensor || tensor.dtype() != DType::int64)
        continue;
      const Array values = to_array(tensor);
      const std::int64_t* const begin = values.data<std::int64_t>();
      const std::int64_t* const bad = std::find_if(
          begin, begin + values.count(), [&](std::int64_t v) { return v < 0 || v >= *room; });
      if (bad == begin + values.count()) continue;
      const std::int64_t width =
          values.sizes.empty() || values.sizes[0] == 0 ? 1 : values.count() / values.sizes[0];
      return Error(
          *bad < 0 ? Exit::bad_data : Exit::bad_recipe,
          concat(source.pointer, ": the field \"", source.field, "\" holds ", *bad, " in row ",
                 (bad - begin) / width, " of the batch, but \"", node.name, "\" (",
                 node.instance.part().id, ") takes from 0 to ", *room - 1,
                 *bad < 0 ? ". Correct the data."
                          : ". Give the part as many classes or tokens as the field has."));
    }
  return std::nullopt;
}

}  // namespace weft::host
