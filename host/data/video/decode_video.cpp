// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
}

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "host/base/text.hpp"
#include "host/data/codec/container.hpp"
#include "host/data/codec/limits.hpp"
#include "host/data/video/video.hpp"
#include "host/data/video/video_frame.hpp"

namespace weft::host {
namespace {

/// A packet of pictures, without its bytes. Times are in the stream's time base.
struct Note {
  std::int64_t time = 0, duration = 0;
  bool is_key = false;
  bool is_shown = true;  ///< an edit of the file may hide pictures that others need
};

void require_seconds(double seconds, const std::string& place) {
  if (seconds > static_cast<double>(k_most_seconds)) {
    cannot_decode(place, concat("it is ", std::llround(seconds), " seconds long; at most ",
                                k_most_seconds, " are read"));
  }
}

/// The packets in the order in which they are decoded.
std::vector<Note> list_packets(MediaFile& file, const std::string& place) {
  std::vector<Note> notes;
  while (const AVPacket* const packet = file.read()) {
    if (packet->pts == AV_NOPTS_VALUE) cannot_decode(place, "its pictures bear no time stamps");
    notes.push_back({packet->pts, std::max<std::int64_t>(packet->duration, 0),
                     (packet->flags & AV_PKT_FLAG_KEY) != 0,
                     (packet->flags & AV_PKT_FLAG_DISCARD) == 0});
    if (std::ssize(notes) > k_most_frames) {
      cannot_decode(place, concat("it has more than ", k_most_frames, " pictures"));
    }
  }
  if (std::none_of(notes.begin(), notes.end(), [](const Note& note) { return note.is_shown; })) {
    cannot_decode(place, "it holds no pictures");
  }
  return notes;
}

/// When the pictures are seen.
struct Span {
  std::int64_t begin = 0, end = 0;
};

Span span_of(const std::vector<Note>& notes, AVRational base, const std::string& place) {
  std::vector<Note> shown;
  std::copy_if(notes.begin(), notes.end(), std::back_inserter(shown),
               [](const Note& note) { return note.is_shown; });
  std::sort(shown.begin(), shown.end(),
            [](const Note& a, const Note& b) { return a.time < b.time; });
  const Note& last = shown.back();
  // Files need not say how long the last one is seen; then it is as long as the one before.
  std::int64_t duration = last.duration;
  if (duration == 0 && shown.size() > 1) duration = last.time - shown[shown.size() - 2].time;
  constexpr std::int64_t k_far = std::numeric_limits<std::int64_t>::max() / 4;
  if (shown.front().time < -k_far || last.time > k_far || duration > k_far) {
    cannot_decode(place, "its time stamps make no sense");
  }
  const Span span{shown.front().time, last.time + duration};
  require_seconds(static_cast<double>(span.end - span.begin) * av_q2d(base), place);
  require_seconds(static_cast<double>(span.end) * av_q2d(base), place);
  return span;
}

/// The times that are asked for, in ascending order and rounded down: time stamps are whole.
struct Times {
  std::vector<std::int64_t> wanted;
  std::int64_t count = 0;
};

Times times_of(const VideoForm& form, const Span& span, AVRational base) {
  Times times;
  if (form.fps == 0) {
    const std::int64_t parts = 2 * std::int64_t{form.frames};
    for (std::int64_t i = 0; i < form.frames; ++i) {
      times.wanted.push_back(span.begin + (2 * i + 1) * (span.end - span.begin) / parts);
    }
    times.count = form.frames;
    return times;
  }
  // A millionth of a time stamp stands for the rounding of i / fps.
  const double step = 1 / (form.fps * av_q2d(base));
  const auto at = [&](std::int64_t i) {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(i) * step + 1e-6));
  };
  times.count = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(static_cast<double>(span.end) / step - 1e-6)));
  for (std::int64_t i = 0; i < std::min<std::int64_t>(times.count, form.frames); ++i) {
    times.wanted.push_back(at(i));
  }
  return times;
}

/// Where decoding may begin: key pictures after which no packet belongs before them. Behind others
/// (HEVC's open groups) come pictures that need what lies before.
std::vector<std::size_t> entries_of(const std::vector<Note>& notes) {
  std::vector<std::size_t> entries;
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = notes.size(); i-- > 0;) {
    if (notes[i].is_key && notes[i].time <= earliest) entries.push_back(i);
    earliest = std::min(earliest, notes[i].time);
  }
  std::reverse(entries.begin(), entries.end());
  return entries;
}

/// How many pictures at most lie between a picture's decoding and its turn: the packets before it
/// that are seen after it.
int delay_of(const std::vector<Note>& notes) {
  constexpr std::size_t k_most_delay = 16;  // H.264's and HEVC's own limit
  std::ptrdiff_t most = 0;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const auto begin = notes.begin() + static_cast<std::ptrdiff_t>(i - std::min(i, k_most_delay));
    const auto here = notes.begin() + static_cast<std::ptrdiff_t>(i);
    most = std::max(most, std::count_if(begin, here, [&](const Note& earlier) {
                      return earlier.time > here->time;
                    }));
  }
  return static_cast<int>(most);
}

struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};

/// Takes decoded pictures as they come and keeps those that are seen at the wanted times.
class Chooser {
 public:
  Chooser(const ImageForm& form, std::vector<std::int64_t> wanted, const AVStream& stream,
          std::int64_t bytes, const std::string& place)
      : wanted_(std::move(wanted)),
        shape_(form, stream, place),
        bytes_(bytes),
        place_(place),
        held_(av_frame_alloc()) {
    if (!held_) throw std::bad_alloc();
  }

  bool is_done() const { return pictures_.size() == wanted_.size(); }
  std::int64_t next() const { return wanted_[pictures_.size()]; }

  void take(const AVFrame& frame) {
    pixels_ += std::int64_t{frame.width} * frame.height;
    if (pixels_ > k_most_decoded_pixels) {
      cannot_decode(place_, concat("it has more than ", k_most_decoded_pixels, " pixels in all"));
    }
    if (pixels_ > k_free_decoded_pixels && pixels_ / k_most_decoded_pixels_per_byte > bytes_) {
      cannot_decode(place_,
                    concat("it has ", pixels_, " pixels or more in ", bytes_, " bytes; at most ",
                           k_most_decoded_pixels_per_byte, " pixels a byte are read"));
    }
    const std::int64_t time = frame.best_effort_timestamp;
    if (time < first_) return;
    if (!is_holding_) hold(frame);  // Before the first picture, the first is seen.
    while (!is_done() && next() < time) keep();
    if (!is_done()) hold(frame);
  }

  /// No more pictures come.
  void finish() {
    if (!is_holding_) cannot_decode(place_, "it is cut off or holds no picture");
    while (!is_done()) keep();
  }

  /// The pictures to come begin at this time; what is earlier is not whole.
  void jump(std::int64_t first) {
    first_ = first;
    is_holding_ = false;
  }

  std::vector<Image> pictures() { return std::move(pictures_); }

 private:
  void hold(const AVFrame& frame) {
    av_frame_unref(held_.get());
    if (av_frame_ref(held_.get(), &frame) < 0) throw std::bad_alloc();
    is_holding_ = true;
    is_kept_ = false;
  }

  void keep() {
    if (is_kept_) {
      pictures_.push_back(pictures_.back());
    } else {
      pictures_.push_back(shape_.picture(*held_));
    }
    is_kept_ = true;
  }

  std::vector<std::int64_t> wanted_;
  PictureShape shape_;
  std::int64_t bytes_;
  const std::string& place_;
  std::vector<Image> pictures_;
  std::unique_ptr<AVFrame, FreeFrame> held_;
  bool is_holding_ = false, is_kept_ = false;  ///< whether the last of the pictures is the held one
  std::int64_t first_ = std::numeric_limits<std::int64_t>::min(), pixels_ = 0;
};

}  // namespace

Video decode_video(std::span<const std::byte> bytes, const VideoForm& form,
                   const std::string& place, const Deadline& deadline) {
  require_honest_boxes(bytes, place);
  require_whole_matroska(bytes, place);
  std::vector<Note> notes;
  {
    MediaFile file(bytes, Medium::video, deadline, place);
    if (file.stream().duration == AV_NOPTS_VALUE) require_seconds(file.seconds(), place);
    notes = list_packets(file, place);
    const bool has_list = file.stream().duration != AV_NOPTS_VALUE;
    if (has_list && std::ssize(notes) < avformat_index_get_entries_count(&file.stream())) {
      cannot_decode(place, "it is cut off");
    }
  }
  MediaFile file(bytes, Medium::video, deadline, place);
  const AVRational base = file.stream().time_base;
  const Span span = span_of(notes, base, place);
  const Times times = times_of(form, span, base);
  const std::vector<std::size_t> entries = entries_of(notes);
  file.expect_delay(delay_of(notes));
  Chooser chooser(form.picture, times.wanted, file.stream(), std::ssize(bytes), place);
  const auto take = [&](const AVFrame& frame) { chooser.take(frame); };
  std::size_t entry = 0;  // the packet at which decoding begins next
  for (std::size_t i = 0; !chooser.is_done(); ++i) {
    const AVPacket* const packet = file.read();
    if (packet == nullptr) {
      file.decode(nullptr, take);
      chooser.finish();
      break;
    }
    // The last entry that is seen by the time that is wanted next; beyond here it saves decoding.
    const auto behind = std::upper_bound(
        entries.begin(), entries.end(), chooser.next(),
        [&](std::int64_t time, std::size_t later) { return time < notes[later].time; });
    if (behind != entries.begin()) {
      const std::size_t last = *std::prev(behind);
      if (last > i) entry = std::max(entry, last);
    }
    if (i < entry) continue;
    if (i == entry && i > 0) {
      file.jump();
      chooser.jump(notes[i].time);
    }
    file.decode(packet, take);
  }
  return {chooser.pictures(), times.count};
}

}  // namespace weft::host
