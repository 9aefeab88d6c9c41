// SPDX-License-Identifier: Apache-2.0
// Has an output on demand, and the deeds that no such part may do.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Gate final : public Encoder {
 public:
  static constexpr Identity identity{"tests/encoder.demand", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.size("D", 4);
    ports.input("x", "[B, D]", "Numbers.");
    ports.output("out", "[B, D]", "The same, gated.");
    ports.on_demand_output("gates", "[B, D]", "The gates.");
  }
  Gate(const Config&, const Parameters& parameters)
      : weight_(parameters.add_without_decay("weight", {4}, Init::constant(1.0))) {}

  Outputs forward(const Inputs& in) const override {
    const bool is_wanted = in.wants("gates");
    const Tensor x = in["x"], gates = sigmoid(x * weight_.tensor());
    const Tensor noise = is_wanted && does("draw_where_wanted") ? dropout(x, 0.5) : Tensor();
    Outputs out;
    out.emplace_back("out", dropout(x * gates, 0.5));
    if (is_wanted && does("change_where_wanted")) out.front().second = x * gates + 1e-3;
    if (is_wanted || does("write_unwanted")) out.emplace_back("gates", gates);
    return out;
  }

 private:
  Parameter weight_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Gate)
