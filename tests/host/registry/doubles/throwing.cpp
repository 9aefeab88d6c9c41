// SPDX-License-Identifier: Apache-2.0
/// Lets an exception out of the entry or out of init.
#include <weft/abi.h>

#include <stdexcept>

WEFT_MANIFEST_NOTE

namespace {

weft_status create(weft_context, const char*, uint64_t, void**) {
  return WEFT_OK;
}
void destroy(void*) {}
weft_status call(void*, const weft_call*) {
  return WEFT_OK;
}

weft_status init(const weft_host*) {
#ifdef THROW_IN_INIT
  throw 42;
#else
  return WEFT_OK;
#endif
}

const weft_component component = {
    sizeof component, WEFT_KIND_FUSION, "fusion.throwing", "1.0.0", "",      "{}",   1, 0,
    create,           destroy,          nullptr,           call,    nullptr, nullptr};
const weft_component* const components[] = {&component};
const weft_plugin plugin = {sizeof plugin, WEFT_ABI_MAJOR, 9,       1,
                            components,    nullptr,        "1.0.0", "weft",
                            "Apache-2.0",  init,           nullptr};

}  // namespace

extern "C" WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host*, const weft_plugin** out) {
#ifdef THROW_IN_ENTRY
  throw std::runtime_error("the entry threw");
#endif
  *out = &plugin;
  return WEFT_OK;
}
