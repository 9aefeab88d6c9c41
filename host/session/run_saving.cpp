// SPDX-License-Identifier: Apache-2.0
#include "host/session/run_saving.hpp"

#include <utility>
#include <vector>

#include "host/registry/crash_report.hpp"

namespace weft::host {
namespace {

void note_end(bool is_there) {
  if (is_there) note_checkpoint();
  note_saving(false);
}

}  // namespace

void RunSaving::begin(Checkpoint checkpoint) {
  if (checkpoint.pieces == 1) {
    if (ranks_.rank() > 0) return told_(checkpoint);
    note_saving(true);
    return writer_.begin(std::move(checkpoint), note_end);
  }
  if (ranks_.rank() == 0) begin_pieces(run_, checkpoint);
  ranks_.table({});  // there is a folder for them
  in_pieces_ = true;
  note_saving(true);
  writer_.begin_piece(std::move(checkpoint), [](bool) { note_saving(false); });
}

void RunSaving::look() {
  if (in_pieces_ && !ranks_.any(!is_written())) join();
  if (!in_pieces_ && is_written()) tell();
}

/// Each has written its piece, or waits until it has.
void RunSaving::join() {
  const Checkpoint own = writer_.finish().value();
  in_pieces_ = false;
  const std::vector<std::string> texts = ranks_.texts(text_of(writer_.hashes()));
  if (ranks_.rank() > 0) return told_(own);
  std::vector<FileHashes> pieces;
  for (const std::string& text : texts) pieces.push_back(file_hashes_of(text));
  note_saving(true);
  writer_.begin_joining(own, std::move(pieces), note_end);
}

void RunSaving::flush() {
  if (in_pieces_) join();
  tell();
}

void RunSaving::wait() {
  if (in_pieces_)
    writer_.finish();
  else
    tell();
}

void RunSaving::tell() {
  if (const auto written = writer_.finish()) told_(*written);
}

}  // namespace weft::host
