// SPDX-License-Identifier: Apache-2.0
/// Concatenation: the streams one behind the other, each marked with a learned vector of its
/// modality.
///
///   H = [H_1 + m_1; H_2 + m_2; …]
///
/// The honest baseline of early fusion: whatever mixes the modalities is left to the reasoning
/// core. Shapes  streams H_i [B, N_i, D]; tokens H [B, N_1 + N_2 + …, D]; masks side by side.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Concat final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.concat", "1.0.0",
                                     "Put the streams one behind the other, marked by modality."};

  struct Config {
    std::int64_t dim = 64;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input_list("streams", "[B, N*, D]", "The modalities to fuse.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, N, D]", "All streams, one behind the other.");
    ports.mask_output("mask", "[B, N]", "tokens");
  }

  Concat(const Config& config, const Parameters& parameters) {
    for (std::int64_t i = 0; i < parameters.wired("streams"); ++i)
      modality_.push_back(parameters.add_without_decay("modality_" + std::to_string(i),
                                                       {config.dim}, Init::normal(0.02)));
  }

  void infer(Shapes& shapes) const override {
    std::int64_t length = 0;
    for (const Sizes& stream : shapes.inputs("streams")) length += stream[1];
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    std::vector<Tensor> marked;
    for (std::size_t i = 0; i < streams.size(); ++i) marked.push_back(streams[i] + modality_[i]);
    return {{"tokens", concat(marked, 1)}, {"mask", concat_masks(streams, masks)}};
  }

 private:
  std::vector<Parameter> modality_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Concat)
