// SPDX-License-Identifier: Apache-2.0
/// An encoder that says of which layers its parameters are, in names that say otherwise.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Layered final : public Encoder {
 public:
  static constexpr Identity identity{"test/encoder.layered", "1.0.0", "For tests of the host."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("tokens", "[B, N, D]", "Tokens.");
    ports.output("tokens", "[B, N, D]", "The same, scaled.");
  }
  Layered(const Config&, const Parameters& parameters)
      : deep_(parameters.at_layer(3).add("deep", {1}, Init::constant(1.0))),
        shallow_(parameters.at_layer(1).add("shallow", {1}, Init::constant(1.0))),
        bias_(parameters.add("shallow_bias", {1}, Init::zeros())),
        middle_(parameters.in("block_9").at_layer(2).add("middle", {1}, Init::constant(1.0))) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor scale = deep_.tensor() * shallow_.tensor() * middle_.tensor();
    return {{"tokens", in["tokens"] * scale + bias_.tensor()}};
  }

 private:
  Parameter deep_, shallow_, bias_, middle_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Layered)
