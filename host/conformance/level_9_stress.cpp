// SPDX-License-Identifier: Apache-2.0
/// Level 9: threads, a failing host, hosts of other versions, and what piles up.

#include <malloc.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/conformance/witness.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/migration.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/runtime.hpp"
#include "host/graph/metric_states.hpp"

namespace weft::host {
namespace {

void two_threads(const Examination& examination) {
  Subject subject = find_subject(examination);
  struct Side {
    Specimen specimen;
    InputTensors inputs;
    std::vector<Array> expected;
    std::string fault;
  };
  std::array<std::optional<Side>, 2> sides;
  const GradMode off(false);
  for (std::size_t s = 0; s < 2; ++s) {
    sides[s].emplace(Side{subject.another(), to_tensors(subject.draw(s + 1)), {}, ""});
    sides[s]->expected = to_arrays(run(subject, sides[s]->specimen, sides[s]->inputs));
  }
  const auto work = [&subject](Side& side) {
    const GradMode none(false);
    try {
      set_threads(1);  // a setting of each thread
      for (int i = 0; i < 20; ++i)
        expect_equal(side.specimen, to_arrays(run(subject, side.specimen, side.inputs)),
                     side.expected, 0, "while another instance runs on another thread");
    } catch (const std::exception& error) {
      side.fault = error.what();
    }
  };
  std::thread other(work, std::ref(*sides[1]));
  work(*sides[0]);
  other.join();
  for (const auto& side : sides)
    if (!side->fault.empty()) throw Fault(side->fault);
}

/// How many calls of the host may fail in turn; of more, evenly many are chosen.
constexpr std::uint64_t most_failures = 200;

void failing_host_in_create(const Examination& examination) {
  Witness witness;
  const Part part = examination.load(witness.tables());
  const std::string config = complete_config(part, examination.config);
  const auto wires = wires_of(part, config, true);
  const auto create = [&](std::uint64_t n) {
    witness.arm(n);
    const Specimen specimen(part, config, wires, DType::float32);
  };
  create(0);
  const std::uint64_t calls = witness.calls();
  for (std::uint64_t n = 1; n <= calls; n += calls / most_failures + 1) {
    try {
      create(n);
    } catch (const Error& error) {
      if (std::string(error.what()).find(Witness::injected) == std::string::npos)
        throw Fault(concat("when the host fails at call ", n, " of create(), it says \"",
                           error.what(), "\" instead of the host's reason"));
      continue;
    }
    throw Fault(concat("create() returned success though the host failed at its call ", n));
  }
  witness.arm(0);
}

void failing_host(const Examination& examination) {
  Witness witness;
  Subject subject = find_subject(examination, DType::float32, witness.tables());
  const GradMode off(false);
  const InputTensors inputs = to_tensors(subject.draw(1));
  const auto call = [&](std::uint64_t n) {
    subject.specimen.states = initial_states(subject.specimen.instance);
    std::vector<weft_tensor> before;
    for (const Tensor& state : subject.specimen.states) before.push_back(state.get());
    const std::size_t held = witness.held();
    witness.arm(n);
    bool failed = false;
    try {
      subject.specimen.call(subject.role(), inputs);
    } catch (const Error& error) {
      failed = true;
      if (std::string(error.what()).find("it wrote no tensor") != std::string::npos)
        throw Fault(concat("when the host fails at its call ", n, ", call() returns success, but ",
                           error.what()));
      for (const Tensor& left : subject.specimen.left_behind)
        if (left)
          throw Fault(concat("when the host fails at its call ", n,
                             ", call() fails too, but leaves an output behind"));
    }
    bool changed = false;
    for (std::size_t i = 0; i < before.size(); ++i)
      changed = changed || subject.specimen.states[i].get() != before[i];
    if (failed && changed)
      throw Fault(concat("when the host fails at its call ", n,
                         ", call() fails too, but leaves a state changed"));
    if (failed && witness.held() > held)
      throw Fault(concat("when the host fails at its call ", n, ", call() keeps ",
                         witness.held() - held, " tensors that it was given"),
                  "release on every way out what was made before the failure.");
  };
  call(0);
  const std::uint64_t calls = witness.calls();
  for (std::uint64_t n = 1; n <= calls; n += calls / most_failures + 1) call(n);
  call(0);  // it works again
}

/// Inputs with what came of them under this host's own tables.
struct Sample {
  std::vector<std::vector<Array>> inputs;
  std::vector<Array> outputs;
};

/// The library is unloaded again at the end.
Sample run_under_own_tables(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  auto inputs = subject.draw(1);
  auto outputs = to_arrays(run(subject, subject.specimen, to_tensors(inputs)));
  return {std::move(inputs), std::move(outputs)};
}

void longer_structs(const Examination& examination) {
  const Sample sample = run_under_own_tables(examination);
  Witness witness(64);
  Subject subject = find_subject(examination, DType::float32, witness.tables());
  const GradMode off(false);
  subject.specimen.further_bytes = 64;
  expect_equal(subject.specimen,
               to_arrays(run(subject, subject.specimen, to_tensors(sample.inputs))), sample.outputs,
               0, "with structs that are longer than it knows, as a later host's are");
}

void unknown_values(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  const InputTensors inputs = to_tensors(subject.draw(1));
  const auto expected = to_arrays(run(subject, subject.specimen, inputs));
  if (subject.specimen.instance.extension("weft.nobody_knows_this/1") != nullptr)
    throw Fault("get_extension() gives a table for an id that it cannot know",
                "compare the whole id, and return null for every other one.");
  subject.specimen.unknown_flags = 0x80000000u;
  expect_equal(subject.specimen, to_arrays(run(subject, subject.specimen, inputs)), expected, 0,
               "with an unknown bit in weft_call.flags");
  subject.specimen.unknown_flags = 0;
  try {
    subject.specimen.call(99, inputs);
  } catch (const Error&) {
    return;
  }
  throw Fault("a call with the unknown role 99 was answered with success",
              "return WEFT_UNSUPPORTED for roles that the part does not know.");
}

/// One call with fresh handles for everything, forward and back; what is lent stays in `lent`.
void call_once(Subject& subject, std::uint64_t seed, std::vector<Tensor>& lent) {
  const bool metric = subject.part.kind == WEFT_KIND_METRIC;
  if (metric) subject.specimen.states = initial_states(subject.specimen.instance);
  InputTensors inputs = to_tensors(subject.draw(seed));
  std::vector<Tensor> variables;
  for (auto& port : inputs)
    for (const Tensor& tensor : port) {
      const bool floating =
          tensor && (tensor.dtype() == DType::float32 || tensor.dtype() == DType::float64);
      if (metric || !floating) continue;
      set_trainable(tensor, true);
      variables.push_back(tensor);
    }
  for (auto* own : {&subject.specimen.parameters, &subject.specimen.buffers})
    for (Tensor& tensor : *own) {
      const Tensor again(tensor);  // another handle of the same tensor
      lent.push_back(std::exchange(tensor, again));
    }
  variables.insert(variables.end(), subject.specimen.parameters.begin(),
                   subject.specimen.parameters.end());
  const GradMode mode(!metric);
  std::vector<Tensor> outputs = subject.specimen.call(subject.role(), inputs, {true, seed});
  for (const Tensor& output : outputs)
    if (output && output.requires_grad())
      derivatives(sum_of_products(output, output), variables, false);
  for (auto& port : inputs)
    for (Tensor& tensor : port) lent.push_back(std::move(tensor));
}

/// Under a witness a plug-in lives on that would otherwise damage memory in its first call.
Subject find_watched_subject(const Examination& examination, const Witness& witness) {
  try {
    return find_subject(examination, DType::float32, witness.tables());
  } catch (const Fault&) {
    if (witness.misuse().empty()) throw NotApplicable("test call has to pass first");
    throw Fault(concat(witness.misuse(), ", in its first call"));
  }
}

void handles(const Examination& examination) {
  const Witness witness;
  Subject subject = find_watched_subject(examination, witness);
  std::vector<Tensor> lent;
  constexpr std::uint64_t calls = 100;
  const std::size_t before = witness.held();
  std::size_t after_first = 0;
  for (std::uint64_t i = 1; i <= calls; ++i) {
    try {
      call_once(subject, i, lent);
    } catch (const Error&) {
      if (witness.misuse().empty()) throw;
    }
    if (!witness.misuse().empty())
      throw Fault(concat(witness.misuse(), ", in call ", i, ": a handle is lent for one call"),
                  "keep no handle of a call; retain within the call what is used there.");
    if (i == 1) after_first = witness.held();
  }
  const std::size_t held = witness.held();
  if (held > after_first)
    throw Fault(concat("it holds ", held - before, " tensors after ", calls, " calls and ",
                       after_first - before, " after the first: it leaks them"));
  if (held > 0)
    throw Fault(concat("it keeps ", held, " tensor between calls"),
                "declare what must be remembered as a buffer or state, and release the rest.");
}

/// The tensors of a part by the names of their declaration, as a checkpoint holds them.
std::map<std::string, Array> saved_by(const Specimen& specimen) {
  std::map<std::string, Array> saved;
  const auto add = [&](const auto& declared, const std::vector<Tensor>& tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) saved[declared[i].name] = to_array(tensors[i]);
  };
  add(specimen.instance.parameters(), specimen.parameters);
  add(specimen.instance.buffers(), specimen.buffers);
  return saved;
}

/// What one migration makes of these tensors when the `n`-th call of the host (0: none) fails.
void migrate_once(Witness& witness, const Instance& instance, std::uint32_t from,
                  const std::map<std::string, Array>& tensors, std::uint64_t n) {
  const std::string what = concat("migrate() from state version ", from);
  const std::size_t held = witness.held();
  const Migration saved(tensors);
  witness.arm(n);
  try {
    instance.migrate(from, saved.handle());
  } catch (const Error& error) {
    const std::string text = error.what();
    for (const char* fault : {"failed without giving a reason", "an exception crossed"})
      if (text.find(fault) != std::string::npos) throw Fault(concat(what, ": ", text));
  }
  if (!witness.misuse().empty()) throw Fault(concat(what, ": ", witness.misuse()));
  if (witness.held() > held)
    throw Fault(concat(what, " keeps ", witness.held() - held, " tensors that it was given"),
                "release on every way out what get() and operations gave.");
}

void migrate(const Examination& examination) {
  Witness witness;
  const Part part = examination.load(witness.tables());
  const std::string config = complete_config(part, examination.config);
  const Specimen specimen(part, config, wires_of(part, config, true), DType::float32);
  if (!specimen.instance.can_migrate()) throw NotApplicable("it has no migrate");
  const std::uint32_t version = part.component->state_version;
  if (version < 2) throw NotApplicable("its state has no older version");
  const GradMode off(false);
  for (const std::uint32_t from : std::set{1U, version - 1})
    for (const auto& tensors : {std::map<std::string, Array>{}, saved_by(specimen)}) {
      migrate_once(witness, specimen.instance, from, tensors, 0);
      const std::uint64_t calls = witness.calls();
      for (std::uint64_t n = 1; n <= calls; n += calls / most_failures + 1)
        migrate_once(witness, specimen.instance, from, tensors, n);
    }
}

void memory(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  subject.sizing.batch = 1;
  const InputTensors inputs = to_tensors(subject.draw(1));
  const auto used = [] {
    const struct mallinfo2 info = ::mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  constexpr int calls = 1000;
  constexpr double most = 1 << 20;  // bytes
  for (int i = 0; i < calls / 10; ++i) run(subject, subject.specimen, inputs);
  const double before = used();
  if (before == 0)
    throw NotApplicable("the malloc of this process, a sanitiser's perhaps, does not count");
  for (int i = 0; i < calls; ++i) run(subject, subject.specimen, inputs);
  const double grown = used() - before;
  if (grown > most)
    throw Fault(concat("the process grew by ", static_cast<std::int64_t>(grown), " bytes in ",
                       calls, " calls; expected at most ", static_cast<std::int64_t>(most)));
}

}  // namespace

std::vector<Test> stress_tests() {
  return {
      {"two_threads", 9, true, "repeatable", "abi.h, weft_component",
       "keep what a call needs in the instance or the call, never in a global variable.",
       two_threads},
      {"failing_host_in_create", 9, true, "created", "abi.h, weft_core_api",
       "test the status of every function of the host, and return it.", failing_host_in_create},
      {"failing_host", 9, true, "call", "abi.h, weft_op_api",
       "test the status of every function of the host, and write outputs last.", failing_host},
      {"longer_structs", 9, true, "repeatable", "abi.h, WEFT_HAS",
       "test WEFT_HAS(p, field), never that sizes are equal.", longer_structs},
      {"unknown_values", 9, true, "repeatable", "abi.h, WEFT_ROLE_FORWARD", "ignore unknown flags.",
       unknown_values},
      {"handles", 9, true, "created", "abi.h, weft_call",
       "release every tensor that an operation gave.", handles},
      {"migrate", 9, true, "created", "abi.h, weft_migration_api",
       "return a status, with a sentence in core->error_set.", migrate},
      {"memory", 9, true, "call", "abi.h, weft_component",
       "free what call() allocates before it returns.", memory},
  };
}

}  // namespace weft::host
