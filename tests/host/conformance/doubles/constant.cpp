// SPDX-License-Identifier: Apache-2.0
// Learned tokens: a part without input ports, through the C++ layer. It is good.
#include <weft/plugin.hpp>

namespace weft {
namespace {

class Prompt final : public Encoder {
 public:
  static constexpr Identity identity{"tests/encoder.constant", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.output("tokens", "[3, 4]", "Learned tokens.");
  }
  Prompt(const Config&, const Parameters& parameters)
      : tokens_(parameters.add("tokens", {3, 4}, Init::normal(1.0))) {}

  Outputs forward(const Inputs&) const override { return {{"tokens", tokens_.tensor() * 1.0}}; }

 private:
  Parameter tokens_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Prompt)
