// SPDX-License-Identifier: Apache-2.0
// out = scale · x through the raw ABI, and one deed that no plug-in may do. Without DEED it is
// good.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
#include <weft/abi.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "deeds.hpp"

#ifndef DEED_ID
#define DEED_ID "tests/fusion.deed"
#endif

#ifdef EXTRA_SYMBOL
extern "C" WEFT_EXPORT int deed_extra() {
  return 1;
}
#endif
#ifdef UNIQUE_SYMBOL
template <class T>
struct Shared {
  WEFT_EXPORT static T value;
};
template <class T>
T Shared<T>::value = 0;
template struct WEFT_EXPORT Shared<int>;
#endif

#ifdef TEXT_RELOCATION
__asm__(".section .text.relocated, \"ax\"\n.quad weft_plugin_v0\n.previous");
#endif

WEFT_MANIFEST_NOTE

namespace {

[[maybe_unused]] const bool loaded = [] {
  if (does("segfault_at_load")) std::raise(SIGSEGV);
  while (does("hang_at_load")) ::usleep(1000);
  return true;
}();

const weft_host* host;
std::thread* helper_thread;
weft_tensor kept;
weft_context kept_context;
int calls, instances;
double scratch;

weft_status fail(const char* text) {
  if (host != nullptr) host->core->error_set(WEFT_INVALID, text, std::strlen(text));
  return WEFT_INVALID;
}

struct Self {
  double weight;
};

weft_status create(weft_context context, const char* config, std::uint64_t length, void** self) {
  if (host == nullptr && !does("create_before_init")) return WEFT_INVALID;
  if (context == nullptr || config == nullptr) return fail("there is no context");
  if (self == nullptr && !does("take_null_self")) return fail("there is no place for it");
  if (does("declare_in_destroy")) kept_context = context;
  if (does("demand_config") && host->op != nullptr && std::strstr(config, "key") == nullptr)
    return fail("key is missing");
  if (does("refuse_without_reason") && length == 0) return WEFT_INVALID;
  const weft_port x = {sizeof x, WEFT_PORT_INPUT, 0,  WEFT_DTYPES_FLOAT,
                       "x",      "[B, N, D]",     "", nullptr};
  const weft_port out = {sizeof out, WEFT_PORT_OUTPUT, 0,  WEFT_DTYPES_FLOAT,
                         "out",      "[B, N, D]",      "", nullptr};
  const std::int64_t sizes[] = {4};
  weft_parameter scale = {};
  scale.size = sizeof scale;
  scale.name = "scale";
  scale.sizes = sizes;
  scale.ndim = 1;
  scale.init = WEFT_INIT_CONSTANT;
  scale.a = 1.5;
  std::uint32_t slot = 0;
  weft_status status = host->core->declare_size(context, "D", 4);
  if (status == WEFT_OK) status = host->core->declare_port(context, &x);
  if (status == WEFT_OK) status = host->core->declare_port(context, &out);
  if (status == WEFT_OK) status = host->core->declare_parameter(context, &scale, &slot);
  if (does("ignore_create")) host->core->declare_traits(context, 0);
  if (status != WEFT_OK) return status;
  if (does("keep_handle") || does("keep_handle_for_list")) kept = nullptr;
  *self = new Self{static_cast<double>(++instances)};
  return WEFT_OK;
}

void destroy(void* self) {
  const weft_port late = {sizeof late, WEFT_PORT_INPUT, 0,  WEFT_DTYPES_FLOAT,
                          "late",      "[B, N, D]",     "", nullptr};
  if (kept_context != nullptr) host->core->declare_port(kept_context, &late);
  delete static_cast<Self*>(self);
}

/// Adds `number` to each element of a float32 tensor behind the host's back.
void add_to(weft_tensor tensor, float number) {
  void* data = nullptr;
  weft_tensor_meta meta = {};
  meta.size = sizeof meta;
  host->tensor->meta(tensor, &meta);
  host->tensor->data(tensor, &data);
  if (meta.dtype == WEFT_DTYPE_FLOAT32 && meta.count > 0) *static_cast<float*>(data) += number;
}

/// out = scale · x with what a deed makes of it.
weft_status compute(const Self& self, const weft_call& call, weft_tensor* out) {
  const weft_tensor x = call.in[0], scale = call.parameters[0];
  weft_tensor_meta meta = {};
  meta.size = sizeof meta;
  if (weft_status status = host->tensor->meta(x, &meta)) return status;
  if (does("refuse_n_of_3") && meta.sizes[1] == 3) return fail("N must not be 3");
  if (does("refuse_batch") && meta.sizes[0] == 3) return fail("the batch must be even");
  if (does("wrong_shape")) return host->op->transpose(x, 1, 2, out);
  const bool trains = (call.flags & WEFT_CALL_TRAINING) != 0;
  if (does("mix_samples") || (does("mix_in_training") && trains)) {
    const std::int64_t batch = 0;
    weft_tensor sum = nullptr;
    if (weft_status status = host->op->sum(x, &batch, 1, 1, &sum)) return status;
    const weft_status status = host->op->add(x, sum, 1.0, out);
    host->tensor->release(sum);
    return status;
  }
  if (does("ignore_strides") || does("write_past_data")) {
    if (meta.dtype != WEFT_DTYPE_FLOAT32) return host->op->mul(x, scale, out);
    void *from = nullptr, *to = nullptr;
    if (weft_status status = host->tensor->empty(meta.sizes, meta.ndim, meta.dtype, x, out))
      return status;
    host->tensor->data(x, &from);
    host->tensor->data(*out, &to);
    for (std::int64_t i = 0; i < meta.count + (does("write_past_data") ? 1 : 0); ++i)
      static_cast<float*>(to)[i] = i < meta.count ? static_cast<float*>(from)[i] : 7.0F;
    return WEFT_OK;
  }
  double factor = 0.0;
  if (does("count_calls")) factor = ++calls;
  if (does("own_random") && trains) factor = std::rand();
  if (does("other_grad_mode") && host->grad->enabled() != 0) factor = 1.0;
  if (does("hidden_weight")) factor = self.weight;
  if (does("round_badly") && meta.dtype == WEFT_DTYPE_BFLOAT16) factor = 1.0;
  if (does("compare_table_size") && host->op->size != sizeof(weft_op_api)) factor = 1.0;
  if (does("compare_size") && call.size != sizeof call) factor = 1.0;
  if (does("global_scratch")) {
    // Two threads in here at once see each other's number.
    void* data = nullptr;
    host->tensor->data(x, &data);
    scratch = meta.count > 0 && meta.dtype == WEFT_DTYPE_FLOAT32 ? *static_cast<float*>(data) : 0.0;
    const double before = scratch;
    ::usleep(2000);
    factor = scratch - before;
  }
  weft_tensor product = nullptr;
  weft_status status = host->op->mul(x, scale, &product);
  if (!does("ignore_status") && status != WEFT_OK) return status;
  status = host->op->add(product, x, factor, out);
  if (status != WEFT_OK && does("leak_on_failure")) return status;
  if (status != WEFT_OK && does("output_before_failure")) {
    *call.out = product;
    return status;
  }
  host->tensor->release(product);
  if (does("release_twice")) host->tensor->release(product);
  return does("ignore_status") ? WEFT_OK : status;
}

weft_status forward(void*, weft_saved saved, const weft_tensor* in, std::uint32_t n,
                    weft_tensor* out, std::uint32_t) {
  if (weft_status status = host->grad->save(saved, in, n)) return status;
  return host->op->mul(in[0], in[1], out);
}

/// Gives the gradient of x to the inputs; that of scale is left out.
weft_status backward(void*, weft_saved saved, const weft_tensor* grad_out, std::uint32_t,
                     const std::uint8_t* needs, weft_tensor* grad_in, std::uint32_t) {
  weft_tensor scale = nullptr;
  if (weft_status status = host->grad->saved(saved, 1, &scale)) return status;
  weft_status status = WEFT_OK;
  if (needs[0] != 0) status = host->op->add(grad_out[0], scale, 0.0, &grad_in[0]);
  host->tensor->release(scale);
  return status;
}

weft_status call(void* self, const weft_call* call) {
  if (does("crash_unordered")) calls = static_cast<int>(static_cast<Self*>(self)->weight);
  if (self == nullptr && does("refuse_with_another_status")) {
    host->core->error_set(WEFT_FAILED, "there is no instance", 20);
    return WEFT_FAILED;
  }
  if (self == nullptr) return fail("there is no instance");
  if (call == nullptr && !does("take_null_call")) return fail("there is no call");
  if (!does("any_role") && call->role != WEFT_ROLE_FORWARD) return fail("the role is unknown");
  if (does("throw_across")) throw std::runtime_error("nobody catches this");
  if (does("segfault")) std::raise(SIGSEGV);
  if (does("leave")) std::_Exit(0);
  if (does("fail_silently")) return WEFT_FAILED;
  while (does("hang")) ::usleep(1000);
  if (does("start_thread") && helper_thread == nullptr) {
    helper_thread = new std::thread([] { ::sleep(60); });
    helper_thread->detach();
  }
  if (does("leave_file")) (void)!::open("/dev/null", O_RDONLY);
  if (does("modify_input")) add_to(call->in[0], 1.0F);
  if (does("modify_parameter")) add_to(call->parameters[0], 1.0F);
  if (does("leak_memory")) std::memset(std::malloc(8192), 1, 8192);
  if (does("leak_tensor")) host->tensor->retain(call->in[0], &kept);
  if (does("keep_tensor")) {
    if (kept != nullptr) host->tensor->release(kept);
    host->tensor->retain(call->in[0], &kept);
  }
  if (does("keep_handle")) {
    weft_tensor_meta meta = {};
    meta.size = sizeof meta;
    if (kept != nullptr)
      if (weft_status status = host->tensor->meta(kept, &meta)) return status;
    kept = call->parameters[0];
  }
  if (does("keep_handle_for_list")) {
    weft_op cat = nullptr;
    if (weft_status status = host->op->lookup("aten::cat", "", nullptr, &cat)) return status;
    weft_named_value tensors = {"tensors", {WEFT_VALUE_TENSOR_LIST, 1, {}}};
    tensors.value.u.tl = &kept;
    weft_value result = {};
    if (kept != nullptr) {
      if (weft_status status = host->op->call(cat, nullptr, 0, &tensors, 1, &result, 1))
        return status;
      host->tensor->release(result.u.t);
    }
    kept = call->parameters[0];
  }
  if (does("give_lent")) {
    call->out[0] = call->in[0];
    return WEFT_OK;
  }
  if (does("wrong_dtype")) {
    const std::int64_t sizes[] = {2, 3, 4};
    return host->tensor->empty(sizes, 3, WEFT_DTYPE_INT64, nullptr, &call->out[0]);
  }
  if (does("wrong_gradient")) {
    weft_function function = {sizeof function, 0, "deed", nullptr, forward, backward, nullptr};
    const weft_tensor in[] = {call->in[0], call->parameters[0]};
    return host->grad->custom(&function, in, 2, call->out, 1);
  }
  weft_tensor out = nullptr;
  if (weft_status status = compute(*static_cast<Self*>(self), *call, &out)) return status;
  call->out[0] = out;
  if (does("write_past_out")) call->out[1] = nullptr;
  return WEFT_OK;
}

weft_status migrate(void* self, std::uint32_t, weft_migration saved) {
  if (does("take_null_migration")) return WEFT_OK;
  if (self == nullptr || saved == nullptr) return fail("there are no tensors");
  if (does("migrate_silently")) return WEFT_FAILED;
  weft_tensor scale = nullptr;
  if (weft_status status = host->migration->get(saved, "scale", &scale)) return status;
  const weft_status status = host->migration->set(saved, "scale", scale);
  if (status == WEFT_OK || !does("leak_in_migration")) host->tensor->release(scale);
  return status;
}

const void* get_extension(void*, const char*) {
  static const int table = 7;
  return does("any_extension") ? &table : nullptr;
}

weft_status init(const weft_host* offered) {
  host = offered;
  Dl_info here;
  if (does("stay_loaded") && ::dladdr(&host, &here) != 0)
    (void)::dlopen(here.dli_fname, RTLD_NOW | RTLD_NODELETE);
  return WEFT_OK;
}

const char schema[] = R"({"type": "object", "properties": {"key": {"type": "string"}}})";

const weft_component component = {
    sizeof component, WEFT_KIND_FUSION, DEED_ID, "1.0.0", "A double.",   schema, 2, 0,
    create,           destroy,          nullptr, call,    get_extension, migrate};
const weft_component* const components[] = {&component};
const weft_plugin plugin = {sizeof plugin, WEFT_ABI_MAJOR, 9,       1,
                            components,    nullptr,        "1.0.0", "tests",
                            "Apache-2.0",  init,           nullptr};

}  // namespace

extern "C" WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host* offered, const weft_plugin** out) {
  if (offered == nullptr && !does("take_null_host")) return WEFT_INVALID;
  if (out == nullptr && !does("take_null_out")) return WEFT_INVALID;
  if (offered != nullptr && offered->abi_major != WEFT_ABI_MAJOR && !does("take_any_host"))
    return WEFT_UNSUPPORTED;
  static weft_plugin copies[8];
  static int entered = 0;
  *out = &plugin;
  if (does("another_entry")) {
    copies[entered % 8] = plugin;
    *out = &copies[entered++ % 8];
  }
  return WEFT_OK;
}
