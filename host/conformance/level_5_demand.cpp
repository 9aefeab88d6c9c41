// SPDX-License-Identifier: Apache-2.0
/// Level 5: outputs that are computed only where something reads them.

#include <algorithm>

#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/engine/autograd.hpp"
#include "host/graph/metric_states.hpp"

namespace weft::host {
namespace {

/// What one call wrote and left in states.
struct Written {
  std::vector<Array> outputs, states;
};

Written written(const Subject& subject, Specimen& specimen, const InputTensors& inputs,
                const CallOptions& options) {
  specimen.states = initial_states(specimen.instance);
  std::vector<Array> outputs = to_arrays(specimen.call(subject.role(), inputs, options));
  return {std::move(outputs), to_arrays(specimen.states)};
}

void on_demand(const Examination& examination) {
  Subject subject = find_subject(examination);
  const std::vector<Port>& outputs = subject.specimen.instance.outputs();
  if (std::ranges::none_of(outputs, &Port::on_demand))
    throw NotApplicable("it has no output on demand");
  const GradMode off(false);
  const InputTensors inputs = to_tensors(subject.draw(1));
  for (const bool training : {false, true}) {
    Specimen asked = subject.another(), unasked = subject.another();
    unasked.wants = false;
    const CallOptions options{training, 1};
    const Written with = written(subject, asked, inputs, options);
    const Written without = written(subject, unasked, inputs, options);
    const char* const when = training ? ", in training" : "";
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (!outputs[i].on_demand && !same_bits(with.outputs[i], without.outputs[i]))
        throw Fault(concat("output \"", outputs[i].name,
                           "\" is another where outputs on demand are wanted", when));
    for (std::size_t i = 0; i < with.states.size(); ++i)
      if (!same_bits(with.states[i], without.states[i]))
        throw Fault(concat("state \"", subject.specimen.instance.states()[i].name,
                           "\" is another where outputs on demand are wanted", when));
  }
}

}  // namespace

std::vector<Test> demand_tests() {
  return {{"on_demand", 5, true, "call", "abi.h, WEFT_PORT_ON_DEMAND",
           "compute an output on demand beside the others, of the same tensors, and where "
           "weft_call.wanted says 1 only.",
           on_demand}};
}

}  // namespace weft::host
