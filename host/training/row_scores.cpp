// SPDX-License-Identifier: Apache-2.0
#include "host/training/row_scores.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/gradients.hpp"
#include "host/graph/node_maker.hpp"
#include "host/graph/row_score_check.hpp"

namespace weft::host {

RowScores::RowScores(const Model& model, const std::string& node, const std::string& port,
                     const std::string& data)
    : model_(model),
      node_(model.wiring().index(node)),
      data_(data),
      order_(model.wiring().needed({node_})) {
  const Instance& instance = model.wiring().nodes()[node_].instance;
  const auto by_row = row_score_port(instance, port);
  is_by_row_ = by_row.has_value();
  if (is_by_row_) {
    port_ = *by_row;
    return;
  }
  port_ = output_port(instance, "loss").value_or(0);
  weight_port_ = output_port(instance, "weight").value_or(0);
  std::erase(order_, node_);
}

std::vector<double> RowScores::of(const TensorMap& batch, std::int64_t rows,
                                  const CallOptions& options) const {
  const GradMode off(false);
  CallOptions own = options;
  own.training = false;
  own.data = data_;
  std::set<std::size_t> readers(order_.begin(), order_.end());
  if (!is_by_row_) readers.insert(node_);
  own.asked = std::make_shared<const Asked>(Asked{std::move(readers), {{node_, port_}}});
  if (!is_by_row_) return one_by_one(batch, rows, own);
  const Values values = model_.forward(order_, batch, own);
  const Tensor& scores = values.outputs.at(node_)[port_];
  const Node& node = model_.wiring().nodes()[node_];
  if (!scores || scores.sizes() != std::vector<std::int64_t>{rows})
    throw Error(Exit::plugin, concat("output \"", node.instance.outputs()[port_].name, "\" of \"",
                                     node.name, "\" (", node.instance.part().id, ") is ",
                                     scores ? shape_text(scores.sizes()) : "absent", "; expected [",
                                     rows, "], a number for each row."));
  const Array array = to_array(scores);
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < rows; ++i) numbers.push_back(element(array, i));
  return numbers;
}

std::vector<double> RowScores::one_by_one(const TensorMap& batch, std::int64_t rows,
                                          const CallOptions& options) const {
  const Values values = model_.forward(order_, batch, options);
  const InputTensors inputs = model_.gather(node_, values, batch);
  std::vector<Tensor> told;
  for (std::int64_t row = 0; row < rows; ++row) {
    InputTensors one = inputs;
    for (std::vector<Tensor>& port : one)
      for (Tensor& tensor : port)
        if (tensor && !tensor.sizes().empty() && tensor.sizes().front() == rows)
          tensor = some_rows(tensor, row, 1);
    const std::vector<Tensor> outputs = model_.call(node_, WEFT_ROLE_FORWARD, one, options);
    told.insert(told.end(), {outputs[port_], outputs[weight_port_]});
  }
  const std::vector<double> sums = items(told);
  std::vector<double> numbers;
  for (std::size_t i = 0; i < sums.size(); i += 2)
    numbers.push_back(sums[i + 1] == 0.0 ? 0.0 : sums[i] / sums[i + 1]);
  return numbers;
}

}  // namespace weft::host
