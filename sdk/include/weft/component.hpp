// SPDX-License-Identifier: Apache-2.0
/// The base classes of parts. A part is one class:
///
///   class Gate final : public Fusion {
///    public:
///     static constexpr Identity identity{"acme/fusion.gate", "1.0.0", "One sentence."};
///     struct Config { std::int64_t dim = 64; void describe(Fields& fields); };
///     static void ports(Ports& ports, const Config& config);
///     Gate(const Config& config, const Parameters& parameters);  // declares them, may reject()
///     Outputs forward(const Inputs& in) const override;
///   };
///   WEFT_PLUGIN(Gate)
///
/// A part keeps no tensor between calls and draws random numbers only through dropout().

#pragma once

#include <weft/config.hpp>
#include <weft/ops.hpp>
#include <weft/parameters.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  struct Identity {
    const char* id;                   // "[vendor/]kind.name"; no vendor means weft
    const char* version;              // semantic version of the part
    const char* summary;              // one sentence
    std::uint32_t state_version = 1;  // raise it when parameter names or shapes change
  };

  /// The tensors of one call, by port name.
  class Inputs {
   public:
    Inputs(const Ports& ports, const weft_call& call) : ports_(ports), call_(call) {}

    /// Absent if the port is not wired.
    Tensor operator[](std::string_view port) const {
      const auto [first, count] = range(port);
      return count == 0 ? Tensor() : Tensor::borrow(call_.in[first]);
    }
    /// All wires of a list port; a mask list holds absent tensors where a stream has no mask, and
    /// is as long as `like` if the port is not wired at all.
    std::vector<Tensor> list(std::string_view port, std::size_t like = 0) const {
      const auto [first, count] = range(port);
      std::vector<Tensor> tensors;
      for (std::size_t i = 0; i < count; ++i)
        tensors.push_back(Tensor::borrow(call_.in[first + i]));
      if (tensors.empty()) tensors.resize(like);
      return tensors;
    }
    /// Whether something reads an output of Ports::on_demand_output(); only then does forward()
    /// return it.
    bool wants(std::string_view port) const {
      if (!WEFT_HAS(&call_, wanted) || call_.wanted == nullptr) return false;
      for (std::size_t i = 0; i < ports_.outputs().size(); ++i)
        if (ports_.outputs()[i].name == port) return call_.wanted[i] != 0;
      return false;  // this host has no outputs on demand
    }

   private:
    std::pair<std::size_t, std::size_t> range(std::string_view port) const {
      std::size_t first = 0;
      for (std::size_t i = 0; i < ports_.inputs().size(); ++i) {
        if (ports_.inputs()[i].name == port) return {first, call_.in_count[i]};
        first += call_.in_count[i];
      }
      throw Error(WEFT_NOT_FOUND, "the part reads an input port \"" + std::string(port) +
                                      "\" that it did not declare");
    }

    const Ports& ports_;
    const weft_call& call_;
  };

  /// What forward() returns: {{"tokens", tensor}, …}, one entry for each output port; for those on
  /// demand where they are wanted.
  class Outputs : public std::vector<std::pair<std::string_view, Tensor>> {
   public:
    struct Output {
      std::string_view port;
      mutable Tensor tensor;
    };
    Outputs() = default;
    /// Moves the tensors. A vector copies those in its braces, which costs two calls of the host
    /// for each; and libc++ before 15 loses the copies that it made when a later one fails.
    Outputs(std::initializer_list<Output> outputs) {
      reserve(outputs.size());
      for (const Output& output : outputs) emplace_back(output.port, std::move(output.tensor));
    }
  };

  /// Shapes at check time, before any tensor exists. Output sizes that follow from the port shapes
  /// are already there; infer() sets the others.
  class Shapes {
   public:
    Shapes(const Ports& ports, const weft_spec* in, const std::uint32_t* in_count, weft_spec* out)
        : ports_(ports), in_(in), in_count_(in_count), out_(out) {}

    /// Shapes of all wires of an input port.
    std::vector<Sizes> inputs(std::string_view port) const {
      std::size_t first = 0;
      for (std::size_t i = 0; i < ports_.inputs().size(); first += in_count_[i++]) {
        if (ports_.inputs()[i].name != port) continue;
        std::vector<Sizes> shapes;
        for (std::size_t j = 0; j < in_count_[i]; ++j)
          shapes.emplace_back(in_[first + j].sizes, in_[first + j].sizes + in_[first + j].ndim);
        return shapes;
      }
      throw Error(WEFT_NOT_FOUND, "no input port \"" + std::string(port) + "\"");
    }
    /// Shape of the only wire of an input port.
    Sizes input(std::string_view port) const { return inputs(port).at(0); }
    /// Sets one size of an output port; `axis` counts from 0.
    void set(std::string_view port, std::size_t axis, std::int64_t size) {
      for (std::size_t i = 0; i < ports_.outputs().size(); ++i)
        if (ports_.outputs()[i].name == port) out_[i].sizes[axis] = size;
    }

   private:
    const Ports& ports_;
    const weft_spec* in_;
    const std::uint32_t* in_count_;
    weft_spec* out_;
  };

  /// What all kinds share.
  class Component {
   public:
    Component() = default;
    Component(const Component&) = delete;
    Component& operator=(const Component&) = delete;
    virtual ~Component() = default;

    virtual Outputs forward(const Inputs& in) const = 0;
    /// Sets the output sizes that the port shapes leave open.
    virtual void infer(Shapes&) const {}
    /// A table of an extension, or null.
    virtual const void* extension(std::string_view) const { return nullptr; }
  };

  /// Turns a batch's raw input into tokens [B, N, D], and often one vector [B, D].
  class Encoder : public Component {
   public:
    static constexpr std::uint32_t kind = WEFT_KIND_ENCODER;
  };
  /// Turns the token streams of several encoders into one.
  class Fusion : public Component {
   public:
    static constexpr std::uint32_t kind = WEFT_KIND_FUSION;
  };
  /// Works on the fused tokens: the state that decoders read.
  class Reasoning : public Component {
   public:
    static constexpr std::uint32_t kind = WEFT_KIND_REASONING;
  };
  /// Turns the reasoning state into an answer: class scores, the next token, pixels.
  class Decoder : public Component {
   public:
    static constexpr std::uint32_t kind = WEFT_KIND_DECODER;
  };

  /// Turns any tensors into others: gates, projections, scales of gradients. Its ABI is 0.10.
  class Function : public Component {
   public:
    static constexpr std::uint32_t kind = WEFT_KIND_FUNCTION;
  };

  /// forward() returns {"loss", sum over the counted items}.
  /// The host divides by the weights of the whole step, so micro-batches add up to exactly the
  /// large batch.
  class Loss : public Component {
   public:
    static constexpr std::uint32_t kind = WEFT_KIND_LOSS;
    /// How many items (tokens, rows) the loss sums over: a scalar that depends only on inputs from
    /// the batch.
    virtual Tensor weight(const Inputs& in) const = 0;
  };

  /// A metric's accumulators during a call. The host sees new values only when the whole call has
  /// succeeded.
  class State {
   public:
    State(const States& states, const weft_call& call)
        : states_(states), call_(call), changed_(states.names().size()) {}
    /// The value so far; valid until the state is set.
    Tensor operator[](std::string_view name) const {
      const std::size_t at = slot(name);
      return Tensor::borrow(changed_[at] ? changed_[at].handle() : call_.states[at]);
    }
    /// Replaces the value: same element type, and same sizes but for the first of rows().
    void set(std::string_view name, Tensor value) {
      changed_[slot(name)] = Tensor::own(value.give());
    }
    /// state += value, converted to float64.
    template <class...>
    void add(std::string_view name, const Tensor& value) {
      set(name, (*this)[name] + value.to(WEFT_DTYPE_FLOAT64));
    }

    /// Hands the new values to the host; for the SDK, at the end of a call.
    void write() {
      for (std::size_t i = 0; i < changed_.size(); ++i)
        if (changed_[i]) call_.states[i] = changed_[i].give();
    }

   private:
    std::size_t slot(std::string_view name) const {
      for (std::size_t i = 0; i < states_.names().size(); ++i)
        if (states_.names()[i] == name) return i;
      throw Error(WEFT_NOT_FOUND, "no state \"" + std::string(name) + "\"");
    }
    const States& states_;
    const weft_call& call_;
    std::vector<Tensor> changed_;
  };

  /// Adds batches up in states and turns those into numbers.
  class Metric {
   public:
    static constexpr std::uint32_t kind = WEFT_KIND_METRIC;
    Metric() = default;
    Metric(const Metric&) = delete;
    Metric& operator=(const Metric&) = delete;
    virtual ~Metric() = default;

    virtual void update(const Inputs& in, State& state) const = 0;
    /// One scalar for each output port.
    virtual Outputs compute(const State& state) const = 0;
  };

}  // namespace weft
