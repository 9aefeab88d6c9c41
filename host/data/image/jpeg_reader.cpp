// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/jpeg_reader.hpp"

#include <csetjmp>
#include <cstdio>  // jpeglib.h uses FILE

#include <jpeglib.h>

#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

/// What is printed black by `black` is seen as the rest of the light; all are stored inverted.
std::uint8_t seen(unsigned ink, unsigned black) {
  return static_cast<std::uint8_t>((ink * black + 127) / 255);
}

/// The largest of 1, 2, 4 and 8 by which the picture may be divided and not be too small.
unsigned draft_divisor(unsigned height, unsigned width, const Least& least) {
  if (least.height == 0) return 1;
  unsigned divisor = 1;
  while (divisor < 8 && height / (2 * divisor) >= static_cast<unsigned>(least.height) &&
         width / (2 * divisor) >= static_cast<unsigned>(least.width)) {
    divisor *= 2;
  }
  return divisor;
}

}  // namespace

/// The library's errors leave its functions by longjmp(): each call of it stands in a function that
/// has nothing to destroy, and which returns false after an error.
struct JpegReader::Library {
  jpeg_decompress_struct decoder{};
  jpeg_error_mgr errors{};
  std::jmp_buf caller{};
  char reason[JMSG_LENGTH_MAX] = {};

  Library() {
    decoder.err = jpeg_std_error(&errors);
    decoder.client_data = this;
    errors.error_exit = [](j_common_ptr common) { leave(common); };
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level < 0) leave(common);
    };
    errors.output_message = [](j_common_ptr) {};
  }
  ~Library() { jpeg_destroy_decompress(&decoder); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  [[noreturn]] static void leave(j_common_ptr common) {
    auto* const self = static_cast<Library*>(common->client_data);
    self->errors.format_message(common, self->reason);
    std::longjmp(self->caller, 1);
  }

  // NOLINTBEGIN(cert-err52-cpp): there is no other way out of the library.
  bool read_head(std::span<const std::byte> bytes) {
    if (setjmp(caller) != 0) return false;
    jpeg_create_decompress(&decoder);
    const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
    jpeg_mem_src(&decoder, data, bytes.size());
    jpeg_read_header(&decoder, TRUE);
    return true;
  }
  bool start() {
    if (setjmp(caller) != 0) return false;
    jpeg_start_decompress(&decoder);
    return true;
  }
  bool read_row(std::uint8_t* row) {
    if (setjmp(caller) != 0) return false;
    jpeg_read_scanlines(&decoder, &row, 1);
    return true;
  }
  bool finish() {
    if (setjmp(caller) != 0) return false;
    jpeg_finish_decompress(&decoder);
    return true;
  }
  // NOLINTEND(cert-err52-cpp)
};

JpegReader::JpegReader(std::span<const std::byte> bytes, int channels, const Least& least,
                       const std::string& place)
    : library_(std::make_unique<Library>()), place_(place) {
  jpeg_decompress_struct& decoder = library_->decoder;
  if (!library_->read_head(bytes)) cannot_decode(place, library_->reason);
  const bool has_inks = decoder.num_components == 4;
  channels_ = has_inks ? 3 : channels;
  decoder.out_color_space = has_inks ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_EXT_RGBX;
  decoder.scale_denom = draft_divisor(decoder.image_height, decoder.image_width, least);
  if (!library_->start()) cannot_decode(place, library_->reason);
}

JpegReader::~JpegReader() = default;

int JpegReader::height() const {
  return static_cast<int>(library_->decoder.output_height);
}

int JpegReader::width() const {
  return static_cast<int>(library_->decoder.output_width);
}

void JpegReader::read_row(std::uint8_t* row) {
  if (!library_->read_row(row)) cannot_decode(place_, library_->reason);
  if (library_->decoder.out_color_space != JCS_CMYK) return;
  for (int x = 0; x < width(); ++x, row += 4) {
    for (int i = 0; i < 3; ++i) row[i] = seen(row[i], row[3]);
  }
}

void JpegReader::finish() {
  if (!library_->finish()) cannot_decode(place_, library_->reason);
}

}  // namespace weft::host
