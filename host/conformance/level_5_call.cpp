// SPDX-License-Identifier: Apache-2.0
/// Level 5: what a call makes of its inputs, and what it leaves alone.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/conformance/red_zones.hpp"
#include "host/conformance/witness.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/tables.hpp"

namespace weft::host {
namespace {

using Arrays = std::vector<std::vector<Array>>;

void shapes(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  const InputTensors inputs = to_tensors(subject.draw(1));
  expect_declared(subject.specimen, inputs, run(subject, subject.specimen, inputs));
}

void bfloat16(const Examination& examination) {
  Subject subject = find_subject(examination);
  if (!computes_in(subject.specimen, DType::bfloat16))
    throw NotApplicable("a port of it does not name bfloat16");
  const GradMode off(false);
  Specimen rounded = subject.another(DType::bfloat16);
  InputTensors inputs = to_tensors(subject.draw(1));
  const auto exact = to_arrays(run(subject, subject.specimen, inputs));
  for (auto& port : inputs)
    for (Tensor& tensor : port)
      if (tensor && tensor.dtype() == DType::float32) tensor = cast(tensor, DType::bfloat16);
  const std::vector<Tensor> outputs = run(subject, rounded, inputs);
  expect_declared(rounded, inputs, outputs);
  if (subject.part.kind == WEFT_KIND_METRIC) return;  // rounding may change what it counts
  expect_equal(rounded, to_arrays(outputs), exact, 0.1, "in bfloat16");
}

void batches(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  for (const std::int64_t batch : {0, 1, 3}) {
    Sizing sizing = subject.sizing;
    sizing.batch = batch;
    const InputTensors inputs = to_tensors(subject.draw(1, DType::float32, sizing));
    std::vector<Tensor> outputs;
    try {
      outputs = run(subject, subject.specimen, inputs);
    } catch (const Error& error) {
      if (batch == 0) continue;  // an empty batch may be refused
      throw Fault(concat("a batch of ", batch, " is refused: ", error.what()));
    }
    expect_declared(subject.specimen, inputs, outputs);
  }
}

bool begins_with_batch(const Port& port) {
  const Shape shape = *parse_shape(port.shape);
  return shape.leading || (!shape.axes.empty() && shape.axes.front() == "B");
}

/// Two training calls with one seed, whose batches share their first sample only.
void samples_in_training(Subject& subject) {
  Arrays first = subject.draw(1), others = subject.draw(2);
  for (std::size_t p = 0; p < first.size(); ++p)
    for (std::size_t i = 0; i < first[p].size(); ++i) {
      const std::size_t row =
          first[p][i].byte_count() / static_cast<std::size_t>(first[p][i].sizes[0]);
      std::memcpy(others[p][i].bytes.get(), first[p][i].bytes.get(), row);
    }
  const auto first_rows = [&](const Arrays& batch) {
    std::vector<Array> rows;
    for (const Array& array :
         to_arrays(run(subject, subject.specimen, to_tensors(batch), {true, 1})))
      rows.push_back(rows_of(array, 0, 1));
    return rows;
  };
  const std::vector<Array> expected = first_rows(first);
  expect_equal(subject.specimen, first_rows(others), expected, 1e-4,
               "in training, for a sample beside other neighbours");
}

void samples(const Examination& examination) {
  Subject subject = find_subject(examination);
  const auto& instance = subject.specimen.instance;
  if ((instance.traits() & WEFT_COUPLES_SAMPLES) != 0)
    throw NotApplicable("it declares that its samples depend on each other");
  if (subject.part.kind == WEFT_KIND_LOSS || subject.part.kind == WEFT_KIND_METRIC)
    throw NotApplicable("its outputs are one number for the batch");
  for (const auto* list : {&instance.inputs(), &instance.outputs()})
    if (!std::all_of(list->begin(), list->end(), begins_with_batch))
      throw NotApplicable("not all its ports begin with the batch");
  const GradMode off(false);
  const Arrays whole = subject.draw(1);
  Arrays first = whole;
  for (auto& port : first)
    for (Array& array : port) array = rows_of(array, 0, 1);
  const auto together = to_arrays(run(subject, subject.specimen, to_tensors(whole)));
  auto alone = to_arrays(run(subject, subject.specimen, to_tensors(first)));
  std::vector<Array> expected;
  for (const Array& array : together) expected.push_back(rows_of(array, 0, 1));
  expect_equal(subject.specimen, alone, expected, 1e-4, "for a sample without its neighbour");
  samples_in_training(subject);
}

/// The same values as a view whose elements lie two apart.
Tensor strided(const Array& array) {
  std::vector<std::int64_t> sizes = array.sizes;
  sizes.push_back(2);
  Array wide = Array::empty(array.dtype, sizes);
  const std::size_t bytes = item_size(array.dtype);
  std::memset(wide.bytes.get(), 1, wide.byte_count());
  for (std::size_t i = 0; i < static_cast<std::size_t>(array.count()); ++i)
    std::memcpy(wide.bytes.get() + 2 * i * bytes, array.bytes.get() + i * bytes, bytes);
  weft_tensor view = nullptr;
  if (op_api()->select(from_array(wide).get(), -1, 0, &view) != WEFT_OK)
    throw Error(Exit::failed, "the engine cannot make a view.");
  return Tensor::own(view);
}

void strides(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  const Arrays arrays = subject.draw(1);
  InputTensors views;
  for (const auto& port : arrays) {
    views.emplace_back();
    for (const Array& array : port) views.back().push_back(strided(array));
  }
  const auto expected = to_arrays(run(subject, subject.specimen, to_tensors(arrays)));
  expect_equal(subject.specimen, to_arrays(run(subject, subject.specimen, views)), expected, 1e-5,
               "with inputs whose elements are not contiguous");
}

void repeatable(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  const InputTensors inputs = to_tensors(subject.draw(1));
  const auto once = to_arrays(run(subject, subject.specimen, inputs, {false, 1}));
  expect_equal(subject.specimen, to_arrays(run(subject, subject.specimen, inputs, {false, 2})),
               once, 0, "when the same call is made again, not training, with another seed");
}

void untouched(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  const Arrays arrays = subject.draw(1);
  Arrays before;
  for (const auto& port : arrays) {
    before.emplace_back();
    for (const Array& array : port) before.back().push_back(copy_of(array));
  }
  const auto parameters = to_arrays(subject.specimen.parameters);
  const auto buffers = to_arrays(subject.specimen.buffers);
  run(subject, subject.specimen, to_tensors(arrays));
  const Instance& instance = subject.specimen.instance;
  for (std::size_t p = 0; p < arrays.size(); ++p)
    for (std::size_t i = 0; i < arrays[p].size(); ++i)
      if (!same_bits(arrays[p][i], before[p][i]))
        throw Fault(concat("the call changed its input \"", instance.inputs()[p].name, "\""));
  const auto compare = [&](const auto& declared, const auto& now, const auto& old) {
    for (std::size_t i = 0; i < old.size(); ++i)
      if (!same_bits(to_array(now[i]), old[i]))
        throw Fault(concat("a call that does not train changed \"", declared[i].name, "\""));
  };
  compare(instance.parameters(), subject.specimen.parameters, parameters);
  compare(instance.buffers(), subject.specimen.buffers, buffers);
}

void bounds(const Examination& examination) {
  Witness witness;
  Subject subject = find_subject(examination, DType::float32, witness.tables());
  const GradMode off(false);
  RedZones zones;
  InputTensors inputs;
  for (const auto& port : subject.draw(1)) {
    inputs.emplace_back();
    for (const Array& array : port) inputs.back().push_back(from_array(zones.surround(array)));
  }
  witness.surround_with(&zones);
  for (const bool training : {false, true}) {
    run(subject, subject.specimen, inputs, {training, 1});
    if (!subject.specimen.overrun.empty())
      throw Fault(concat("the call wrote past the ends of weft_call.", subject.specimen.overrun,
                         ", which has ", subject.specimen.instance.outputs().size(),
                         " slots for outputs and ", subject.specimen.states.size(), " for states"),
                  "write one tensor for each declared port or state, and no more.");
    if (const std::string broken = zones.broken(); !broken.empty())
      throw Fault(concat("the call wrote past the ends of a tensor's memory: ", broken));
  }
}

void optional(const Examination& examination) {
  Subject subject = find_subject(examination);
  const auto& inputs = subject.specimen.instance.inputs();
  if (std::none_of(inputs.begin(), inputs.end(), [](const Port& port) { return port.optional; }))
    throw NotApplicable("it has no optional port");
  const GradMode off(false);
  for (const bool wired : {true, false}) {
    subject.sizing.optional = wired;
    try {
      Specimen specimen = subject.another();
      const InputTensors tensors = to_tensors(subject.draw(1));
      expect_declared(specimen, tensors, run(subject, specimen, tensors));
    } catch (const Error& error) {
      throw Fault(
          concat(wired ? "with" : "without", " its optional ports it fails: ", error.what()));
    }
  }
}

bool is_floating(const Tensor& tensor) {
  return (WEFT_DTYPES_FLOAT & WEFT_DTYPES(static_cast<std::uint32_t>(tensor.dtype()))) != 0;
}

/// The inputs with those of floating type absent, but for port `kept`.
InputTensors without_floats(const InputTensors& inputs, std::size_t kept) {
  InputTensors rest = inputs;
  for (std::size_t p = 0; p < rest.size(); ++p)
    for (Tensor& tensor : rest[p])
      if (p != kept && tensor && is_floating(tensor)) tensor = Tensor();
  return rest;
}

/// As a host counts before any forward pass: what other parts compute is absent. Which inputs those
/// are a port does not say; predictions are of floating type, and a floating target may be there.
void expect_count_of_batch(const InputTensors& inputs,
                           const std::function<void(const InputTensors&, const char*)>& count) {
  std::string refusal;
  try {
    return count(without_floats(inputs, inputs.size()), " without its floating inputs");
  } catch (const Error& error) {
    refusal = error.what();
  }
  std::vector<std::size_t> floating;
  for (std::size_t p = 0; p < inputs.size(); ++p)
    if (!inputs[p].empty() && inputs[p][0] && is_floating(inputs[p][0])) floating.push_back(p);
  bool counted = false;
  for (const std::size_t kept : floating) {
    if (floating.size() == 1) break;  // the prediction itself
    try {
      count(without_floats(inputs, kept), " with one of its floating inputs");
      counted = true;
    } catch (const Error&) {
      continue;
    }
  }
  if (!counted)
    throw Fault(concat("WEFT_ROLE_COUNT fails without its floating inputs: ", refusal),
                "count from what comes with the batch; inputs from other parts are null there.");
}

void roles(const Examination& examination) {
  Subject subject = find_subject(examination);
  if (subject.part.kind != WEFT_KIND_LOSS) throw NotApplicable("only losses count");
  const GradMode off(false);
  const auto& outputs = subject.specimen.instance.outputs();
  std::size_t weight = 0;
  while (outputs[weight].name != "weight") ++weight;  // check_complete() has seen it
  InputTensors inputs = to_tensors(subject.draw(1));
  const double expected = item(subject.specimen.call(WEFT_ROLE_FORWARD, inputs).at(weight));
  const auto count = [&](const InputTensors& given, const char* how) {
    const std::vector<Tensor> counted = subject.specimen.call(WEFT_ROLE_COUNT, given);
    for (std::size_t i = 0; i < counted.size(); ++i)
      if (i != weight && counted[i])
        throw Fault(concat("WEFT_ROLE_COUNT wrote output \"", outputs[i].name,
                           "\"; expected only \"weight\""));
    const double found = item(counted.at(weight));
    if (found != expected)
      throw Fault(concat("WEFT_ROLE_COUNT gives the weight ", found, how, ", and a forward call ",
                         expected));
  };
  count(inputs, "");
  expect_count_of_batch(inputs, count);
}

}  // namespace

std::vector<Test> call_tests() {
  return {
      {"shapes", 5, true, "call", "abi.h, weft_component",
       "make call() write what the port declares, or correct the port's shape and infer().",
       shapes},
      {"bfloat16", 5, true, "call", "abi.h, weft_port",
       "take bfloat16 out of the port's dtypes, or compute sums and norms in float32.", bfloat16},
      {"batches", 5, true, "shapes", "abi.h, weft_port",
       "treat the batch as the symbol that it is; an empty one may be refused with a status.",
       batches},
      {"samples", 5, true, "shapes", "abi.h, WEFT_COUPLES_SAMPLES",
       "declare the trait WEFT_COUPLES_SAMPLES, or mask what one sample sees of another.", samples},
      {"strides", 5, true, "call", "abi.h, weft_tensor_api",
       "use the strides of weft_tensor_meta wherever data() is read, or make the tensor contiguous "
       "first.",
       strides},
      {"repeatable", 5, true, "call", "abi.h, weft_call",
       "draw random numbers only where WEFT_CALL_TRAINING is set, and keep nothing between calls.",
       repeatable},
      {"untouched", 5, true, "call", "abi.h, weft_call",
       "write into a new tensor: inputs, parameters and buffers belong to the host.", untouched},
      {"bounds", 5, true, "call", "abi.h, weft_call",
       "check every index against the sizes and strides of weft_tensor_meta.", bounds},
      {"optional", 5, true, "call", "abi.h, WEFT_PORT_OPTIONAL",
       "mind in_count: an unwired optional port has no tensor.", optional},
      {"roles", 5, true, "call", "abi.h, WEFT_ROLE_COUNT",
       "compute the weight by the same function for both roles.", roles},
  };
}

}  // namespace weft::host
