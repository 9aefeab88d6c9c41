// SPDX-License-Identifier: Apache-2.0
/// Declaring ports, parameters, buffers and states, and reaching the host's tensors for them within
/// a call.

#pragma once

#include <weft/drafts.h>
#include <weft/tensor.hpp>

#include <cmath>
#include <functional>

namespace weft __attribute__((visibility("hidden"))) {

  /// How the host fills a new parameter, from its own seed and the parameter's path alone.
  struct Init {
    std::uint32_t kind = WEFT_INIT_ZEROS;
    double a = 0.0, b = 0.0;
    bool by_fan = false;  // a and b are divided by √fan_in

    static Init zeros() { return {}; }
    static Init constant(double value) { return {WEFT_INIT_CONSTANT, value, 0.0}; }
    static Init normal(double deviation) { return {WEFT_INIT_NORMAL, 0.0, deviation}; }
    static Init truncated_normal(double deviation) {
      return {WEFT_INIT_TRUNCATED_NORMAL, 0.0, deviation};
    }
    static Init uniform(double bound) { return {WEFT_INIT_UNIFORM, -bound, bound}; }
    /// U(−a, a) with a = √(6 / (fan_in + fan_out)); Glorot and Bengio 2010.
    static Init xavier() { return {WEFT_INIT_XAVIER_UNIFORM, 1.0, 0.0}; }
    /// U(−a, a) with a = gain √(3 / fan_in), so that the variance is gain² / fan_in; fan_in is the
    /// product of all sizes but the first. The gain √2 keeps the variance through relu; He et al.
    /// 2015, arXiv:1502.01852. It needs two axes or more.
    static Init kaiming(double gain = 1.4142135623730951) {
      const double bound = gain * 1.7320508075688772;
      return {WEFT_INIT_UNIFORM, -bound, bound, true};
    }
    /// N(0, gain² / fan_in), otherwise as kaiming().
    static Init kaiming_normal(double gain = 1.4142135623730951) {
      return {WEFT_INIT_NORMAL, 0.0, gain, true};
    }
    /// gain times a matrix [first size, product of the others] whose rows, or columns where those
    /// are fewer, are orthonormal; Saxe et al. 2013, arXiv:1312.6120. It needs two axes or more,
    /// and a host that has the draft WEFT_DRAFT_ORTHOGONAL; another refuses the part with a
    /// sentence.
    static Init orthogonal(double gain = 1.0) { return {WEFT_INIT_ORTHOGONAL, gain, 0.0}; }
  };

  /// A trainable parameter of the component; converts to the tensor that the present call received
  /// for it.
  class Parameter {
   public:
    Parameter() = default;
    Tensor tensor() const {
      return slot_ == absent ? Tensor() : Tensor::borrow(detail::current_call->parameters[slot_]);
    }
    operator Tensor() const { return tensor(); }

   private:
    friend class Parameters;
    static constexpr std::uint32_t absent = 0xffffffffu;
    explicit Parameter(std::uint32_t slot) : slot_(slot) {}
    std::uint32_t slot_ = absent;
  };

  /// A tensor that is saved with the component but not trained, such as a running mean.
  class Buffer {
   public:
    Buffer() = default;
    Tensor tensor() const { return Tensor::borrow(detail::current_call->buffers[slot_]); }
    operator Tensor() const { return tensor(); }
    /// Its new value, of the same sizes; within a function of Parameters::after_step() only.
    template <class...>
    void set(const Tensor& value) const {
      if (detail::current_call->role != WEFT_ROLE_STEP)
        throw Error(WEFT_INVALID, "a buffer is set after a step of the optimiser only");
      Tensor converted = value.to(tensor().dtype());
      weft_tensor& place = detail::current_call->out[slot_];
      if (place != nullptr) detail::host->tensor->release(place);
      place = converted.give();
    }

   private:
    friend class Parameters;
    explicit Buffer(std::uint32_t slot) : slot_(slot) {}
    std::uint32_t slot_ = 0;
  };

  namespace detail {

  /// What the call in progress wrote to its states, by slot; absent where it wrote nothing.
  inline thread_local std::vector<Tensor>* changed_states = nullptr;

  using AfterStep = std::vector<std::function<void()>>;

  }  // namespace detail

  /// A sum over all micro-batches and ranks of a step of the optimiser, float64. Calls in training
  /// add to it; after the step a function of Parameters::after_step() makes buffers of it, and it
  /// begins anew. So statistics are the same however a step is cut into pieces.
  class Accumulator {
   public:
    Accumulator() = default;
    Tensor tensor() const {
      const std::vector<Tensor>& changed = *detail::changed_states;
      const bool is_changed = slot_ < changed.size() && changed[slot_];
      return Tensor::borrow(is_changed ? changed[slot_].handle()
                                       : detail::current_call->states[slot_]);
    }
    operator Tensor() const { return tensor(); }
    /// Adds `value`, converted; no gradient flows into it.
    template <class...>
    void add(const Tensor& value) const {
      const Tensor converted = value.to(WEFT_DTYPE_FLOAT64);
      weft_tensor sum = nullptr;
      detail::check(detail::host->op->add(tensor().handle(), converted.handle(), 1.0, &sum));
      std::vector<Tensor>& changed = *detail::changed_states;
      if (changed.size() <= slot_) changed.resize(slot_ + 1);
      changed[slot_] = Tensor::own(sum);
    }

   private:
    friend class Parameters;
    explicit Accumulator(std::uint32_t slot) : slot_(slot) {}
    std::uint32_t slot_ = 0;
  };

  /// Declares the parameters and buffers of a component, in its constructor. Names join with dots:
  /// `in("attention")` gives a view whose `add("w_q", …)` declares "attention.w_q".
  class Parameters {
   public:
    explicit Parameters(weft_context context, detail::AfterStep* after_step = nullptr)
        : context_(context), after_step_(after_step) {}

    /// The same declarations under `name.`.
    Parameters in(const std::string& name) const {
      Parameters inner = *this;
      inner.prefix_ += name + ".";
      return inner;
    }
    /// The same declarations as those of a layer, from 1 at the input: learning rates that fall
    /// from layer to layer go by it. A host of ABI 0.9 goes by names.
    Parameters at_layer(std::uint32_t layer) const {
      Parameters inner = *this;
      inner.layer_ = layer;
      return inner;
    }

    /// A matrix or other weight, subject to weight decay.
    Parameter add(const std::string& name, const Sizes& sizes, Init init) const {
      return declare(name, sizes, init, 0);
    }
    /// A bias, norm or embedding, which weight decay leaves alone.
    Parameter add_without_decay(const std::string& name, const Sizes& sizes, Init init) const {
      return declare(name, sizes, init, WEFT_PARAMETER_NO_DECAY);
    }
    /// A tensor that is saved but not trained.
    Buffer buffer(const std::string& name, const Sizes& sizes, Init init) const {
      const std::string path = prefix_ + name;
      const weft_parameter declared = describe(path, sizes, init, 0);
      std::uint32_t slot = 0;
      detail::check(detail::host->core->declare_buffer(context_, &declared, &slot));
      return Buffer(slot);
    }

    /// Whether the host offers accumulator() and after_step(): ABI 0.10.
    static bool has_steps() { return detail::host->abi_minor >= 10; }
    /// A sum over a step of the optimiser; see Accumulator.
    Accumulator accumulator(const std::string& name, const Sizes& sizes) const {
      const std::string path = prefix_ + name;
      if (!has_steps())
        throw Error(WEFT_UNSUPPORTED,
                    "state \"" + path +
                        "\": this host offers ABI 0.9, in which only metrics have "
                        "states. Use a host that offers 0.10.");
      weft_state state{};
      state.size = sizeof state;
      state.merge = WEFT_MERGE_SUM;
      state.name = path.c_str();
      state.sizes = sizes.data();
      state.ndim = static_cast<std::uint32_t>(sizes.size());
      state.dtype = WEFT_DTYPE_FLOAT64;
      std::uint32_t slot = 0;
      detail::check(detail::host->core->declare_state(context_, &state, &slot));
      return Accumulator(slot);
    }
    /// Is called after every step of the optimiser that moved the part, to make new buffers of what
    /// was accumulated: Buffer::set(). It may capture the part; a block captures itself by value.
    void after_step(std::function<void()> function) const {
      if (after_step_ != nullptr) after_step_->push_back(std::move(function));
    }

    /// Says that an output row depends on other rows of the batch.
    void couples_samples() const {
      detail::check(detail::host->core->declare_traits(context_, WEFT_COUPLES_SAMPLES));
    }
    /// Says that in a sequence the part takes the new tokens alone, or as a function looks at each
    /// position by itself: WEFT_INCREMENTAL.
    void incremental() const {
      if (caches_api() != nullptr)
        detail::check(detail::host->core->declare_traits(context_, WEFT_INCREMENTAL));
    }
    /// The slot of a new cache; see Cache. 0 where the host does not know caches.
    std::uint32_t cache(const std::string& name, std::uint32_t kind, std::uint32_t axis) const {
      const std::string path = prefix_ + name;
      const weft_cache declared = {sizeof declared, kind, path.c_str(), axis, 0};
      std::uint32_t slot = 0;
      if (const weft_caches_api* const api = caches_api())
        detail::check(api->declare_cache(context_, &declared, &slot));
      return slot;
    }
    /// How many wires the recipe gives to an input port.
    std::int64_t wired(const char* port) const {
      std::uint32_t count = 0;
      detail::check(detail::host->core->wired(context_, port, &count));
      return count;
    }

   private:
    static const weft_caches_api* caches_api() {
      return static_cast<const weft_caches_api*>(
          detail::host->core->get_extension(WEFT_DRAFT_CACHES));
    }
    static double fan_in(const std::string& path, const Sizes& sizes) {
      if (sizes.size() < 2)
        throw Error(WEFT_INVALID, "parameter \"" + path +
                                      "\": Kaiming initialisation needs two axes or more, it has " +
                                      std::to_string(sizes.size()));
      double fan = 1.0;
      for (std::size_t i = 1; i < sizes.size(); ++i) fan *= static_cast<double>(sizes[i]);
      return fan > 1.0 ? fan : 1.0;
    }
    weft_parameter describe(const std::string& path, const Sizes& sizes, Init init,
                            std::uint32_t flags) const {
      weft_parameter parameter{};
      parameter.size = sizeof parameter;
      parameter.flags = flags;
      parameter.name = path.c_str();
      parameter.sizes = sizes.data();
      parameter.ndim = static_cast<std::uint32_t>(sizes.size());
      const double scale = init.by_fan ? 1.0 / std::sqrt(fan_in(path, sizes)) : 1.0;
      if (init.kind == WEFT_INIT_ORTHOGONAL &&
          detail::host->core->get_extension(WEFT_DRAFT_ORTHOGONAL) == nullptr)
        throw Error(WEFT_UNSUPPORTED, "parameter \"" + path +
                                          "\": this host has no orthogonal initialisation. Use a "
                                          "newer Weft, or another initialisation.");
      parameter.init = init.kind;
      parameter.a = init.a * scale;
      parameter.b = init.b * scale;
      parameter.layer = layer_;
      return parameter;
    }
    Parameter declare(const std::string& name, const Sizes& sizes, Init init,
                      std::uint32_t flags) const {
      const std::string path = prefix_ + name;
      const weft_parameter declared = describe(path, sizes, init, flags);
      std::uint32_t slot = 0;
      detail::check(detail::host->core->declare_parameter(context_, &declared, &slot));
      return Parameter(slot);
    }

    weft_context context_;
    detail::AfterStep* after_step_;
    std::string prefix_;
    std::uint32_t layer_ = 0;
  };

  /// Declares the ports of a component. Shapes are written "[B, N, D]": symbols are unified by the
  /// host over all ports; `size("D", 64)` fixes one. In a list port a symbol ending in `*` may
  /// differ from wire to wire; `...` in first place stands for any leading axes.
  class Ports {
   public:
    explicit Ports(weft_context context) : context_(context) {}

    /// Fixes a symbol of the port shapes: size("D", config.dim).
    void size(const char* symbol, std::int64_t value) {
      detail::check(detail::host->core->declare_size(context_, symbol, value));
    }

    /// One wire that must be there. `shape`: sizes by number or symbol, "[B, N, D]"; `doc`: what it
    /// is, for `weft check`; `dtypes`: a mask of WEFT_DTYPES_….
    void input(const char* name, const char* shape, const char* doc,
               std::uint32_t dtypes = WEFT_DTYPES_FLOAT) {
      add(WEFT_PORT_INPUT, 0, dtypes, name, shape, doc, nullptr);
    }
    /// One wire or none; absent, the tensor is empty.
    void optional_input(const char* name, const char* shape, const char* doc,
                        std::uint32_t dtypes = WEFT_DTYPES_FLOAT) {
      add(WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, dtypes, name, shape, doc, nullptr);
    }
    /// One or more wires.
    void input_list(const char* name, const char* shape, const char* doc,
                    std::uint32_t dtypes = WEFT_DTYPES_FLOAT) {
      add(WEFT_PORT_INPUT, WEFT_PORT_LIST, dtypes, name, shape, doc, nullptr);
    }
    /// Any number of wires, none included.
    void optional_input_list(const char* name, const char* shape, const char* doc,
                             std::uint32_t dtypes = WEFT_DTYPES_FLOAT) {
      add(WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL | WEFT_PORT_LIST, dtypes, name, shape, doc, nullptr);
    }
    /// The padding mask of an input or input list: bool, true = real. Arrives by itself when the
    /// stream has one.
    void mask_input(const char* name, const char* shape, const char* mask_of) {
      add(WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL, name, shape,
          "Padding mask: true = real.", mask_of);
    }
    void mask_input_list(const char* name, const char* shape, const char* mask_of) {
      add(WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL | WEFT_PORT_LIST, WEFT_DTYPES_BOOL, name, shape,
          "Padding masks, one for each stream.", mask_of);
    }
    /// [B] bool: false where the sample lacks anything that the part reads, so that its row must
    /// not count. Arrives by itself where a field is optional. The port NAME_present does the same
    /// for the port NAME alone.
    void present_input(const char* name = "present") {
      optional_input(name, "[B]", "False: the sample lacks it, and its row does not count.",
                     WEFT_DTYPES_BOOL);
    }
    /// A tensor that forward() returns under this name.
    void output(const char* name, const char* shape, const char* doc,
                std::uint32_t dtypes = WEFT_DTYPES_FLOAT) {
      add(WEFT_PORT_OUTPUT, 0, dtypes, name, shape, doc, nullptr);
    }
    /// A tensor that forward() returns only where Inputs::wants() says so: the weights of an
    /// attention, the values of a gate. It costs nothing unless something reads it. A host of ABI
    /// 0.9 has no such ports: there is none, and nobody wants it.
    void on_demand_output(const char* name, const char* shape, const char* doc,
                          std::uint32_t dtypes = WEFT_DTYPES_FLOAT) {
      if (detail::host->abi_minor >= 10)
        add(WEFT_PORT_OUTPUT, WEFT_PORT_ON_DEMAND, dtypes, name, shape, doc, nullptr);
    }
    /// The padding mask of an output, which then travels with it.
    void mask_output(const char* name, const char* shape, const char* mask_of) {
      add(WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_BOOL, name, shape, "Padding mask: true = real.",
          mask_of);
    }

    struct Named {
      std::string name;
      bool list;
    };
    /// In the order of declaration, which is the order of the tensors in a call.
    const std::vector<Named>& inputs() const { return inputs_; }
    const std::vector<Named>& outputs() const { return outputs_; }

   private:
    void add(std::uint32_t direction, std::uint32_t flags, std::uint32_t dtypes, const char* name,
             const char* shape, const char* doc, const char* mask_of) {
      weft_port port{};
      port.size = sizeof port;
      port.direction = direction;
      port.flags = flags;
      port.dtypes = dtypes;
      port.name = name;
      port.shape = shape;
      port.doc = doc;
      port.mask_of = mask_of;
      detail::check(detail::host->core->declare_port(context_, &port));
      (direction == WEFT_PORT_INPUT ? inputs_ : outputs_)
          .push_back({name, (flags & WEFT_PORT_LIST) != 0});
    }

    weft_context context_;
    std::vector<Named> inputs_, outputs_;
  };

  /// Declares a metric's accumulators: float64, reset and merged by the host. Each function names
  /// how two of them become one.
  class States {
   public:
    explicit States(weft_context context) : context_(context) {}

    /// a + b, 0 at first.
    void sum(const char* name, const Sizes& sizes = {}) { add(name, sizes, WEFT_MERGE_SUM, 0.0); }
    /// The larger of a and b, element by element.
    void max(const char* name, const Sizes& sizes, double initial) {
      add(name, sizes, WEFT_MERGE_MAX, initial);
    }
    /// The smaller of a and b, element by element.
    void min(const char* name, const Sizes& sizes, double initial) {
      add(name, sizes, WEFT_MERGE_MIN, initial);
    }
    /// Rows of the given sizes, none at first: what batches append stands one below the other.
    void rows(const char* name, const Sizes& row) {
      Sizes sizes{0};
      sizes.insert(sizes.end(), row.begin(), row.end());
      add(name, sizes, WEFT_MERGE_CONCAT, 0.0);
    }

    const std::vector<std::string>& names() const { return names_; }

   private:
    void add(const char* name, const Sizes& sizes, std::uint32_t merge, double initial) {
      weft_state state{};
      state.size = sizeof state;
      state.merge = merge;
      state.name = name;
      state.sizes = sizes.data();
      state.ndim = static_cast<std::uint32_t>(sizes.size());
      state.dtype = WEFT_DTYPE_FLOAT64;
      state.initial = initial;
      std::uint32_t slot = 0;
      detail::check(detail::host->core->declare_state(context_, &state, &slot));
      names_.push_back(name);
    }

    weft_context context_;
    std::vector<std::string> names_;
  };

}  // namespace weft
