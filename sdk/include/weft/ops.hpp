// SPDX-License-Identifier: Apache-2.0
/// Tensor operations: each runs in the host and is differentiable where mathematics allows.
///
/// Every function is a template without parameters, so that a plug-in asks the host only for the
/// operations it uses: instantiating one adds its name and signature to the library's chain, which
/// the host resolves at load. Shapes broadcast as in NumPy; negative axes count from the last.
/// Where no comment says otherwise, a function does what PyTorch's of that name does, element by
/// element or along `axis`. Wrong shapes, types and axes are refused by the host: the function
/// throws Error with a sentence that names the operation, the arguments and what is wrong. What has
/// no function here is reached by weft::operation() (operation.hpp).

#pragma once

#include <weft/ops/arithmetic.hpp>
#include <weft/ops/comparison.hpp>
#include <weft/ops/convolution.hpp>
#include <weft/ops/creation.hpp>
#include <weft/ops/element.hpp>
#include <weft/ops/layers.hpp>
#include <weft/ops/look_up.hpp>
#include <weft/ops/reduction.hpp>
#include <weft/ops/shape.hpp>
