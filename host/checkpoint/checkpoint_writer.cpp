// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint_writer.hpp"

#include <cassert>
#include <chrono>
#include <system_error>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

void CheckpointWriter::begin(Checkpoint checkpoint,
                             const std::function<void(bool is_there)>& ended) try {
  assert(!pending_.valid());
  pending_ = std::async(std::launch::async, [this, now = std::move(checkpoint), ended]() mutable {
    try {
      now.model_xxh3 = save_checkpoint(run_, now);
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
