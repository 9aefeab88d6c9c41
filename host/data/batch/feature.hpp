// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>

#include "host/base/array.hpp"

namespace weft::host {

/// What is kept of a picture, a recording or a video.
struct Feature {
  Array values;
  std::int64_t frames =
      0;  ///< of the recording or the video, also those that do not fit into its field
};

}  // namespace weft::host
