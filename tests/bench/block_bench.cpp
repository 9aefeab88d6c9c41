// SPDX-License-Identifier: Apache-2.0
/// A Transformer block forward and backward: the plug-in reasoning.decoder_stack of depth 1, called
/// through the ABI, against the same operations written directly in C++ with the same weights. Both
/// must give the same numbers before anything is timed.

#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>

#include "host/engine/autograd.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/runtime.hpp"
#include "host/registry/instance.hpp"
#include "tests/bench/side_by_side.hpp"
#include "tests/support/recipes.hpp"

namespace weft::bench {
namespace {

constexpr std::int64_t k_heads = 8;

std::string config(std::int64_t dim) {
  return R"({"dim": )" + std::to_string(dim) + R"(, "layers": 1, "heads": 8, "ffn_dim": )" +
         std::to_string(4 * dim) + R"(, "dropout": 0.0, "activation": "gelu", "causal": false,
           "passes": 1, "latents": 0})";
}

/// The block with its weights, and what each way needs to run it.
class Block {
 public:
  explicit Block(std::int64_t dim)
      : instance_(test::shipped_parts().find("reasoning.decoder_stack"), "block", config(dim),
                  {{"tokens", 1}}),
        dim_(dim) {
    for (const host::ParameterDecl& declared : instance_.parameters()) {
      parameters_.push_back(host::make_parameter(host::abi_parameter(declared), declared.name, 1,
                                                 host::DType::float32, true));
      names_.push_back(declared.name);
      handles_.push_back(parameters_.back().get());
    }
  }

  /// The state of x [B, N, D], through the ABI.
  at::Tensor through_abi(const host::Tensor& x) const {
    weft_tensor in[2] = {x.get(), nullptr};  // tokens, mask
    const std::uint32_t counts[2] = {1, 1};
    weft_tensor out[3] = {nullptr, nullptr, nullptr};
    weft_call call{};
    call.size = sizeof call;
    call.role = WEFT_ROLE_FORWARD;
    call.n_in = 2;
    call.in = in;
    call.in_count = counts;
    call.parameters = handles_.data();
    call.out = out;
    instance_.call(call);
    const host::Tensor state = host::Tensor::own(out[0]);
    for (const weft_tensor other : {out[1], out[2]}) host::Tensor::own(other);
    return host::tensor_of(state);
  }

  /// The same operations, called directly.
  at::Tensor directly(const at::Tensor& x) const {
    const auto split = [&](const at::Tensor& t) {
      return t.reshape({t.size(0), t.size(1), k_heads, -1}).transpose(1, 2);
    };
    const at::Tensor normed = norm(x, "block_0.norm_1");
    const at::Tensor heads =
        at::scaled_dot_product_attention(split(linear(normed, "block_0.attention.query")),
                                         split(linear(normed, "block_0.attention.key")),
                                         split(linear(normed, "block_0.attention.value")));
    const at::Tensor mixed = heads.transpose(1, 2).reshape({x.size(0), x.size(1), -1});
    const at::Tensor y = x + linear(mixed, "block_0.attention.out");
    const at::Tensor inner = at::gelu(linear(norm(y, "block_0.norm_2"), "block_0.feed_forward.in"));
    at::Tensor state = norm(y + linear(inner, "block_0.feed_forward.out"), "norm");
    // The part's other outputs, which nothing here goes on to use.
    const at::Tensor mask = at::full_like(state.select(2, 0), 1.0).to(at::kBool);
    const at::Tensor weight = mask.to(state.scalar_type()).unsqueeze(-1);
    const at::Tensor pooled = (state * weight).sum({1}) / at::clamp_min(weight.sum({1}), 1.0);
    return state;
  }

  /// Gradients of all parameters side by side, which are then forgotten.
  at::Tensor take_gradients() const {
    std::vector<at::Tensor> flat;
    for (const host::Tensor& parameter : parameters_)
      flat.push_back(host::tensor_of(parameter).grad().reshape({-1}));
    at::Tensor all = at::cat(flat);
    host::clear_gradients(parameters_);
    return all;
  }

 private:
  const at::Tensor& weight(const std::string& name) const {
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == name) return host::tensor_of(parameters_[i]);
    std::fprintf(stderr, "no parameter %s\n", name.c_str());
    std::exit(1);
  }
  at::Tensor linear(const at::Tensor& x, const std::string& name) const {
    return at::linear(x, weight(name + ".weight"), weight(name + ".bias"));
  }
  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    return at::layer_norm(x, {dim_}, weight(name + ".weight"), weight(name + ".bias"), 1e-5);
  }

  host::Instance instance_;
  std::int64_t dim_;
  std::vector<host::Tensor> parameters_;
  std::vector<std::string> names_;
  std::vector<weft_tensor> handles_;
};

void measure(std::int64_t batch, std::int64_t length, std::int64_t dim, int rounds, int calls,
             const char* limit = "") {
  const Block block(dim);
  const at::Tensor x = at::randn({batch, length, dim}), seed = at::randn_like(x);
  const host::Tensor hx = host::wrap(x);
  const auto train = [&](const at::Tensor& state) { (state * seed).sum().backward(); };
  train(block.through_abi(hx));
  const at::Tensor expected = block.take_gradients();
  train(block.directly(x));
  if (!block.take_gradients().equal(expected)) {
    std::fprintf(stderr, "the two ways differ\n");
    std::exit(1);
  }
  const std::vector<Timing> timings = side_by_side({{"direct",
                                                     [&] {
                                                       train(block.directly(x));
                                                       block.take_gradients();
                                                     }},
                                                    {"ABI",
                                                     [&] {
                                                       train(block.through_abi(hx));
                                                       block.take_gradients();
                                                     }}},
                                                   rounds, calls);
  for (const Timing& timing : timings)
    std::printf("B %lld, N %3lld, D %3lld  %-8s %10.1f us  %+6.2f %%%s\n",
                static_cast<long long>(batch), static_cast<long long>(length),
                static_cast<long long>(dim), timing.name.c_str(), 1e6 * timing.quickest,
                100 * (timing.quickest / timings[0].quickest - 1),
                timing.name == "ABI" ? limit : "");
}

}  // namespace
}  // namespace weft::bench

int main() {
  weft::host::set_threads(1);
  std::printf("a Transformer block, forward and backward, 8 heads, inner width 4 D, one thread\n");
  weft::bench::measure(8, 64, 256, 60, 4, "  (limit +1.5 %)");
  weft::bench::measure(64, 32, 64, 60, 4);
  weft::bench::measure(1, 4, 64, 60, 100);
}
