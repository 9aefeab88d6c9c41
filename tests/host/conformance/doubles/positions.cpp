// SPDX-License-Identifier: Apache-2.0
// A function of each position by itself, and the deed that no such part may do.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Alone final : public Function {
 public:
  static constexpr Identity identity{"tests/function.positions", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.input("x", "[B, T, V]", "Logits.");
    ports.output("out", "[B, T, V]", "Twice as large.");
  }
  Alone(const Config&, const Parameters& parameters) { parameters.incremental(); }

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["x"];
    return {{"out", does("look_at_neighbours") ? x + mean(x, {1}, true) : 2.0 * x}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Alone)
