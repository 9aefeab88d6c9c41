// SPDX-License-Identifier: Apache-2.0
/// The socket at which ranks meet.

#pragma once

#include <string>

namespace weft::host {

struct Listening {
  int descriptor = -1;  ///< inherited by child processes
  int port = 0;
};

/// Listens at an address of this machine and nowhere else: c10d asks nobody who he is.
/// @param port  0: any that is free
/// @throws Error (io) where that cannot be
Listening listen_at(const std::string& address, int port);

}  // namespace weft::host
