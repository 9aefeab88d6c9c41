// SPDX-License-Identifier: Apache-2.0
/// `_exit` and `_Exit` as plug-ins find them: what the program exports comes before the C
/// library's. guard_exits() sets the hook, and so gets to know who ends the process without a word.

#include <sys/syscall.h>
#include <unistd.h>

#define WEFT_SEEN_BY_PLUGINS extern "C" __attribute__((visibility("default")))

WEFT_SEEN_BY_PLUGINS void (*weft_on_exit)(const char* call);
void (*weft_on_exit)(const char* call) = nullptr;

WEFT_SEEN_BY_PLUGINS __attribute__((noreturn)) void _exit(int status) {
  if (weft_on_exit != nullptr) weft_on_exit("_exit");
  for (;;) ::syscall(SYS_exit_group, status);
}

WEFT_SEEN_BY_PLUGINS __attribute__((noreturn)) void _Exit(int status) noexcept {
  ::_exit(status);
}
