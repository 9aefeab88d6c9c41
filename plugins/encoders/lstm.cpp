// SPDX-License-Identifier: Apache-2.0
/// Recurrent encoder: a sequence of features, or of token ids, by long short-term memory.
///
///   x_t = features_t, or row id_t of a table [vocab_size, D]
///   tokens = LSTM(x), in one direction or both (blocks/recurrent.hpp)
///   pooled = mean over the real steps
///
/// Padding, wherever it stands, is passed over and gives zeros.
///
/// Shapes  vocab_size 0: features [B, T, F]; above 0: ids [B, T] int64; mask [B, T]; tokens [B, T,
/// D],
///         mask [B, T], pooled [B, D].
/// Errors  `dim` must be even for both directions.
/// Source  Hochreiter and Schmidhuber 1997; the equations are those of torch.nn.LSTM.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class LstmEncoder final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.lstm", "1.0.0",
                                     "Encode a sequence step by step, in one or both directions."};

  struct Config {
    std::int64_t vocab_size = 0;
    std::int64_t features = 80;
    std::int64_t dim = 64;
    std::int64_t layers = 1;
    bool bidirectional = true;
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields
          .add("vocab_size", vocab_size,
               "Number of ids that `ids` may hold; 0: the input is `features`.")
          .at_least(0)
          .from_classes("ids");
      fields.add("features", features, "Width F of a frame; not read where vocab_size is above 0.")
          .at_least(1)
          .from_wire("features", 2);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("layers", layers, "Layers on top of each other.").at_least(1);
      fields.add("bidirectional", bidirectional,
                 "Read both ways; each direction gives half of the width.");
      fields.add("dropout", dropout, "Probability of dropping an element between layers.")
          .at_least(0.0)
          .below(1.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    const char* const input = config.vocab_size > 0 ? "ids" : "features";
    if (config.vocab_size > 0) {
      ports.input(input, "[B, T]", "Numbers of the tokens.", WEFT_DTYPES_INDEX);
    } else {
      ports.size("F", config.features);
      ports.input(input, "[B, T, F]", "Frames in time order.");
    }
    ports.mask_input("mask", "[B, T]", input);
    ports.output("tokens", "[B, T, D]", "What was read up to each step, and from behind.");
    ports.mask_output("mask", "[B, T]", "tokens");
    ports.output("pooled", "[B, D]", "The whole sequence in one vector.");
  }

  LstmEncoder(const Config& config, const Parameters& parameters) : config_(config) {
    if (config.vocab_size > 0)
      embedding_.emplace(parameters, "embedding", config.vocab_size, config.dim);
    lstm_ = Lstm(parameters, "lstm",
                 {config.vocab_size > 0 ? config.dim : config.features, config.dim, config.layers,
                  config.bidirectional, config.dropout});
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor x = embedding_ ? (*embedding_)(in["ids"]) : in["features"];
    const Tensor mask = in["mask"];
    const Tensor tokens = lstm_(x, mask);
    return {{"tokens", tokens},
            {"mask", mask ? mask : full_mask(tokens)},
            {"pooled", masked_mean(tokens, mask)}};
  }

 private:
  Config config_;
  std::optional<Embedding> embedding_;
  Lstm lstm_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::LstmEncoder)
