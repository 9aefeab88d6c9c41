// SPDX-License-Identifier: Apache-2.0
/// Level 7: what a part makes of what it accumulated in a step of the optimiser.

#include <cstring>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/engine/autograd.hpp"
#include "host/graph/metric_states.hpp"

namespace weft::host {
namespace {

bool is_same(const Array& a, const Array& b) {
  return a.dtype == b.dtype && a.sizes == b.sizes &&
         std::memcmp(a.bytes.get(), b.bytes.get(), a.byte_count()) == 0;
}

/// Buffers after a step in training, by one instance.
std::vector<Array> made(Specimen& specimen, const InputTensors& inputs) {
  specimen.states = initial_states(specimen.instance);
  specimen.call(WEFT_ROLE_FORWARD, inputs, {true, 3});
  std::vector<Array> arrays;
  for (const Tensor& one : specimen.made_buffers()) arrays.push_back(one ? to_array(one) : Array{});
  return arrays;
}

void steps(const Examination& examination) {
  Subject subject = find_subject(examination);
  const Instance& instance = subject.specimen.instance;
  if (subject.part.kind == WEFT_KIND_METRIC || instance.states().empty())
    throw NotApplicable("it accumulates nothing from step to step");
  const GradMode off(false);
  const InputTensors inputs = to_tensors(subject.draw(1));
  const std::vector<Array> once = made(subject.specimen, inputs);
  const std::vector<Array> twice = made(subject.specimen, inputs);
  for (std::size_t i = 0; i < once.size(); ++i) {
    if (!once[i].bytes) continue;
    const std::string name = concat("buffer \"", instance.buffers()[i].name, "\"");
    const Array before = to_array(subject.specimen.buffers[i]);
    if (once[i].dtype != before.dtype || once[i].sizes != before.sizes)
      throw Fault(concat("WEFT_ROLE_STEP makes ", name, " of ", dtype_name(once[i].dtype),
                         shape_text(once[i].sizes), ", which is declared as ",
                         dtype_name(before.dtype), shape_text(before.sizes)));
    if (!is_same(once[i], twice[i]))
      throw Fault(concat("WEFT_ROLE_STEP makes another ", name, " of the same states"));
    if (const std::string wrong = first_not_finite(once[i]); !wrong.empty())
      throw Fault(concat("WEFT_ROLE_STEP makes ", name, " ", wrong, " of inputs that are finite"));
  }
}

}  // namespace

std::vector<Test> step_tests() {
  return {{"steps", 7, true, "call", "abi.h, WEFT_ROLE_STEP",
           "make buffers of the states alone, in their declared sizes and element types.", steps}};
}

}  // namespace weft::host
