// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace weft::host {

/// While it lives, a libgomp that is loaded is told that threads that wait spin a thousand times
/// and then sleep: those that spin on take the cores from what they wait for, as soon as others
/// want them, too, and those that sleep at once wake too late (decision 0328). Leaves it to
/// OMP_WAIT_POLICY or GOMP_SPINCOUNT where one of them is set.
class ShortWaits {
 public:
  ShortWaits();
  ~ShortWaits();
  ShortWaits(const ShortWaits&) = delete;
  ShortWaits& operator=(const ShortWaits&) = delete;

 private:
  const bool sets_;
};

}  // namespace weft::host
