// SPDX-License-Identifier: Apache-2.0
/// Level 3: the life of a plug-in, in order and out of order.

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/engine/autograd.hpp"
#include "host/registry/core_api.hpp"
#include "host/registry/descriptor.hpp"
#include "host/registry/guard.hpp"

namespace weft::host {
namespace {

Entry at(const Part& part, const char* entry) {
  return {part.library->name().c_str(), part.component ? part.component->id : nullptr, nullptr,
          entry};
}

/// A failed status must come with a text, and a good one must not.
void expect_refusal(const Outcome& outcome, const std::string& what) {
  if (outcome.status == WEFT_OK) throw Fault(concat(what, " was answered with success"));
  if (outcome.reason.starts_with("it failed without giving a reason"))
    throw Fault(concat(what, " was refused, but ", outcome.reason),
                "call core->error_set with a sentence before returning the status.");
  if (outcome.reason.starts_with("an exception crossed"))
    throw Fault(concat(what, ": ", outcome.reason), "catch every exception before it leaves.");
}

void entered_again(const Examination& examination) {
  const Part part = examination.load();
  void* const shared = ::dlopen(std::filesystem::absolute(examination.file).c_str(),
                                RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  const auto entry =
      shared ? reinterpret_cast<weft_entry>(::dlsym(shared, WEFT_ENTRY_NAME)) : nullptr;
  if (entry == nullptr) throw Fault("the loaded library cannot be found again");
  const HostTables tables = engine_tables();
  const weft_host host = {sizeof host, WEFT_ABI_MAJOR, WEFT_ABI_MINOR,
                          0,           core_api(),     tables.tensor,
                          tables.op,   tables.grad,    tables.migration};
  const weft_plugin* plugin = nullptr;
  const Outcome outcome = attempt(at(part, WEFT_ENTRY_NAME), [&] { return entry(&host, &plugin); });
  if (outcome.status != WEFT_OK)
    throw Fault(concat(WEFT_ENTRY_NAME " failed when it was called again: ", outcome.reason));
  check_descriptor(plugin, examination.file.filename().string());
  if (plugin != &part.library->plugin())
    throw Fault(WEFT_ENTRY_NAME " gave another descriptor when it was called again");
  ::dlclose(shared);
}

bool is_mapped(const std::filesystem::path& file) {
  std::ifstream maps("/proc/self/maps");
  const std::string text{std::istreambuf_iterator<char>(maps), {}};
  return text.find(std::filesystem::canonical(file).string()) != std::string::npos;
}

void reloads(const Examination& examination) {
  constexpr int times = 50;
  for (int i = 1; i <= times; ++i) {
    examination.load();
    if (is_mapped(examination.file))
      throw Fault(concat("it stays in memory after it was unloaded, the ",
                         i == 1 ? "first" : "next", " of ", times, " times"));
  }
}

std::size_t entries_of(const char* folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Everything a host does with one part, from loading to unloading.
void live_once(const Examination& examination, const std::function<void()>& alive) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  run(subject, subject.specimen, to_tensors(subject.draw(1)));
  alive();
}

void threads(const Examination& examination) {
  const char* const folder = "/proc/self/task";
  const std::size_t before = entries_of(folder);
  std::size_t during = before;
  live_once(examination, [&] { during = entries_of(folder); });
  const std::size_t after = entries_of(folder);
  if (during == before && after == before) return;
  throw Fault(concat("the process has ", std::max(during, after) - before,
                     " thread more after loading, creating and calling it; expected none"));
}

void files(const Examination& examination) {
  const char* const folder = "/proc/self/fd";
  examination.load();  // the host's own files are open now
  const std::size_t before = entries_of(folder);
  live_once(examination, [] {});
  const std::size_t after = entries_of(folder);
  if (after > before)
    throw Fault(concat("it leaves ", after - before, " files open after it was unloaded"));
}

void created(const Examination& examination) {
  const Part part = examination.load();
  std::string config;
  try {
    config = complete_config(part, examination.config);
  } catch (const Error& error) {
    throw Fault(
        concat("its schema refuses the configuration ", examination.config, ": ", error.what()),
        "give every property a default, or name a configuration with --config.");
  }
  const Specimen first(part, config, wires_of(part, config, true), DType::float32);
  { const Specimen second(part, config, wires_of(part, config, true), DType::float32); }
  const Specimen third(part, config, wires_of(part, config, false), DType::float32);
}

void call(const Examination& examination) {
  Subject subject = find_subject(examination);
  const GradMode off(false);
  run(subject, subject.specimen, to_tensors(subject.draw(1)));
}

void refuses(const Examination& examination) {
  const Part part = examination.load();
  for (const std::string config : {R"({"dim": )", R"([1, 2])", R"({"\u0000": 1e999})", ""}) {
    weft_context_s context;
    context.wires_unless_named = 1;
    void* self = nullptr;
    const Outcome outcome = attempt(at(part, "create"), [&] {
      return part.component->create(&context, config.data(), config.size(), &self);
    });
    if (outcome.status != WEFT_OK) expect_refusal(outcome, concat("the configuration ", config));
    if (outcome.status == WEFT_OK)
      attempt(at(part, "destroy"), [&] {
        part.component->destroy(self);
        return WEFT_OK;
      });
  }
}

void out_of_order(const Examination& examination) {
  const Part part = examination.load();
  const weft_component& component = *part.component;
  attempt(at(part, "destroy(null)"), [&] {
    component.destroy(nullptr);
    return WEFT_OK;
  });
  const std::string config = complete_config(part, examination.config);
  expect_refusal(attempt(at(part, "create without a context"),
                         [&] {
                           void* self = nullptr;
                           return component.create(nullptr, config.data(), config.size(), &self);
                         }),
                 "create without a context");
  weft_context_s context;
  context.wired = wires_of(part, config, true);
  void* self = nullptr;
  const Outcome created = attempt(at(part, "create"), [&] {
    return component.create(&context, config.data(), config.size(), &self);
  });
  if (created.status != WEFT_OK) throw Fault(created.reason);
  if (self == nullptr)
    throw NotApplicable("its instances are null pointers, as the contract allows");
  attempt(at(part, "destroy"), [&] {
    component.destroy(self);
    return WEFT_OK;
  });
  const weft_call call{};
  expect_refusal(
      attempt(at(part, "call without an instance"), [&] { return component.call(nullptr, &call); }),
      "call without an instance");
  if (component.infer != nullptr)
    expect_refusal(attempt(at(part, "infer without an instance"),
                           [&] {
                             const std::uint32_t counts[16] = {};
                             weft_spec specs[16] = {};
                             return component.infer(nullptr, specs, counts, specs);
                           }),
                   "infer without an instance");
  const void* table = nullptr;
  if (component.get_extension != nullptr)
    attempt(at(part, "get_extension without an instance"), [&] {
      table = component.get_extension(nullptr, WEFT_AUTOREGRESSIVE);
      return WEFT_OK;
    });
  if (table != nullptr) throw Fault("get_extension without an instance gave a table");
}

}  // namespace

std::vector<Test> life_cycle_tests() {
  return {
      {"entered_again", 3, false, "loads", "abi.h, weft_entry",
       "return the address of one static descriptor, however often it is asked for.",
       entered_again},
      {"reloads", 3, false, "loads", "abi.h, weft_entry",
       "compile with -fno-gnu-unique, join every thread and unregister every callback in deinit.",
       reloads},
      {"created", 3, true, "loads", "abi.h, weft_component",
       "mend create(): it must work for the defaults of its own schema.", created},
      {"refuses", 3, true, "loads", "abi.h, weft_component",
       "return a failing status and set the error text.", refuses},
      {"out_of_order", 3, true, "created", "abi.h, weft_component",
       "test the pointers before they are used and return WEFT_INVALID.", out_of_order},
      {"call", 3, true, "created", "abi.h, weft_component",
       "mend call(): it must accept what its ports declare.", call},
      {"threads", 3, true, "call", "abi.h, weft_entry",
       "compute in the calling thread; the host's operations are parallel already.", threads},
      {"files", 3, true, "call", "abi.h, weft_component",
       "close in destroy() or deinit() what was opened.", files},
  };
}

}  // namespace weft::host
