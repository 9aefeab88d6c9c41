// SPDX-License-Identifier: Apache-2.0
// logits_t = Σ_{i≤t} E[y_i] + attention of token t to those up to t: one cache that carries, two
// that grow. It takes new tokens alone, and does one deed that no such decoder may do.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Remembering final : public Decoder {
 public:
  static constexpr Identity identity{"tests/decoder.caches", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.size("V", 4);
    ports.input("tokens", "[B, S]", "What is written so far.", WEFT_DTYPES_INDEX);
    ports.output("logits", "[B, S, V]", "Scores of the next.");
  }
  Remembering(const Config&, const Parameters& parameters)
      : table_(parameters.add("table", {4, 4}, Init::normal(1.0))),
        positions_(parameters.add("positions", {64, 4}, Init::normal(1.0))),
        sum_(parameters, "sum", WEFT_CACHE_CARRY),
        keys_(parameters, "keys", WEFT_CACHE_APPEND, 2),
        values_(parameters, "values", WEFT_CACHE_APPEND, 2) {
    parameters.incremental();
  }

  const void* extension(std::string_view id) const override {
    static const weft_autoregressive rules = {sizeof rules, 0, "tokens", "logits", 0, 1, 2};
    return id == WEFT_AUTOREGRESSIVE && !does("promise_alone") ? &rules : nullptr;
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor rows = embedding(table_.tensor(), in["tokens"]);
    return {{"logits", summed(rows) + attended(rows + places(rows.size(1)))}};
  }

 private:
  Tensor places(std::int64_t n) const {
    if (does("count_positions_anew")) return positions_.tensor().slice(0, 0, n);
    const Tensor rows = position_rows(positions_, n);
    return does("positions_of_first_row") && in_sequence() ? rows.slice(0, 0, 1) : rows;
  }
  Tensor summed(const Tensor& rows) const {
    const std::int64_t n = rows.size(1);
    Tensor sums = matmul(lower_triangle(ones({n, n}, rows)), rows);
    if (!in_sequence()) return sums;
    if (const Tensor before = sum_.recall(); before && !does("forget_sum")) sums = sums + before;
    sum_.keep(sums.slice(1, n - 1, n));
    return sums;
  }
  Tensor attended(const Tensor& rows) const {
    const Tensor head = rows.unsqueeze(1);
    if (!in_sequence() || does("forget_keys"))
      return attention(head, head, head, Tensor(), /*causal=*/true).select(1, 0);
    return attend(keys_, values_, head, head, head).select(1, 0);
  }

  Parameter table_, positions_;
  Cache sum_, keys_, values_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Remembering)
