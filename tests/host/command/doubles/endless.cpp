// SPDX-License-Identifier: Apache-2.0
// A part whose creation has no end, or none in sight: it computes, or declares and does not listen.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Endless final : public Fusion {
 public:
  static constexpr Identity identity{"tests/fusion.endless", "1.0.0", "Begin and never end."};

  struct Config {
    bool compute = false;
    bool declare = false;
    void describe(Fields& fields) {
      fields.add("compute", compute, "Compute for ever.");
      fields.add("declare", declare, "Declare for ever.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("streams", "[B, N, D]", "What to pass on.");
    ports.output("tokens", "[B, N, D]", "The same.");
  }

  Endless(const Config& config, const Parameters& parameters) {
    volatile std::uint64_t count = 0;
    while (config.compute) count = count + 1;
    for (std::uint64_t i = 0; config.declare; ++i) {
      try {
        parameters.add("p" + std::to_string(i), {1}, Init::zeros());
      } catch (const Error&) {  // it does not listen
      }
    }
  }

  Outputs forward(const Inputs& in) const override { return {{"tokens", in["streams"] * 1.0}}; }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Endless)
