// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint_writer.hpp"

#include <cassert>
#include <chrono>
#include <system_error>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

void CheckpointWriter::begin(Checkpoint checkpoint, const Ended& ended) {
  const auto write = [this](Checkpoint& now) { now.model_xxh3 = save_checkpoint(run_, now); };
  start(std::move(checkpoint), write, ended);
}

void CheckpointWriter::begin_piece(Checkpoint piece, const Ended& ended) {
  start(
      std::move(piece), [this](Checkpoint& now) { hashes_ = write_piece(run_, now); }, ended);
}

void CheckpointWriter::begin_joining(Checkpoint checkpoint, std::vector<FileHashes> pieces,
                                     const Ended& ended) {
  const auto join = [this, of_all = std::move(pieces)](Checkpoint& now) {
    join_pieces(run_, now, of_all);
  };
  start(std::move(checkpoint), join, ended);
}

void CheckpointWriter::start(Checkpoint checkpoint, const std::function<void(Checkpoint&)>& write,
                             const Ended& ended) try {
  assert(!pending_.valid());
  pending_ = std::async(std::launch::async, [now = std::move(checkpoint), write, ended]() mutable {
    try {
      write(now);
    } catch (...) {
      ended(false);
      throw;
    }
    ended(true);
    for (auto* tensors : {&now.model, &now.optimizer, &now.views, &now.curriculum})
      tensors->clear();
    return std::move(now);
  });
} catch (const std::system_error& fault) {
  ended(false);
  throw Error(Exit::no_resources, concat("no thread can be started to write the checkpoint: ",
                                         fault.what(), ". Allow the process more of them."));
}

bool CheckpointWriter::is_written() const {
  return pending_.valid() &&
         pending_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

std::optional<Checkpoint> CheckpointWriter::finish() {
  if (!pending_.valid()) return std::nullopt;
  return pending_.get();
}

}  // namespace weft::host
