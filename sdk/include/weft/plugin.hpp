// SPDX-License-Identifier: Apache-2.0
/// Include this and write WEFT_PLUGIN(Part, …) once per library: it exports the entry point.

#pragma once

#include <weft/blocks.hpp>
#include <weft/component.hpp>
#include <weft/custom.hpp>
#include <weft/gradient.hpp>
#include <weft/migration.hpp>

#include <memory>
#include <type_traits>
#include <vector>

#ifndef WEFT_PLUGIN_VERSION
#define WEFT_PLUGIN_VERSION "0.0.0"
#endif
#ifndef WEFT_PLUGIN_VENDOR
#define WEFT_PLUGIN_VENDOR ""
#endif
#ifndef WEFT_PLUGIN_LICENSE
#define WEFT_PLUGIN_LICENSE ""
#endif

namespace weft __attribute__((visibility("hidden"))) {
  namespace detail {

  /// One created part with what it declared.
  template <class Part>
  struct Instance {
    Ports ports;
    States states;
    AfterStep after_step;
    std::unique_ptr<Part> part;
  };

  template <class Part>
  constexpr bool is_metric = Part::kind == WEFT_KIND_METRIC;

  /// Whether the part has a function migrate().
  template <class Part, class = void>
  constexpr bool migrates = false;
  template <class Part>
  constexpr bool migrates<Part, std::void_t<decltype(std::declval<const Part&>().migrate(
                                    1u, std::declval<Migration&>()))>> = true;

  /// Answers a host that skips a step of the life cycle.
  inline void require(bool given, const char* what) {
    if (!given) throw Error(WEFT_INVALID, std::string("it was called without ") + what);
  }

  /// Writes outputs into the call, by name: all of them, or none if anything is wrong.
  inline void write(Outputs&& outputs, const Ports& ports, const weft_call& call) {
    std::vector<Tensor> given(ports.outputs().size());
    for (auto& [name, tensor] : outputs) {
      std::size_t slot = 0;
      while (slot < given.size() && ports.outputs()[slot].name != name) ++slot;
      if (slot == given.size())
        throw Error(WEFT_NOT_FOUND, "the part returns \"" + std::string(name) +
                                        "\", which is none of its output ports");
      if (given[slot])
        throw Error(WEFT_FAILED, "the part returned \"" + std::string(name) + "\" twice");
      if (!tensor)
        throw Error(WEFT_FAILED, "the part returned no tensor for \"" + std::string(name) + "\"");
      given[slot] = Tensor::own(tensor.give());
    }
    for (std::size_t slot = 0; slot < given.size(); ++slot)
      if (given[slot]) call.out[slot] = given[slot].give();
  }

  /// Makes `call` the current one for the blocks, and the one before it again at the end.
  class CurrentCall {
   public:
    explicit CurrentCall(const weft_call& call)
        : before_(current_call), states_before_(changed_states) {
      current_call = &call;
      changed_states = &changed_;
    }
    ~CurrentCall() {
      current_call = before_;
      changed_states = states_before_;
    }
    /// Hands what was accumulated to the host, once the call has succeeded.
    void write_states() {
      for (std::size_t i = 0; i < changed_.size(); ++i)
        if (changed_[i]) current_call->states[i] = changed_[i].give();
    }
    CurrentCall(const CurrentCall&) = delete;
    CurrentCall& operator=(const CurrentCall&) = delete;

   private:
    const weft_call* before_;
    std::vector<Tensor>* states_before_;
    std::vector<Tensor> changed_;
  };

  /// The C functions of one part.
  template <class Part>
  struct Entry {
    using Config = typename Part::Config;

    static weft_status create(weft_context context, const char* json, std::uint64_t length,
                              void** self) {
      return guard([&] {
        require(context != nullptr && json != nullptr && self != nullptr, "a context");
        Config config;
        Fields fields(std::string_view(json, length));
        config.describe(fields);
        auto instance = std::make_unique<Instance<Part>>(
            Instance<Part>{Ports(context), States(context), {}, nullptr});
        Part::ports(instance->ports, config);
        if constexpr (is_metric<Part>) Part::states(instance->states, config);
        instance->part = std::make_unique<Part>(config, Parameters(context, &instance->after_step));
        *self = instance.release();
      });
    }
    static void destroy(void* self) { delete static_cast<Instance<Part>*>(self); }

    static weft_status infer(void* self, const weft_spec* in, const std::uint32_t* in_count,
                             weft_spec* out) {
      return guard([&] {
        require(self != nullptr && in_count != nullptr && out != nullptr, "an instance");
        const auto& instance = *static_cast<Instance<Part>*>(self);
        Shapes shapes(instance.ports, in, in_count, out);
        if constexpr (!is_metric<Part>) instance.part->infer(shapes);
      });
    }

    static weft_status call(void* self, const weft_call* call) {
      return guard([&] {
        require(self != nullptr && call != nullptr, "an instance");
        CurrentCall scope(*call);
        const auto& instance = *static_cast<Instance<Part>*>(self);
        run(instance, *call, Inputs(instance.ports, *call));
        scope.write_states();
      });
    }

    static weft_status migrate(void* self, std::uint32_t from, weft_migration saved) {
      return guard([&] {
        require(self != nullptr && saved != nullptr, "an instance");
        require(WEFT_HAS(host, migration) && host->migration != nullptr, "tables that compute");
        if constexpr (migrates<Part>) {
          Migration migration(saved);
          static_cast<Instance<Part>*>(self)->part->migrate(from, migration);
        }
      });
    }

    static const void* get_extension(void* self, const char* id) {
      if (self == nullptr || id == nullptr) return nullptr;
      const void* table = nullptr;
      if constexpr (!is_metric<Part>)
        guard([&] { table = static_cast<Instance<Part>*>(self)->part->extension(id); });
      return table;
    }

    static const weft_component* descriptor() {
      static const std::string schema = [] {
        Fields fields;
        Config config;
        config.describe(fields);
        return fields.schema();
      }();
      static const weft_component component = {sizeof(weft_component),
                                               Part::kind,
                                               Part::identity.id,
                                               Part::identity.version,
                                               Part::identity.summary,
                                               schema.c_str(),
                                               Part::identity.state_version,
                                               0,
                                               create,
                                               destroy,
                                               infer,
                                               call,
                                               get_extension,
                                               migrates<Part> ? migrate : nullptr};
      return &component;
    }

   private:
    static void run(const Instance<Part>& instance, const weft_call& call, const Inputs& in) {
      if constexpr (is_metric<Part>) {
        State state(instance.states, call);
        if (call.role == WEFT_ROLE_COMPUTE)
          return write(instance.part->compute(state), instance.ports, call);
        if (call.role == WEFT_ROLE_UPDATE) {
          instance.part->update(in, state);
          return state.write();
        }
      } else if (call.role == WEFT_ROLE_STEP) {
        for (const std::function<void()>& function : instance.after_step) function();
        return;
      } else if constexpr (Part::kind == WEFT_KIND_LOSS) {
        if (call.role == WEFT_ROLE_COUNT)
          return write({{"weight", instance.part->weight(in)}}, instance.ports, call);
        if (call.role == WEFT_ROLE_FORWARD) {
          Outputs outputs = instance.part->forward(in);
          outputs.emplace_back("weight", instance.part->weight(in));
          return write(std::move(outputs), instance.ports, call);
        }
      } else if (call.role == WEFT_ROLE_FORWARD) {
        return write(instance.part->forward(in), instance.ports, call);
      }
      throw Error(WEFT_UNSUPPORTED,
                  "role " + std::to_string(call.role) + " is not one this part knows");
    }
  };

  /// The lowest minor version of the ABI that has all this layer calls without asking. What came
  /// later is asked for with WEFT_HAS, so that a new SDK's plug-ins load in an older host.
  template <class... Parts>
  constexpr std::uint32_t lowest_abi_minor = ((Parts::kind == WEFT_KIND_FUNCTION) || ...) ? 10 : 9;

  /// The descriptor of a library with these parts.
  template <class... Parts>
  weft_status describe_plugin(const weft_host* given, const weft_plugin** out) noexcept {
    if (given == nullptr || out == nullptr || !WEFT_HAS(given, core) || given->core == nullptr)
      return WEFT_INVALID;
    if (given->abi_major != WEFT_ABI_MAJOR) return WEFT_UNSUPPORTED;
    host = given;
    return guard([&] {
      static const weft_component* const components[] = {Entry<Parts>::descriptor()...};
      static const weft_plugin plugin = {sizeof(weft_plugin),
                                         WEFT_ABI_MAJOR,
                                         lowest_abi_minor<Parts...>,
                                         sizeof...(Parts),
                                         components,
                                         Operation::first,
                                         WEFT_PLUGIN_VERSION,
                                         WEFT_PLUGIN_VENDOR,
                                         WEFT_PLUGIN_LICENSE,
                                         nullptr,
                                         nullptr};
      *out = &plugin;
    });
  }

  }  // namespace detail
}  // namespace weft

/// Exports the library's entry point with these parts.
#define WEFT_PLUGIN(...)                                                                          \
  WEFT_MANIFEST_NOTE                                                                              \
  extern "C" WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host* host, const weft_plugin** out) { \
    return ::weft::detail::describe_plugin<__VA_ARGS__>(host, out);                               \
  }
