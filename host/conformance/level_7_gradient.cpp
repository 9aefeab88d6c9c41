// SPDX-License-Identifier: Apache-2.0
/// Level 7: derivatives, and what must come out the same by another way.

#include <algorithm>
#include <cmath>
#include <random>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "host/graph/metric_states.hpp"

namespace weft::host {
namespace {

using Arrays = std::vector<std::vector<Array>>;

/// Normal numbers in the shape of another array of floating type.
Array normal_like(const Array& array, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Array numbers = Array::empty(array.dtype, array.sizes);
  for (std::int64_t i = 0; i < numbers.count(); ++i) {
    if (array.dtype == DType::float64)
      numbers.data<double>()[i] = normal(random);
    else
      numbers.data<float>()[i] = static_cast<float>(normal(random));
  }
  return numbers;
}

/// array + scale · direction, in float64.
Array moved(const Array& array, const Array& direction, double scale) {
  Array sum = copy_of(array);
  for (std::int64_t i = 0; i < sum.count(); ++i)
    sum.data<double>()[i] += scale * direction.data<double>()[i];
  return sum;
}

double dot(const Array& a, const Array& b) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < a.count(); ++i) sum += element(a, i) * element(b, i);
  return sum;
}

/// A subject in float64 as a function of all its floating inputs and parameters, "variables":
/// f = Σ over outputs of Σ output · fixed numbers.
class Function {
 public:
  explicit Function(const Examination& examination)
      : subject_(find_subject(examination, DType::float64)),
        arrays_(subject_.draw(1, DType::float64)) {
    if (subject_.part.kind == WEFT_KIND_METRIC)
      throw NotApplicable("nothing is differentiated through a metric");
    if (!computes_in(subject_.specimen, DType::float64))
      throw NotApplicable("a port of it does not name float64");
    const Instance& instance = subject_.specimen.instance;
    std::uint64_t seed = 100;
    for (std::size_t p = 0; p < arrays_.size(); ++p)
      for (Array& array : arrays_[p])
        if (array.dtype == DType::float64)
          variables_.push_back({concat("input \"", instance.inputs()[p].name, "\""), array,
                                normal_like(array, ++seed), nullptr});
    for (std::size_t i = 0; i < instance.parameters().size(); ++i) {
      Array values = to_array(subject_.specimen.parameters[i]);
      if (values.dtype != DType::float64) continue;
      // Parameters that begin as zeros or ones would hide what depends on them.
      values = moved(values, normal_like(values, ++seed), 0.1);
      copy_into(subject_.specimen.parameters[i], values);
      variables_.push_back({concat("parameter \"", instance.parameters()[i].name, "\""), values,
                            normal_like(values, ++seed), &subject_.specimen.parameters[i]});
    }
  }

  std::size_t size() const { return variables_.size(); }
  const std::string& name(std::size_t i) const { return variables_[i].name; }
  const Array& direction(std::size_t i) const { return variables_[i].direction; }

  /// f, recorded, with variable `i` moved along its direction; and the variables' tensors.
  Tensor value(std::size_t i, double step, std::vector<Tensor>& tensors) {
    InputTensors inputs = to_tensors(arrays_);
    tensors.clear();
    for (std::size_t v = 0; v < variables_.size(); ++v) {
      const Variable& variable = variables_[v];
      const Array values =
          v == i && step != 0 ? moved(variable.values, variable.direction, step) : variable.values;
      if (variable.parameter != nullptr) {
        copy_into(*variable.parameter, values);
        tensors.push_back(*variable.parameter);
        continue;
      }
      for (std::size_t p = 0; p < arrays_.size(); ++p)
        for (std::size_t w = 0; w < arrays_[p].size(); ++w)
          if (arrays_[p][w].bytes == variable.values.bytes) inputs[p][w] = from_array(values);
      tensors.push_back(input_tensor(inputs, v));
      set_trainable(tensors.back(), true);
    }
    Tensor sum;
    std::uint64_t seed = 7;
    for (const Tensor& output : subject_.specimen.call(WEFT_ROLE_FORWARD, inputs)) {
      ++seed;
      if (!output || !output.requires_grad()) continue;
      const Array like = to_array(detach(output));
      const Tensor part = sum_of_products(output, from_array(normal_like(like, seed)));
      sum = sum ? add(sum, part) : part;
    }
    if (!sum) throw NotApplicable("no output depends on a floating input or parameter");
    return sum;
  }
  double number(std::size_t i, double step) {
    std::vector<Tensor> tensors;
    return item(value(i, step, tensors));
  }

 private:
  struct Variable {
    std::string name;
    Array values, direction;
    const Tensor* parameter;  ///< null: an input
  };
  Tensor input_tensor(const InputTensors& inputs, std::size_t variable) const {
    std::size_t count = 0;
    for (std::size_t p = 0; p < arrays_.size(); ++p)
      for (std::size_t w = 0; w < arrays_[p].size(); ++w)
        if (arrays_[p][w].dtype == DType::float64 && count++ == variable) return inputs[p][w];
    return {};
  }

  Subject subject_;
  Arrays arrays_;
  std::vector<Variable> variables_;
};

/// Σ derivative · direction; 0 where there is no derivative.
double along(const Tensor& derivative, const Array& direction) {
  return derivative ? dot(to_array(detach(derivative)), direction) : 0.0;
}

void expect_close(const std::string& what, double found, double expected, double tolerance) {
  if (std::abs(found - expected) <= tolerance * std::max(1.0, std::abs(expected))) return;
  throw Fault(concat(what, " is ", found, " along a random direction; central differences give ",
                     expected));
}

void gradients(const Examination& examination) {
  Function function(examination);
  std::vector<Tensor> tensors;
  const Tensor value = function.value(0, 0, tensors);
  const std::vector<Tensor> found = derivatives(value, tensors, false);
  constexpr double step = 1e-6;
  for (std::size_t i = 0; i < function.size(); ++i) {
    const double expected = (function.number(i, step) - function.number(i, -step)) / (2 * step);
    expect_close(concat("the gradient of ", function.name(i)),
                 along(found[i], function.direction(i)), expected, 1e-5);
  }
}

/// Σ over variables of first derivative · direction, recorded where it can be.
Tensor slope(Function& function, std::size_t i, double step, std::vector<Tensor>& tensors) {
  const Tensor value = function.value(i, step, tensors);
  const std::vector<Tensor> first = derivatives(value, tensors, true);
  Tensor sum = from_array(Array::of<double>({0.0}, {}));
  for (std::size_t v = 0; v < first.size(); ++v)
    if (first[v]) sum = add(sum, sum_of_products(first[v], from_array(function.direction(v))));
  return sum;
}

/// Whether the host or LibTorch says that an operation has no second derivative.
bool is_refusal(const std::string& text) {
  const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  return says("once-differentiable") || says("once_differentiable") || says("double backward") ||
         (says("derivative for") && says("not implemented"));
}

void double_backward(const Examination& examination) {
  Function function(examination);
  std::vector<Tensor> tensors;
  std::vector<Tensor> second(function.size());
  try {
    const Tensor sum = slope(function, 0, 0, tensors);
    if (sum.requires_grad()) second = derivatives(sum, tensors, false);
  } catch (const Error& refusal) {
    if (is_refusal(refusal.what())) return;
    throw Fault(concat("differentiating twice fails otherwise than by the host's refusal: ",
                       refusal.what()));
  }
  constexpr double step = 1e-5;
  const std::size_t most = std::min<std::size_t>(function.size(), 8);
  for (std::size_t i = 0; i < most; ++i) {
    std::vector<Tensor> ignored;
    const double expected =
        (item(slope(function, i, step, ignored)) - item(slope(function, i, -step, ignored))) /
        (2 * step);
    expect_close(concat("the second derivative of ", function.name(i)),
                 along(second[i], function.direction(i)), expected, 1e-4);
  }
}

void finite_gradients(const Examination& examination) {
  Subject subject = find_subject(examination);
  if (subject.part.kind == WEFT_KIND_METRIC)
    throw NotApplicable("nothing is differentiated through a metric");
  const Instance& instance = subject.specimen.instance;
  for (const bool zero : {false, true}) {
    InputTensors inputs = to_tensors(zero ? zeroed(subject.draw(1)) : subject.draw(1));
    std::vector<Tensor> tensors = subject.specimen.parameters;
    std::vector<std::string> names;
    for (const ParameterDecl& parameter : instance.parameters())
      names.push_back(concat("parameter \"", parameter.name, "\""));
    for (std::size_t p = 0; p < inputs.size(); ++p)
      for (Tensor& tensor : inputs[p]) {
        if (!tensor || tensor.dtype() != DType::float32) continue;
        set_trainable(tensor, true);
        tensors.push_back(tensor);
        names.push_back(concat("input \"", instance.inputs()[p].name, "\""));
      }
    Tensor sum;
    for (const Tensor& output : run(subject, subject.specimen, inputs, {true, 1})) {
      if (!output || !output.requires_grad()) continue;
      const Array weights = normal_like(to_array(detach(output)), 7);
      const Tensor part = sum_of_products(output, from_array(weights));
      sum = sum ? add(sum, part) : part;
    }
    if (!sum) throw NotApplicable("no output depends on a floating input or parameter");
    const std::vector<Tensor> found = derivatives(sum, tensors, false);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::string wrong = found[i] ? first_not_finite(to_array(detach(found[i]))) : "";
      if (!wrong.empty())
        throw Fault(concat("the gradient of ", names[i], " is ", wrong,
                           " for inputs that are finite", zero ? ", floating ones all 0" : ""));
    }
  }
}

void recorded(const Examination& examination) {
  Subject subject = find_subject(examination);
  if (subject.part.kind == WEFT_KIND_METRIC)
    throw NotApplicable("nothing is differentiated through a metric");
  const Arrays arrays = subject.draw(1);
  InputTensors watched = to_tensors(arrays);
  for (auto& port : watched)
    for (Tensor& tensor : port)
      if (tensor && tensor.dtype() == DType::float32) set_trainable(tensor, true);
  std::vector<Array> with;
  for (const Tensor& output : run(subject, subject.specimen, watched))
    with.push_back(output ? to_array(detach(output)) : Array{});
  const GradMode off(false);
  expect_equal(subject.specimen, to_arrays(run(subject, subject.specimen, to_tensors(arrays))),
               with, 1e-5, "while nothing is recorded for backward");
}

void recompute(const Examination& examination) {
  Subject subject = find_subject(examination);
  if (subject.part.kind == WEFT_KIND_METRIC) throw NotApplicable("a metric does not train");
  const GradMode off(false);
  const InputTensors inputs = to_tensors(subject.draw(1));
  const auto once = to_arrays(run(subject, subject.specimen, inputs, {true, 5}));
  expect_equal(subject.specimen, to_arrays(run(subject, subject.specimen, inputs, {true, 5})), once,
               0, "when the same call is made again, training, with the same seed");
}

void state(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  Specimen other = subject.another();
  const auto transfer = [](std::vector<Tensor>& from, std::vector<Tensor>& to) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      Array values = to_array(from[i]);
      if (values.dtype == DType::float32) {
        const Array noise = normal_like(values, i + 1);
        for (std::int64_t e = 0; e < values.count(); ++e)
          values.data<float>()[e] += 0.1F * noise.data<float>()[e];
        copy_into(from[i], values);
      }
      copy_into(to[i], values);
    }
  };
  if (subject.specimen.parameters.size() != other.parameters.size() ||
      subject.specimen.buffers.size() != other.buffers.size())
    throw Fault("a second instance of the same configuration declares other parameters");
  transfer(subject.specimen.parameters, other.parameters);
  transfer(subject.specimen.buffers, other.buffers);
  const InputTensors inputs = to_tensors(subject.draw(1));
  const auto expected = to_arrays(run(subject, subject.specimen, inputs));
  expect_equal(other, to_arrays(run(subject, other, inputs)), expected, 0,
               "in a second instance with the first one's parameters and buffers");
}

void merges(const Examination& examination) {
  Subject subject = find_subject(examination);
  if (subject.part.kind != WEFT_KIND_METRIC) throw NotApplicable("only metrics have states");
  const GradMode off(false);
  Sizing sizing = subject.sizing;
  sizing.batch = 6;
  const Arrays whole = subject.draw(1, DType::float32, sizing);
  const auto expected = to_arrays(run(subject, subject.specimen, to_tensors(whole)));
  const auto& declared = subject.specimen.instance.states();
  const auto expect_of = [&](const std::vector<std::int64_t>& sizes, const char* when) {
    States merged = initial_states(subject.specimen.instance);
    std::int64_t first = 0;
    for (const std::int64_t size : sizes) {
      Arrays rows = whole;
      for (auto& port : rows)
        for (Array& array : port) array = rows_of(array, first, size);
      first += size;
      subject.specimen.states = initial_states(subject.specimen.instance);
      subject.specimen.call(WEFT_ROLE_UPDATE, to_tensors(rows));
      for (std::size_t i = 0; i < merged.size(); ++i)
        merged[i] = merge(merged[i], subject.specimen.states[i], declared[i].merge);
    }
    subject.specimen.states = merged;
    const auto found =
        to_arrays(subject.specimen.call(WEFT_ROLE_COMPUTE, InputTensors(whole.size())));
    expect_equal(subject.specimen, found, expected, 1e-6, when);
  };
  expect_of({4, 2}, "from the states of two parts of the batch, merged by their rules");
  expect_of({1, 1, 1, 1, 1, 1},
            "from the states of one row after the other, merged by their rules");
}

std::size_t port_named(const std::vector<Port>& ports, const char* name, const char* field) {
  for (std::size_t i = 0; name != nullptr && i < ports.size(); ++i)
    if (ports[i].name == name) return i;
  throw Fault(concat("weft_autoregressive.", field, " names \"", name == nullptr ? "" : name,
                     "\", which is none of its ports"));
}

void autoregressive(const Examination& examination) {
  Subject subject = find_subject(examination);
  const auto* rules = static_cast<const weft_autoregressive*>(
      subject.specimen.instance.extension(WEFT_AUTOREGRESSIVE));
  if (rules == nullptr) throw NotApplicable("it offers no " WEFT_AUTOREGRESSIVE);
  if (!WEFT_HAS(rules, pad_id)) throw Fault("its weft_autoregressive is too short");
  const Instance& instance = subject.specimen.instance;
  const std::size_t tokens = port_named(instance.inputs(), rules->tokens, "tokens");
  const std::size_t logits = port_named(instance.outputs(), rules->logits, "logits");
  const GradMode off(false);
  Arrays arrays = subject.draw(1);
  const auto before = to_arrays(run(subject, subject.specimen, to_tensors(arrays)));
  const Array& scores = before.at(logits);
  for (const std::int64_t id : {rules->begin_id, rules->end_id, rules->pad_id})
    if (id < 0 || id >= scores.sizes.back())
      throw Fault(concat("token ", id, " of weft_autoregressive is outside its ",
                         scores.sizes.back(), " classes"));
  Array changed = copy_of(arrays[tokens].at(0));  // [B, S]: the last token of each row
  const std::int64_t length = changed.sizes.back();
  for (std::int64_t i = length - 1; i < changed.count(); i += length)
    changed.data<std::int64_t>()[i] = 1 - changed.data<std::int64_t>()[i];
  arrays[tokens][0] = changed;
  const auto after = to_arrays(run(subject, subject.specimen, to_tensors(arrays)));
  const std::int64_t classes = scores.sizes.back();
  for (std::int64_t i = 0; i < scores.count(); ++i) {
    const bool earlier = i / classes % length + 1 < length;
    if (earlier && std::abs(element(after[logits], i) - element(scores, i)) > 1e-5)
      throw Fault(concat("row ", i / classes % length, " of \"", rules->logits,
                         "\" depends on a token that comes after it"));
  }
}

}  // namespace

std::vector<Test> gradient_tests() {
  return {
      {"gradients", 7, true, "call", "abi.h, weft_op_api",
       "look for values that leave the graph (data(), detach, a cast to integers) on the way from "
       "it "
       "to the output, or mend the backward of the custom operation.",
       gradients},
      {"double_backward", 7, true, "gradients", "abi.h, weft_function",
       "build backward from the host's operations, or let the host refuse it.", double_backward},
      {"finite_gradients", 7, true, "finite", "abi.h, weft_component",
       "find the root, norm or logarithm whose slope is infinite at 0, and add a small number "
       "before "
       "it.",
       finite_gradients},
      {"recorded", 7, true, "call", "abi.h, weft_grad_api",
       "compute the same whether grad_api.enabled() says 0 or 1.", recorded},
      {"recompute", 7, true, "call", "abi.h, weft_call",
       "draw from weft_call.generator and nothing else, and let no buffer that the call changes "
       "enter its outputs.",
       recompute},
      {"state", 7, true, "call", "abi.h, weft_parameter",
       "declare everything that is learnt or counted as parameter, buffer or state.", state},
      {"merges", 7, true, "call", "abi.h, weft_state",
       "declare the merge rule by which two states make that of both batches.", merges},
      {"autoregressive", 7, true, "call", "abi.h, weft_autoregressive",
       "mask later tokens, and name ports and tokens that the part has.", autoregressive},
  };
}

}  // namespace weft::host
