// SPDX-License-Identifier: Apache-2.0
/// The program weft-probe FILE TIER TORCH TOKEN: tells a plug-in's descriptor to the process that
/// started it, on file descriptor 3. See probe.hpp.

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "host/registry/probe.hpp"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("weft-probe is run by weft, with FILE TIER TORCH TOKEN.\n", stderr);
    return 2;
  }
  // Whoever started this may itself be killed, by a time limit of its own: nothing is left behind.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::alarm(2 * static_cast<unsigned>(weft::host::probe_limit.count() / 1000));
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // a crash here is expected and no news
  weft::host::tell_descriptor(argv[1], {argv[2], argv[3]}, argv[4], 3);
  ::_exit(0);
}
