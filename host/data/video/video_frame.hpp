// SPDX-License-Identifier: Apache-2.0
/// One picture of a video as pixels.

#pragma once

#include <array>
#include <memory>
#include <string>

#include "host/data/image/decode_image.hpp"

struct AVFrame;
struct AVStream;
struct SwsContext;

namespace weft::host {

/// Brings decoded pictures to a form: converted by FFmpeg from the colour space that they name
/// (BT.601 where they name none), each pixel the mean of its area, and turned by the stream's
/// display matrix where that turns by quarters or mirrors.
class PictureShape {
 public:
  /// @param form   with a size, which is that of the turned picture
  /// @param place  must outlive this
  PictureShape(const ImageForm& form, const AVStream& stream, const std::string& place);

  /// @throws Error (bad_data) where the colours cannot be converted
  Image picture(const AVFrame& frame);

 private:
  struct Free {
    void operator()(SwsContext* scaler) const;
  };

  ImageForm form_;
  const std::string& place_;
  std::array<int, 4> turn_ = {1, 0, 0, 1};  ///< x' = [0] x + [2] y, y' = [1] x + [3] y
  std::unique_ptr<SwsContext, Free> scaler_;
};

}  // namespace weft::host
