// SPDX-License-Identifier: Apache-2.0
#include "host/training/diagnosis.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_shown = 8;  // samples

template <class T>
bool is_finite_range(const Array& array, std::int64_t first, std::int64_t count) {
  const T* const begin = array.data<T>() + first;
  return std::all_of(begin, begin + count, [](T value) { return std::isfinite(value); });
}

/// The rows that hold a number which is not finite; one row for a scalar.
std::vector<std::size_t> rows_not_finite(const Tensor& tensor) {
  std::vector<std::size_t> rows;
  if (!tensor) return rows;
  const Array array = to_array(tensor);
  if (array.count() == 0) return rows;
  const std::int64_t count = array.sizes.empty() ? 1 : array.sizes.front();
  const std::int64_t width = array.count() / count;
  for (std::int64_t row = 0; row < count; ++row) {
    const bool finite =
        array.dtype == DType::float32   ? is_finite_range<float>(array, row * width, width)
        : array.dtype == DType::float64 ? is_finite_range<double>(array, row * width, width)
                                        : true;
    if (!finite) rows.push_back(static_cast<std::size_t>(row));
  }
  return rows;
}

/// One micro-batch of the step.
class Search {
 public:
  Search(const Model& model, const TakenStep& step, std::size_t index)
      : model_(model),
        batch_(step.micro[index]),
        options_(step.objective.options_of(step.options, index)),
        size_(step.keys.size() / step.micro.size()),
        keys_(step.keys.begin() + static_cast<std::ptrdiff_t>(index * size_),
              step.keys.begin() + static_cast<std::ptrdiff_t>((index + 1) * size_)) {}

  std::string forward(const std::vector<std::size_t>& order) const {
    const GradMode off(false);
    for (const auto& [name, tensor] : batch_)
      if (const auto rows = rows_not_finite(tensor); !rows.empty())
        return concat("the batch's field \"", name, "\"", samples(tensor, rows));
    Values values;
    values.data = options_.data;
    for (const std::size_t node : order)
      if (std::string found = look_at(node, values); !found.empty()) return found;
    return "";
  }

  /// Gradients must be in place. The last parameter is the first on the way back.
  std::string backward(const std::vector<NamedTensor>& trained) const {
    for (std::size_t i = trained.size(); i-- > 0;)
      if (const Tensor slope = gradient(trained[i].tensor); !rows_not_finite(slope).empty())
        return concat("the gradient of \"", trained[i].path, "\"", listed(keys_));
    return "";
  }

 private:
  std::string look_at(std::size_t index, Values& values) const {
    const Node& node = model_.wiring().nodes()[index];
    const Part& part = node.instance.part();
    // Buffers are passed over: a mask of -inf is meant to be one.
    for (const NamedTensor& one : model_.parameters())
      if (one.path.starts_with(node.owner + ".") && !rows_not_finite(one.tensor).empty())
        return concat("the weight \"", one.path, "\", since an earlier step");
    const InputTensors inputs = model_.gather(index, values, batch_);
    values.outputs[index] = model_.call(index, WEFT_ROLE_FORWARD, inputs, options_);
    for (std::size_t p = 0; p < values.outputs[index].size(); ++p) {
      const Tensor& output = values.outputs[index][p];
      if (!output) continue;  // on demand, and nothing wants it
      const auto rows = rows_not_finite(output);
      if (rows.empty()) continue;
      return concat("output \"", node.instance.outputs()[p].name, "\" of \"", node.name, "\" (",
                    part.id, " ", part.version.text(), ")", samples(output, rows));
    }
    return "";
  }

  /// The samples of these rows, or all of the batch where the tensor has no row for each.
  std::string samples(const Tensor& tensor, const std::vector<std::size_t>& rows) const {
    const std::vector<std::int64_t> sizes = tensor.sizes();
    if (sizes.empty() || sizes.front() != static_cast<std::int64_t>(size_)) return listed(keys_);
    std::vector<std::string> keys;
    for (const std::size_t row : rows) keys.push_back(keys_[row]);
    return listed(keys);
  }

  static std::string listed(const std::vector<std::string>& keys) {
    if (keys.empty()) return "";
    std::string text = keys.size() == 1 ? ", for sample " : ", for samples ";
    for (std::size_t i = 0; i < std::min(keys.size(), k_shown); ++i)
      text += concat(i == 0 ? "" : ", ", "\"", keys[i], "\"");
    return keys.size() > k_shown ? concat(text, " and ", keys.size() - k_shown, " more") : text;
  }

  const Model& model_;
  const TensorMap& batch_;
  const CallOptions options_;
  const std::size_t size_;
  const std::vector<std::string> keys_;
};

/// The first thing that is not finite, on the way forward and then back. Empty if nothing is, such
/// as where only the norm of all gradients is beyond numbers.
/// @param number  of the step in its stage, from 0
std::string first_not_finite(const Model& model, std::int64_t number, const TakenStep& step) {
  for (std::size_t i = 0; i < step.micro.size(); ++i)
    if (std::string found = Search(model, step, i).forward(step.objective.order()); !found.empty())
      return found;
  const Objective alone = step.objective.alone();
  std::vector<Tensor> tensors;
  for (const NamedTensor& one : step.trained) tensors.push_back(one.tensor);
  for (std::size_t i = 0; i < step.micro.size(); ++i) {
    clear_gradients(tensors);
    alone.backward({step.micro[i]}, step.objective.options_of(step.options, i), number);
    std::string found = Search(model, step, i).backward(step.trained);
    if (!found.empty()) return found;
  }
  return "";
}

}  // namespace

std::string not_finite(const StepReport& report, const Model& model, const TakenStep& step,
                       Collective& ranks) {
  std::string symptom;
  const auto look_at = [&](const std::string& what, double value) {
    if (!std::isfinite(value) && symptom.empty())
      symptom = concat(what, " is ", std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
  };
  for (const auto& [name, value] : report.losses) look_at("loss \"" + name + "\"", value);
  look_at("the gradient's norm", report.gradient_norm);
  if (symptom.empty()) return "";
  const WholeWeights whole(model);  // each rank looks until it finds something
  std::string first;
  for (const std::string& found : ranks.texts(first_not_finite(model, report.step - 1, step)))
    if (first.empty()) first = found;
  return concat("stage \"", report.stage, "\", step ", report.step, ": ", symptom,
                ", not a finite number.", first.empty() ? "" : " It begins with ", first,
                first.empty() ? "" : ".");
}

}  // namespace weft::host
