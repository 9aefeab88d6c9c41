// SPDX-License-Identifier: Apache-2.0
/// Level 3: the life of a plug-in, in order and out of order.

#include <dlfcn.h>

#include <algorithm>
#include <array>
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
#include "host/registry/part_id.hpp"

namespace weft::host {
namespace {

Entry at(const Part& part, const char* entry) {
  return {part.library->name().c_str(), part.component ? part.component->id : nullptr, nullptr,
          entry};
}

std::string status_name(weft_status status) {
  constexpr std::array names = {"WEFT_OK",          "WEFT_INVALID", "WEFT_NOT_FOUND",
                                "WEFT_TYPE",        "WEFT_INDEX",   "WEFT_NO_MEMORY",
                                "WEFT_UNSUPPORTED", "WEFT_FAILED",  "WEFT_INTERNAL"};
  const auto known = static_cast<std::size_t>(status);  // a negative one is large here
  return known < names.size() ? names.at(known) : concat("the unknown status ", status);
}

void expect_status(const Outcome& outcome, weft_status expected, const std::string& what) {
  if (outcome.status != expected)
    throw Fault(concat(what, " was answered with ", status_name(outcome.status), "; expected ",
                       status_name(expected)));
}

/// A failed status must come with a text.
void expect_reason(const Outcome& outcome, const std::string& what) {
  if (outcome.reason.starts_with("it failed without giving a reason"))
    throw Fault(concat(what, " was refused, but ", outcome.reason),
                "call core->error_set with a sentence before returning the status.");
  if (outcome.reason.starts_with("an exception crossed"))
    throw Fault(concat(what, ": ", outcome.reason), "catch every exception before it leaves.");
}

/// What this host offers to the entry of a library.
weft_host described_host() {
  const HostTables tables = engine_tables();
  return {sizeof(weft_host), WEFT_ABI_MAJOR, WEFT_ABI_MINOR,  0, core_api(), tables.tensor,
          tables.op,         tables.grad,    tables.migration};
}

void entered_again(const Examination& examination) {
  const weft_host host = described_host();  // outlives the library, which may keep it
  const Part part = examination.load();
  void* const shared = ::dlopen(std::filesystem::absolute(examination.file).c_str(),
                                RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  const auto entry =
      shared ? reinterpret_cast<weft_entry>(::dlsym(shared, WEFT_ENTRY_NAME)) : nullptr;
  if (entry == nullptr) throw Fault("the loaded library cannot be found again");
  const weft_plugin* plugin = nullptr;
  const Outcome outcome = attempt(at(part, WEFT_ENTRY_NAME), [&] { return entry(&host, &plugin); });
  if (outcome.status != WEFT_OK)
    throw Fault(concat(WEFT_ENTRY_NAME " failed when it was called again: ", outcome.reason));
  check_descriptor(plugin, examination.file.filename().string());
  if (plugin != &part.library->plugin())
    throw Fault(WEFT_ENTRY_NAME " gave another descriptor when it was called again");

  weft_host stranger = host;
  stranger.abi_major = WEFT_ABI_MAJOR + 1;
  const weft_plugin* untouched = nullptr;
  const struct {
    const char* what;
    const weft_host* host;
    const weft_plugin** out;
    weft_status expected;
  } refused[] = {
      {WEFT_ENTRY_NAME " with a null host", nullptr, &untouched, WEFT_INVALID},
      {WEFT_ENTRY_NAME " with a null place for the descriptor", &host, nullptr, WEFT_INVALID},
      {WEFT_ENTRY_NAME " with a host of another major version", &stranger, &untouched,
       WEFT_UNSUPPORTED},
  };
  for (const auto& one : refused) {
    expect_status(attempt(at(part, one.what), [&] { return entry(one.host, one.out); }),
                  one.expected, one.what);
    if (untouched != nullptr)
      throw Fault(concat(one.what, " was refused, but it wrote a descriptor"));
  }
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
  if (subject.refusal.empty()) return;
  std::vector<std::string> sizes;
  for (const auto& [symbol, size] : subject.sizing.symbols)
    sizes.push_back(concat(symbol, " ", size));
  throw Remark(concat("all tests use ", enumerate(sizes),
                      ", because the part refuses the sizes that are tried first: ",
                      subject.refusal, ". If it should take those, see --size."));
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
    context.open = false;
    if (outcome.status != WEFT_OK) expect_reason(outcome, concat("the configuration ", config));
    if (outcome.status == WEFT_OK)
      attempt(at(part, "destroy"), [&] {
        part.component->destroy(self);
        return WEFT_OK;
      });
  }
}

/// A component that is asked out of order.
struct Unordered {
  const std::string& file;
  const weft_component& component;
  const char* when;  ///< ends the sentences: "before init"
  bool has_host;     ///< so that it can give a reason

  template <class Work>
  void expect_invalid(const char* entry, Work&& work) const {
    const Outcome outcome = attempt(Entry{file.c_str(), component.id, nullptr, entry}, work);
    const std::string what = concat(entry, ", ", when, ",");
    expect_status(outcome, WEFT_INVALID, what);
    if (has_host) expect_reason(outcome, what);
  }
};

/// Everything without an instance. Where instances may be null pointers, null is one for call and
/// infer.
void ask_without_instance(const Unordered& part, bool null_is_instance) {
  const weft_component& component = part.component;
  const auto at = [&](const char* entry) {
    return Entry{part.file.c_str(), component.id, nullptr, entry};
  };
  weft_call call{};
  call.size = sizeof call;
  if (!null_is_instance)
    part.expect_invalid("call without an instance", [&] { return component.call(nullptr, &call); });
  if (!null_is_instance && component.infer != nullptr)
    part.expect_invalid("infer without an instance", [&] {
      const std::uint32_t counts[16] = {};
      weft_spec specs[16] = {};
      return component.infer(nullptr, specs, counts, specs);
    });
  if (WEFT_HAS(&component, migrate) && component.migrate != nullptr)
    part.expect_invalid("migrate without an instance and tensors",
                        [&] { return component.migrate(nullptr, 1, nullptr); });
  const void* table = nullptr;
  if (component.get_extension != nullptr && !null_is_instance)
    attempt(at("get_extension without an instance"), [&] {
      table = component.get_extension(nullptr, WEFT_AUTOREGRESSIVE);
      return WEFT_OK;
    });
  if (table != nullptr)
    throw Fault(concat("get_extension without an instance, ", part.when, ", gave a table"));
  attempt(at("destroy without an instance"), [&] {
    component.destroy(nullptr);
    return WEFT_OK;
  });
}

/// An instance as the host would make one.
void* create_one(const Part& part, const std::string& config, weft_context_s& context) {
  context.wired = wires_of(part, config, true);
  void* self = nullptr;
  const Outcome outcome = attempt(at(part, "create"), [&] {
    return part.component->create(&context, config.data(), config.size(), &self);
  });
  context.open = false;
  if (outcome.status != WEFT_OK) throw Fault(outcome.reason);
  return self;
}

void destroy_one(const Part& part, void* self) {
  attempt(at(part, "destroy"), [&] {
    part.component->destroy(self);
    return WEFT_OK;
  });
}

/// Whether the part keeps nothing, so that its instances are null pointers.
bool creates_null(const Examination& examination, const std::string& config) {
  const Part part = examination.load();
  weft_context_s context;
  void* const self = create_one(part, config, context);
  destroy_one(part, self);
  return self == nullptr;
}

void before_init(const Examination& examination) {
  const std::string config = complete_config(examination.load(), examination.config);
  const bool null_is_instance = creates_null(examination, config);
  static const weft_host host = described_host();
  void* const shared =
      ::dlopen(std::filesystem::absolute(examination.file).c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto entry =
      shared ? reinterpret_cast<weft_entry>(::dlsym(shared, WEFT_ENTRY_NAME)) : nullptr;
  const weft_plugin* plugin = nullptr;
  if (entry == nullptr || entry(&host, &plugin) != WEFT_OK)
    throw Fault("the library cannot be entered");
  if (plugin->init == nullptr) throw NotApplicable("its library has no init");
  const std::string file = examination.file.filename().string();
  for (std::uint32_t i = 0; i < plugin->n_components; ++i) {
    const weft_component& component = *plugin->components[i];
    if (PartId::parse(component.id)->text() != examination.part.id) continue;
    const Unordered part{file, component, "before init", false};
    ask_without_instance(part, null_is_instance);
    part.expect_invalid("create", [&] {
      weft_context_s context;
      void* self = nullptr;
      return component.create(&context, config.data(), config.size(), &self);
    });
  }
  ::dlclose(shared);
}

void out_of_order(const Examination& examination) {
  const std::string config = complete_config(examination.load(), examination.config);
  const bool null_is_instance = creates_null(examination, config);
  const Part part = examination.load();  // anew: nothing was created in it
  const weft_component& component = *part.component;
  const Unordered at_first{part.library->name(), component, "before create", true};
  ask_without_instance(at_first, null_is_instance);
  weft_context_s context;
  void* self = nullptr;
  at_first.expect_invalid("create without a context", [&] {
    return component.create(nullptr, config.data(), config.size(), &self);
  });
  at_first.expect_invalid("create without a configuration",
                          [&] { return component.create(&context, nullptr, 0, &self); });
  at_first.expect_invalid("create without a place for the instance", [&] {
    return component.create(&context, config.data(), config.size(), nullptr);
  });
  weft_context_s used;
  self = create_one(part, config, used);
  const Unordered alive{part.library->name(), component, "after create", true};
  alive.expect_invalid("call without a weft_call", [&] { return component.call(self, nullptr); });
  destroy_one(part, self);
  const Unordered at_last{part.library->name(), component, "after destroy", true};
  ask_without_instance(at_last, null_is_instance);
}

}  // namespace

std::vector<Test> life_cycle_tests() {
  return {
      {"entered_again", 3, false, "loads", "abi.h, weft_entry",
       "test both arguments and host->abi_major first, and give the address of one static "
       "descriptor, however often it is asked for.",
       entered_again},
      {"reloads", 3, false, "loads", "abi.h, weft_entry",
       "compile with -fno-gnu-unique, join every thread and unregister every callback in deinit.",
       reloads},
      {"created", 3, true, "loads", "abi.h, weft_component",
       "make create() work for the defaults of its schema, with any of the optional ports wired, "
       "and "
       "keep nothing that a second instance would share.",
       created},
      {"before_init", 3, true, "created", "abi.h, weft_plugin",
       "test for null what init() keeps before it is used, and return WEFT_INVALID.", before_init},
      {"refuses", 3, true, "loads", "abi.h, weft_component",
       "check that the configuration is a JSON object with the expected types before it is used.",
       refuses},
      {"out_of_order", 3, true, "created", "abi.h, weft_component",
       "test instance, context, configuration and result for null before they are used, and return "
       "WEFT_INVALID with a text.",
       out_of_order},
      {"call", 3, true, "created", "abi.h, weft_component",
       "find what call() relies on that its ports do not promise.", call},
      {"threads", 3, true, "call", "abi.h, weft_entry",
       "compute in the calling thread; the host's operations are parallel already.", threads},
      {"files", 3, true, "call", "abi.h, weft_component",
       "close in destroy() or deinit() what was opened.", files},
  };
}

}  // namespace weft::host
