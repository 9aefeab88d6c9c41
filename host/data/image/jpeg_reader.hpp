// SPDX-License-Identifier: Apache-2.0
/// A JPEG row by row, by libjpeg-turbo, with its slow (exact) transform and its smooth ("fancy")
/// chroma, so that the pixels are Pillow's. It never holds the whole picture.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace weft::host {

/// A JPEG may be decoded at a half, a quarter or an eighth of its size, as long as it does not
/// become smaller than this; 0 x 0 asks for it whole.
struct Least {
  int height = 0, width = 0;
};

/// Whatever the library warns of is an error: its warnings are about damage that it paints over.
class JpegReader {
 public:
  /// For `channels` as Pixels have them; grey is the stored brightness. CMYK and YCCK become
  /// colours, taken as inverted, as all programs write them; of them grey is not made.
  /// @param bytes  must outlive the reader
  /// @param place  how a message begins; must outlive the reader
  /// @throws Error (bad_data) with the library's reason
  JpegReader(std::span<const std::byte> bytes, int channels, const Least& least,
             const std::string& place);
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  int height() const;
  int width() const;
  /// Of what it gives: those that were asked for, or 3 for inks.
  int channels() const { return channels_; }

  /// The next row, to width() pixels.
  /// REQUIRES: fewer than height() were read
  /// @throws Error (bad_data)
  void read_row(std::uint8_t* row);
  /// Reads what is behind the last row.
  /// @throws Error (bad_data)
  void finish();

 private:
  struct Library;
  std::unique_ptr<Library> library_;
  const std::string& place_;
  int channels_ = 0;
};

}  // namespace weft::host
