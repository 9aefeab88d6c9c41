// SPDX-License-Identifier: Apache-2.0
/// An encoder that says how often it was called, one with an optional context, and one with an
/// output on demand.

#include <weft/plugin.hpp>

namespace weft {
namespace {

/// tokens · 0 + n at its n-th call.
class Counter final : public Encoder {
 public:
  static constexpr Identity identity{"test/encoder.counter", "1.0.0", "For tests of the host."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("tokens", "[B, N, D]", "Tokens.");
    ports.output("tokens", "[B, N, D]", "How often it was called.");
  }
  Counter(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    return {{"tokens", in["tokens"] * 0.0 + static_cast<double>(++calls_)}};
  }

 private:
  mutable int calls_ = 0;
};

/// tokens + context.
class Context final : public Encoder {
 public:
  static constexpr Identity identity{"test/encoder.context", "1.0.0", "For tests of the host."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("tokens", "[B, N, D]", "Tokens.");
    ports.optional_input("context", "[B, N, D]", "What is added.");
    ports.output("tokens", "[B, N, D]", "Their sum.");
  }
  Context(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    return {{"tokens", in["context"] ? in["tokens"] + in["context"] : in["tokens"]}};
  }
};

/// On demand: how often that was asked for.
class OnDemand final : public Encoder {
 public:
  static constexpr Identity identity{"test/encoder.on_demand", "1.0.0", "For tests of the host."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("tokens", "[B, N, D]", "Tokens.");
    ports.output("tokens", "[B, N, D]", "The same.");
    ports.on_demand_output("map", "[B, N, D]", "How often it was asked for.");
  }
  OnDemand(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    Outputs out{{"tokens", in["tokens"] * 1.0}};
    if (in.wants("map"))
      out.emplace_back("map", in["tokens"] * 0.0 + static_cast<double>(++asked_));
    return out;
  }

 private:
  mutable int asked_ = 0;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Counter, weft::Context, weft::OnDemand)
