/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden plug-ins in C share. plugins/fusion/mean.c explains the style. */
#ifndef WEFT_TESTS_GOLDEN_H
#define WEFT_TESTS_GOLDEN_H

#include <stdlib.h>
#include <string.h>
#include <weft/abi.h>

static const weft_host* host;

/* Leaves for the label `done` at the first failure. */
#define TRY(expression)               \
  do {                                \
    status = (expression);            \
    if (status != WEFT_OK) goto done; \
  } while (0)

/* Puts a reason into the host's error record and returns the status, for `return fail(…)`. */
static inline weft_status fail(weft_status status, const char* reason) {
  if (host != NULL) host->core->error_set(status, reason, strlen(reason));
  return status;
}

#define LENGTH(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

#define OPERATION(next, name, overload, schema, slot) \
  { sizeof(weft_operation), 0, next, name, overload, schema, slot }

static inline weft_value number_of(double number) {
  weft_value value = {WEFT_VALUE_DOUBLE, 0, {0}};
  value.u.d = number;
  return value;
}

static inline weft_value integer(int64_t number) {
  weft_value value = {WEFT_VALUE_INT, 0, {0}};
  value.u.i = number;
  return value;
}

static inline weft_value dtype_of(uint32_t dtype) {
  weft_value value = {WEFT_VALUE_DTYPE, 0, {0}};
  value.u.i = dtype;
  return value;
}

static inline weft_value tensor(weft_tensor handle) {
  weft_value value = {WEFT_VALUE_TENSOR, 0, {0}};
  value.u.t = handle;
  return value;
}

/* Runs an operation of up to two further arguments that has one tensor as its result. */
static inline weft_status run3(weft_op op, weft_value a, weft_value b, weft_value c, uint32_t n,
                               weft_tensor* out) {
  const weft_value args[] = {a, b, c};
  weft_value result = {WEFT_VALUE_NONE, 0, {0}};
  const weft_status status = host->op->call(op, args, n, NULL, 0, &result, 1);
  if (status == WEFT_OK) *out = result.u.t;
  return status;
}
static inline weft_status run1(weft_op op, weft_tensor a, weft_tensor* out) {
  return run3(op, tensor(a), integer(0), integer(0), 1, out);
}
static inline weft_status run2(weft_op op, weft_tensor a, weft_value b, weft_tensor* out) {
  return run3(op, tensor(a), b, integer(0), 2, out);
}

/* The sizes of a tensor, which live as long as it. */
static inline weft_status sizes_of(weft_tensor handle, const int64_t** sizes) {
  weft_tensor_meta meta = {0};
  meta.size = sizeof meta;
  const weft_status status = host->tensor->meta(handle, &meta);
  if (status == WEFT_OK) *sizes = meta.sizes;
  return status;
}

static inline void release_all(weft_tensor* const* handles, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) host->tensor->release(*handles[i]);
}

/* What create() must have been given. */
static inline weft_status check_create(weft_context context, const char* config, void** self) {
  if (host == NULL || context == NULL || config == NULL || self == NULL)
    return fail(WEFT_INVALID, "create: without init or a context");
  return WEFT_OK;
}

/* What call() of a part with one role must have been given. */
static inline weft_status check_forward(const weft_call* call) {
  if (call == NULL) return fail(WEFT_INVALID, "call: without a call");
  if (call->role != WEFT_ROLE_FORWARD) return fail(WEFT_UNSUPPORTED, "this part has one role");
  return WEFT_OK;
}

/* Leaves `found` as it is, or replaces it by the integer behind `"key":`. The host has checked the
 * configuration against the schema, and keys are all the strings there are in it. The integer may
 * be written 64.0; where a locale has a decimal comma, strtod stops at that point, and behind it
 * the host writes only zeros. */
static inline weft_status setting(const char* config, uint64_t len, const char* key,
                                  int64_t* found) {
  char* text = malloc(len + 1);
  if (text == NULL) return fail(WEFT_NO_MEMORY, "create: no memory for the configuration");
  memcpy(text, config, len);
  text[len] = '\0';
  const char* at = strstr(text, key);
  if (at != NULL) at = strchr(at, ':');
  const double number = at == NULL ? (double)*found : strtod(at + 1, NULL);
  free(text);
  if (!(number >= 1 && number <= 1048576))
    return fail(WEFT_INVALID, "create: a setting is no integer from 1 to 1048576");
  *found = (int64_t)number;
  return WEFT_OK;
}

static inline weft_status declare_ports(weft_context context, const weft_port* ports, uint32_t n) {
  weft_status status = WEFT_OK;
  for (uint32_t i = 0; status == WEFT_OK && i < n; ++i)
    status = host->core->declare_port(context, &ports[i]);
  return status;
}

/* A parameter, or with `buffer` a buffer, that is always the next slot. */
static inline weft_status declare(weft_context context, int buffer, const char* name, int64_t rows,
                                  int64_t columns, uint32_t init, double a, double b,
                                  uint32_t flags) {
  const int64_t sizes[] = {rows, columns};
  uint32_t slot = 0;
  weft_parameter parameter = {0};
  parameter.size = sizeof parameter;
  parameter.flags = flags;
  parameter.name = name;
  parameter.sizes = sizes;
  parameter.ndim = columns == 0 ? 1 : 2;
  parameter.init = init;
  parameter.a = a;
  parameter.b = b;
  return buffer ? host->core->declare_buffer(context, &parameter, &slot)
                : host->core->declare_parameter(context, &parameter, &slot);
}

static inline void destroy_nothing(void* self) {
  (void)self;
}

static inline weft_status keep_host(const weft_host* offered) {
  host = offered;
  return WEFT_OK;
}

#define INTEGER(key, lowest, otherwise, doc)                                                \
  "\"" key "\": {\"type\": \"integer\", \"minimum\": " #lowest ", \"default\": " #otherwise \
  ", \"description\": \"" doc "\"}"
#define SETTINGS(properties) \
  "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {" properties "}}"

/* The library's descriptor and entry, for `component` and the chain that begins at `first`, in
 * hosts of ABI 0.`minor` and later. */
#define GOLDEN_PLUGIN_OF(component, first, minor)                                            \
  WEFT_MANIFEST_NOTE                                                                         \
  static const weft_component* const components[] = {&(component)};                          \
  static const weft_plugin plugin = {sizeof(weft_plugin), WEFT_ABI_MAJOR, minor,   1,        \
                                     components,          first,          "1.0.0", "golden", \
                                     "Apache-2.0",        keep_host,      NULL};             \
  WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host* offered, const weft_plugin** out) {    \
    if (offered == NULL || out == NULL || !WEFT_HAS(offered, core) || offered->core == NULL) \
      return WEFT_INVALID;                                                                   \
    if (offered->abi_major != WEFT_ABI_MAJOR) return WEFT_UNSUPPORTED;                       \
    *out = &plugin;                                                                          \
    return WEFT_OK;                                                                          \
  }
/* The same for a part of ABI 0.9. */
#define GOLDEN_PLUGIN(component, first) GOLDEN_PLUGIN_OF(component, first, 9)

#endif
