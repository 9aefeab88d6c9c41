// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace weft::host {

/// While it lives, an OpenMP library that is loaded is told that threads sleep when they wait:
/// those that spin take the cores from what they wait for, as soon as others want them, too. Leaves
/// it to OMP_WAIT_POLICY or GOMP_SPINCOUNT where one of them is set.
class PassiveWaits {
 public:
  PassiveWaits();
  ~PassiveWaits();
  PassiveWaits(const PassiveWaits&) = delete;
  PassiveWaits& operator=(const PassiveWaits&) = delete;

 private:
  const bool sets_;
};

}  // namespace weft::host
