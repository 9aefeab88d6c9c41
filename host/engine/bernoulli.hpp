// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/stack.h>

namespace weft::host {

/// Answers a call of aten::bernoulli.p in LibTorch's place, a third as long and with the same bits:
/// dropout takes a tenth of a small model's step there. The stack then holds the result. False, and
/// the stack as it was, where the numbers are not float32 on the CPU, or this LibTorch draws
/// others.
bool draw_bernoulli(torch::jit::Stack& stack);

}  // namespace weft::host
