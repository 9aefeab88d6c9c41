// SPDX-License-Identifier: Apache-2.0
#include <turbojpeg.h>

#include <memory>
#include <new>

#include "host/base/text.hpp"
#include "host/data/decode_picture.hpp"
#include "host/data/media.hpp"

namespace weft::host {
namespace {

struct Free {
  void operator()(void* decoder) const { tjDestroy(decoder); }
};

/// One for each thread: making it anew would cost a small picture's time.
tjhandle this_threads_decoder() {
  thread_local const std::unique_ptr<void, Free> decoder(tjInitDecompress());
  if (!decoder) throw std::bad_alloc();
  return decoder.get();
}

/// What is printed black by `black` is seen as the rest of the light; all are stored inverted.
std::uint8_t seen(unsigned ink, unsigned black) {
  return static_cast<std::uint8_t>((ink * black + 127) / 255);
}

/// CMYK as Adobe's programs write it, 255 being no ink, to red, green and blue.
void print(Pixels& picture) {
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* pixel = picture.row(y);
    for (int x = 0; x < picture.width; ++x, pixel += 4) {
      for (int i = 0; i < 3; ++i) pixel[i] = seen(pixel[i], pixel[3]);
    }
  }
}

/// The largest of 1, 2, 4 and 8 by which the picture may be divided and not be too small.
int draft_divisor(int height, int width, const Least& least) {
  int divisor = 1;
  while (divisor < 8 && height / (2 * divisor) >= least.height &&
         width / (2 * divisor) >= least.width) {
    divisor *= 2;
  }
  return divisor;
}

}  // namespace

Pixels decode_jpeg(std::span<const std::byte> bytes, int channels, const Least& least,
                   const std::string& place) {
  // Warnings are about damage that the library would paint over.
  constexpr int k_flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_NOREALLOC;
  const tjhandle decoder = this_threads_decoder();
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto fail = [&] { cannot_decode(place, tjGetErrorStr2(decoder)); };
  int width = 0, height = 0, subsampling = 0, space = 0;
  if (tjDecompressHeader3(decoder, data, bytes.size(), &width, &height, &subsampling, &space) !=
      0) {
    fail();
  }
  const tjscalingfactor factor{1, least.height > 0 ? draft_divisor(height, width, least) : 1};
  const bool is_print = space == TJCS_CMYK || space == TJCS_YCCK;
  const bool is_grey = channels == 1 && !is_print;
  Pixels picture =
      Pixels::of_size(TJSCALED(height, factor), TJSCALED(width, factor), is_grey ? 1 : 3);
  const int form = is_print ? TJPF_CMYK : is_grey ? TJPF_GRAY : TJPF_RGBX;
  if (tjDecompress2(decoder, data, bytes.size(), picture.bytes.get(), picture.width,
                    static_cast<int>(picture.stride()), picture.height, form, k_flags) != 0) {
    fail();
  }
  if (is_print) print(picture);
  return picture.channels == channels ? std::move(picture) : grey_of(picture);
}

}  // namespace weft::host
