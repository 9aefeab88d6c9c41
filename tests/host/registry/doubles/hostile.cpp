// SPDX-License-Identifier: Apache-2.0
// A plug-in that does one evil thing, named by its definition, and is a good one before that.
#include <unistd.h>
#include <weft/abi.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

WEFT_MANIFEST_NOTE

namespace {

[[maybe_unused]] void segfault() {
  std::raise(SIGSEGV);
}
[[maybe_unused]] void hang() {
  for (;;) ::usleep(1000);
}
[[maybe_unused]] void leave() {
  std::_Exit(0);
}
[[maybe_unused]] void fail() {
  throw std::runtime_error("no licence server");
}
/// Says what a finished probe says, where it says it, and leaves.
[[maybe_unused]] void forge() {
  const char text[] = "0\n{}\n12345-67890\n";
  if (::write(3, text, sizeof text - 1) < 0) std::_Exit(1);
  std::_Exit(0);
}
[[maybe_unused]] void nothing() {}

#ifndef AT_LOAD
#define AT_LOAD nothing
#endif
#ifndef IN_CREATE
#define IN_CREATE nothing
#endif
#ifndef AT_END
#define AT_END nothing
#endif

struct Initialiser {
  Initialiser() { AT_LOAD(); }
} initialiser;

const weft_host* host;

weft_status create(weft_context context, const char*, std::uint64_t, void** self) {
  const weft_port port = {sizeof port, WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "out", "[B]",
                          "",          nullptr};
  IN_CREATE();
  *self = nullptr;
  return host->core->declare_port(context, &port);
}
void destroy(void*) {}
weft_status call(void*, const weft_call*) {
  return WEFT_OK;
}
weft_status init(const weft_host* offered) {
  host = offered;
  return WEFT_OK;
}
void deinit() {
  AT_END();
}

const weft_component component = {
    sizeof component, WEFT_KIND_FUSION, "fusion.good", "1.0.0", "A double.", "{}",   1, 0,
    create,           destroy,          nullptr,       call,    nullptr,     nullptr};
const weft_component* const components[] = {&component};
const weft_plugin plugin = {sizeof plugin, WEFT_ABI_MAJOR, 9,       1,
                            components,    nullptr,        "1.0.0", "weft",
                            "Apache-2.0",  init,           deinit};

}  // namespace

extern "C" WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host*, const weft_plugin** out) {
  *out = &plugin;
  return WEFT_OK;
}
