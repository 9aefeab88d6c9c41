// SPDX-License-Identifier: Apache-2.0
/// Derivatives that a part asks for within its call: entries of weft_grad_api.

#pragma once

#include <weft/abi.h>

#include <cstdint>

namespace weft::host {

/// As abi.h says of the members of these names; none lets an exception out.
weft_status grad_leaf(weft_tensor tensor, weft_tensor* out);
weft_status grad_enable(std::uint32_t on, std::uint32_t* before);
weft_status grad_gradient(const weft_tensor* out, const weft_tensor* grad_out, std::uint32_t n_out,
                          const weft_tensor* in, std::uint32_t n_in, std::uint32_t differentiable,
                          weft_tensor* grad_in);

}  // namespace weft::host
