// SPDX-License-Identifier: Apache-2.0
/// Whether the shapes, element types and ids of a wired graph fit, without a tensor.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/graph/id_check.hpp"
#include "host/graph/wiring.hpp"

namespace weft::host {

class ShapeMisfit;

using FieldsByData = std::map<std::string, std::vector<FieldSpec>>;

class ShapeCheck {
 public:
  /// Everything must outlive it.
  ShapeCheck(const Recipe& recipe, const std::vector<Node>& nodes, const FieldsByData& data,
             const Report& report)
      : recipe_(recipe), nodes_(nodes), data_(data), report_(report) {}

  /// Reports what does not fit where batches of this size come from the data section.
  /// @param order  the nodes that run
  /// @param wires  of the section, by node
  void check(const std::string& data_name, std::int64_t batch,
             const std::vector<std::size_t>& order, const std::vector<PortWires>& wires);

 private:
  void check_generated_length(const Node& node, const GenerationPlan& entry,
                              std::vector<weft_spec> inputs,
                              const std::vector<std::uint32_t>& counts);
  std::optional<weft_spec> source_spec(
      const InputSource& source, const std::string& data_name, std::int64_t batch,
      const std::map<std::size_t, std::vector<weft_spec>>& outputs);
  void report_misfit(const Node& node, const std::string& sentence);
  std::string repair(const ShapeMisfit& misfit, const PortWires& wires,
                     const std::vector<weft_spec>& inputs) const;
  std::string producers(const Node& node, const PortWires& wires,
                        const std::vector<weft_spec>& inputs) const;
  std::string name_of(const InputSource& source) const;

  const Recipe& recipe_;
  const std::vector<Node>& nodes_;
  const FieldsByData& data_;
  const Report& report_;
  std::set<std::string> misfits_;  // nodes whose shapes were reported
};

}  // namespace weft::host
