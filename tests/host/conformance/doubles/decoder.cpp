// SPDX-License-Identifier: Apache-2.0
// logits = a row of a table for each token, through the C++ layer, and one deed that no decoder may
// do.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Table final : public Decoder {
 public:
  static constexpr Identity identity{"tests/decoder.deed", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.size("V", 4);
    ports.input("tokens", "[B, S]", "What is written so far.", WEFT_DTYPES_INDEX);
    ports.output("logits", "[B, S, V]", "Scores of the next.");
  }
  Table(const Config&, const Parameters& parameters)
      : table_(parameters.add("table", {4, 4}, Init::normal(1.0))) {}

  const void* extension(std::string_view id) const override {
    static const weft_autoregressive rules = {sizeof rules,
                                              0,
                                              does("name_no_port") ? "words" : "tokens",
                                              "logits",
                                              0,
                                              does("name_no_class") ? 9 : 1,
                                              2};
    return id == WEFT_AUTOREGRESSIVE ? &rules : nullptr;
  }
  Outputs forward(const Inputs& in) const override {
    const Tensor rows = embedding(table_.tensor(), in["tokens"]);
    return {{"logits", does("look_ahead") ? rows + sum(rows, {1}, /*keep=*/true) : rows}};
  }

 private:
  Parameter table_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Table)
