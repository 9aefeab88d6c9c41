// SPDX-License-Identifier: Apache-2.0
#include "host/engine/bernoulli.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/bernoulli.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <mutex>

namespace weft::host {
namespace {

constexpr int k_size = at::MERSENNE_STATE_N, k_shift = at::MERSENNE_STATE_M;
constexpr int k_chunk = 512;  // numbers at a time

std::uint32_t twisted(std::uint32_t far, std::uint32_t here, std::uint32_t next) {
  const std::uint32_t mixed = (here & at::UMASK) | (next & at::LMASK);
  return far ^ (mixed >> 1) ^ ((0u - (next & 1u)) & at::MATRIX_A);
}

/// LibTorch's generator, the Mersenne twister (Matsumoto and Nishimura 1998), many words at a time.
class Words {
 public:
  explicit Words(const at::mt19937_data_pod& state) : state_(state) {}
  const at::mt19937_data_pod& state() const { return state_; }

  void draw(std::uint32_t* out, int count) {
    while (count > 0) {
      if (state_.left_ == 1) refill();
      const int taken = std::min(count, state_.left_ - 1);
      const std::uint32_t* from = state_.state_.data() + state_.next_;
      for (int i = 0; i < taken; ++i) {
        std::uint32_t y = from[i];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        out[i] = y ^ (y >> 18);
      }
      state_.left_ -= taken;
      state_.next_ += static_cast<std::uint32_t>(taken);
      out += taken;
      count -= taken;
    }
  }

 private:
  void refill() {
    std::uint32_t* p = state_.state_.data();
    for (int j = 0; j < k_size - k_shift; ++j) p[j] = twisted(p[j + k_shift], p[j], p[j + 1]);
    for (int j = k_size - k_shift; j < k_size - 1; ++j)
      p[j] = twisted(p[j + k_shift - k_size], p[j], p[j + 1]);
    p[k_size - 1] = twisted(p[k_shift - 1], p[k_size - 1], p[0]);
    state_.left_ = k_size + 1;
    state_.next_ = 0;
  }

  at::mt19937_data_pod state_;
};

/// 1 where a number of 53 bits, made of two words, is below p, else 0.
void fill(float* out, std::int64_t count, double p, at::CPUGeneratorImpl& generator) {
  const std::lock_guard lock(generator.mutex_);
  at::mt19937 engine = generator.engine();
  Words words(engine.data());
  const auto bound = static_cast<std::int64_t>(std::ceil(std::ldexp(p, 53)));
  std::array<std::uint32_t, 2 * k_chunk> drawn;
  for (std::int64_t begun = 0; begun < count; begun += k_chunk) {
    const int some = static_cast<int>(std::min<std::int64_t>(k_chunk, count - begun));
    words.draw(drawn.data(), 2 * some);
    for (int i = 0; i < some; ++i) {
      const auto high =
          static_cast<std::int64_t>(drawn[static_cast<std::size_t>(2 * i)] & 0x1fffff);
      const std::int64_t number = high << 32 | drawn[static_cast<std::size_t>(2 * i + 1)];
      out[begun + i] = number < bound ? 1.0f : 0.0f;
    }
  }
  engine.set_data(words.state());
  generator.set_engine(engine);
}

at::Tensor drawn(const at::Tensor& like, double p, const at::Generator& generator) {
  at::Tensor out = at::empty_like(like);
  fill(out.data_ptr<float>(), out.numel(), p,
       *at::check_generator<at::CPUGeneratorImpl>(generator));
  return out;
}

/// Whether LibTorch draws these bits here: with MKL it may have another generator.
bool draws_the_same() {
  constexpr std::int64_t k_numbers = 700;  // more than one state
  const at::Tensor like = at::zeros({k_numbers}, at::kFloat);
  auto ours = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{17});
  auto theirs = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{17});
  for (const double p : {0.9, 0.5})
    if (!at::equal(drawn(like, p, ours), at::bernoulli(like, p, theirs))) return false;
  return true;
}

}  // namespace

bool draw_bernoulli(torch::jit::Stack& stack) {
  const c10::IValue &self = stack.at(0), &p = stack.at(1), &generator = stack.at(2);
  if (!self.isTensor() || !p.isDouble() || !generator.isGenerator()) return false;
  const at::Tensor& like = self.toTensor();
  if (!like.defined() || !like.is_cpu() || like.scalar_type() != at::kFloat ||
      !like.is_contiguous() || like.requires_grad() || !generator.toGenerator().device().is_cpu() ||
      !(p.toDouble() >= 0.0 && p.toDouble() <= 1.0))
    return false;
  static const bool same = draws_the_same();
  if (!same) return false;
  at::Tensor out = drawn(like, p.toDouble(), generator.toGenerator());
  stack.clear();
  stack.emplace_back(std::move(out));
  return true;
}

}  // namespace weft::host
