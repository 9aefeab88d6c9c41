// SPDX-License-Identifier: Apache-2.0
// loss = Σ prediction², weight = B, through the C++ layer, and one deed that no loss may do. It has
// no parameter, and an operation of its own.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Square final : public CustomFunction {
 public:
  const char* name() const override { return "tests.square"; }
  std::vector<Tensor> forward(Saved& saved, const std::vector<Tensor>& in) const override {
    saved.keep(in);
    return {in[0] * in[0]};
  }
  std::vector<Tensor> backward(const Saved& saved, const std::vector<Tensor>& grad_out,
                               const std::vector<bool>&) const override {
    if (does("leak_in_backward")) saved[0].give();
    return {grad_out[0] * saved[0] * 2.0};
  }
};

class SquareLoss final : public Loss {
 public:
  static constexpr Identity identity{"tests/loss.deed", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.input("prediction", "[B, V]", "Numbers.");
    ports.input("target", "[B]", "Only counted.", WEFT_DTYPES_INDEX);
    ports.present_input();
    ports.output("loss", "[]", "Sum of squares.");
    ports.output("weight", "[]", "B.");
  }
  SquareLoss(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    Tensor x = in["prediction"];
    const Tensor present = in["present"];
    if (present && !does("read_absent")) x = index_select(x, 0, nonzero(present).reshape({-1}));
    if (does("detach_inside")) {
      const Tensor fixed = detach(x);
      return {{"loss", sum(x * fixed * 2.0 - fixed * fixed)}};
    }
    std::vector<Tensor> squares = apply(std::make_unique<Square>(), {x});
    Tensor loss = sum(squares[0]);
    if (does("compare_rows") || (does("compare_rows_in_training") && training()))
      loss = loss + sum(x) * sum(x);
    if (does("divide_by_zero")) loss = loss / (loss - loss);
    if (does("root_at_zero")) loss = sum(sqrt(x * x));
    return {{"loss", loss}};
  }
  Tensor weight(const Inputs& in) const override {
    if (does("count_prediction"))
      return sum(full_like(in["prediction"].select(1, 0), 1.0)).to(WEFT_DTYPE_FLOAT64);
    const bool all = !in["present"] || does("count_absent");
    const Tensor rows =
        sum(all ? full_like(in["target"], 1.0) : in["present"]).to(WEFT_DTYPE_FLOAT64);
    return does("count_nothing") && !in["prediction"] ? rows * 0.0 : rows;
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::SquareLoss)
