// SPDX-License-Identifier: Apache-2.0
/// A component that does what its configuration says: words, not JSON, for the host hands the text
/// on unread. Words of create() act at once; the others act in infer() and call().
#include <weft/abi.h>

#include <stdexcept>
#include <string>

namespace {

const weft_host* host;

struct Self {
  std::string order;
  weft_context context;  // kept on purpose: using it after create() must fail
};

weft_status fail(weft_status status, const std::string& text) {
  host->core->error_set(status, text.data(), text.size());
  return status;
}

weft_status declare_all(weft_context context) {
  const weft_core_api& core = *host->core;
  const int64_t sizes[] = {64, 3};
  uint32_t slot = 99, streams = 0;
  if (core.wired(context, "streams", &streams) != WEFT_OK) return WEFT_INTERNAL;
  const std::string text = "streams: " + std::to_string(streams);
  core.log(WEFT_LOG_INFO, text.data(), text.size());
  const weft_port in = {sizeof in, WEFT_PORT_INPUT, WEFT_PORT_LIST,  WEFT_DTYPES_FLOAT,
                        "streams", "[B, N*, D]",    "What to fuse.", nullptr};
  const weft_port mask = {sizeof mask,      WEFT_PORT_INPUT, WEFT_PORT_LIST | WEFT_PORT_OPTIONAL,
                          WEFT_DTYPES_BOOL, "masks",         "[B, N*]",
                          nullptr,          "streams"};
  const weft_port out = {sizeof out, WEFT_PORT_OUTPUT, 0,        WEFT_DTYPES_FLOAT,
                         "tokens",   "[B, 1, D]",      "Fused.", nullptr};
  const weft_parameter weight = {sizeof weight,
                                 WEFT_PARAMETER_NO_DECAY,
                                 "layer.weight",
                                 sizes,
                                 2,
                                 0,
                                 WEFT_INIT_NORMAL,
                                 0,
                                 0.0,
                                 0.02,
                                 0,
                                 0};
  const weft_parameter buffer = {sizeof buffer,   0, "seen", nullptr, 0, WEFT_DTYPE_INT64,
                                 WEFT_INIT_ZEROS, 0, 0.0,    0.0,     0, 0};
  for (const weft_port* port : {&in, &mask, &out})
    if (weft_status status = core.declare_port(context, port)) return status;
  if (weft_status status = core.declare_size(context, "D", 64)) return status;
  if (weft_status status = core.declare_parameter(context, &weight, &slot)) return status;
  if (slot != 0) return fail(WEFT_INTERNAL, "the first parameter has a wrong slot");
  if (weft_status status = core.declare_buffer(context, &buffer, &slot)) return status;
  return core.declare_traits(context, WEFT_COUPLES_SAMPLES);
}

weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  const std::string order(config, len);
  if (order == "create: refuse") return fail(WEFT_INVALID, "7 must divide dim 256");
  if (order == "create: say nothing") return WEFT_UNSUPPORTED;
  if (order == "create: throw") throw std::runtime_error("no guard");
  if (order == "create: throw int") throw 42;
  if (order == "create: declare nothing") return WEFT_OK;
  if (weft_status status = declare_all(context)) return status;
  if (order == "create: ignore a refusal") host->core->declare_size(context, "D", 65);
  *self = new Self{order, context};
  return WEFT_OK;
}

void destroy(void* self) {
  host->core->log(WEFT_LOG_INFO, "destroy", 7);
  delete static_cast<Self*>(self);
}

weft_status infer(void* self, const weft_spec*, const uint32_t*, weft_spec* out) {
  const std::string& order = static_cast<Self*>(self)->order;
  if (order == "infer: refuse") return fail(WEFT_INVALID, "the streams differ in length");
  if (order == "infer: nonsense")
    out[0].ndim = 77;
  else
    out[0].sizes[1] = 5;
  return WEFT_OK;
}

weft_status call(void* self, const weft_call* tensors) {
  const Self& me = *static_cast<Self*>(self);
  if (me.order == "call: chain") {
    fail(WEFT_FAILED, "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)");
    host->core->error_context("while projecting", 16);
    return WEFT_FAILED;
  }
  if (me.order == "call: declare") return host->core->declare_size(me.context, "E", 1);
  if (me.order == "call: throw") throw std::out_of_range("index 9");
  if (me.order != "call: write nothing") tensors->out[0] = tensors->in[0];
  return WEFT_OK;
}

const void* get_extension(void*, const char* id) {
  static const int table = 7;
  return std::string(id) == "weft.x.seven/1" ? &table : nullptr;
}

weft_status init(const weft_host* offered) {
  host = offered;
  return WEFT_OK;
}

WEFT_MANIFEST_NOTE

const weft_component component = {sizeof component,
                                  WEFT_KIND_FUSION,
                                  "fusion.obedient",
                                  "2.0.1",
                                  "",
                                  "{}",
                                  1,
                                  0,
                                  create,
                                  destroy,
                                  infer,
                                  call,
                                  get_extension,
                                  nullptr};
const weft_component* const components[] = {&component};
const weft_plugin plugin = {sizeof plugin, WEFT_ABI_MAJOR, 9,       1,
                            components,    nullptr,        "1.0.0", "weft",
                            "Apache-2.0",  init,           nullptr};

}  // namespace

extern "C" WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host*, const weft_plugin** out) {
  *out = &plugin;
  return WEFT_OK;
}
