// SPDX-License-Identifier: Apache-2.0
// total = Σ x through the C++ layer, and one deed that no metric may do.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Total final : public Metric {
 public:
  static constexpr Identity identity{"tests/metric.deed", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.input("x", "[B]", "Numbers.");
    ports.output("total", "[]", "Their sum.");
  }
  static void states(States& states, const Config&) {
    if (does("merge_by_max")) return states.max("total", {}, 0.0);
    states.sum("total");
  }
  Total(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    weft_tensor* const slots = detail::current_call->states;
    if (does("state_before_failure")) {
      slots[0] = (state["total"] + 1.0).give();
      (void)sum(in["x"]);  // may fail, and the state is changed
      return;
    }
    // Pairs of rows: two parts of a batch give what all of it gives, one row after the other not.
    if (does("look_at_rows_together") && in["x"].size(0) % 2 != 0) return;
    if (does("write_past_states")) slots[1] = nullptr;
    state.add("total", sum(in["x"]));
  }
  Outputs compute(const State& state) const override { return {{"total", state["total"] * 1.0}}; }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Total)
