// SPDX-License-Identifier: Apache-2.0
/// Layers that parts are made of. A block declares its parameters when it is constructed and is
/// called with tensors. Wrong settings are rejected when it is constructed, with the setting's
/// name.

#pragma once

#include <weft/blocks/attention.hpp>
#include <weft/blocks/convolution.hpp>
#include <weft/blocks/linear.hpp>
#include <weft/blocks/masks.hpp>
#include <weft/blocks/norm.hpp>
#include <weft/blocks/recurrent.hpp>

#include <optional>
