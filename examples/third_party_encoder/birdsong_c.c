/* SPDX-License-Identifier: Apache-2.0 */
/* acme/encoder.birdsong_c: the encoder of birdsong.cpp in C11, with nothing but <weft/abi.h>.
 * docs/abi/plugin-in-c.md walks through it, from the end to the beginning. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/abi.h>

/* [host] */
/* Kept from init; stays valid until the library is unloaded. */
static const weft_host* host;
/* [host] */

/* [operations] */
/* Resolved by the host before init, which refuses the library if one is missing or has
 * another signature. layer_norm, transpose, reshape and sum are in the typed lane of weft_op_api
 * and need no slot. */
static weft_op conv1d, gelu, slice, logical_not, masked_fill, ones, clamp_min, divide, to_type;

#define OPERATION(next, name, overload, schema, slot) \
  { sizeof(weft_operation), 0, next, name, overload, schema, slot }

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::conv1d", "",
              "conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, "
              "SymInt[1] padding=0, SymInt[1] dilation=1, SymInt groups=1) -> Tensor",
              &conv1d),
    OPERATION(&operations[2], "aten::gelu", "",
              "gelu(Tensor self, *, str approximate='none') -> Tensor", &gelu),
    OPERATION(&operations[3], "aten::slice", "Tensor",
              "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, "
              "SymInt step=1) -> Tensor(a)",
              &slice),
    OPERATION(&operations[4], "aten::logical_not", "", "logical_not(Tensor self) -> Tensor",
              &logical_not),
    OPERATION(&operations[5], "aten::masked_fill", "Scalar",
              "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", &masked_fill),
    OPERATION(
        &operations[6], "aten::new_ones", "",
        "new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, "
        "Device? device=None, bool? pin_memory=None) -> Tensor",
        &ones),
    OPERATION(&operations[7], "aten::clamp_min", "", "clamp_min(Tensor self, Scalar min) -> Tensor",
              &clamp_min),
    OPERATION(&operations[8], "aten::div", "Tensor",
              "div.Tensor(Tensor self, Tensor other) -> Tensor", &divide),
    OPERATION(
        NULL, "aten::to", "dtype",
        "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, "
        "MemoryFormat? memory_format=None) -> Tensor(a)",
        &to_type),
};
/* [operations] */

/* ---- values and errors ---- */

/* [errors] */
/* Leaves for the label `done` at the first failure; the reason is in the host's error
 * record already. */
#define TRY(expression)               \
  do {                                \
    status = (expression);            \
    if (status != WEFT_OK) goto done; \
  } while (0)

/* Puts a reason into that record and returns the status, for `return fail(…)`. */
static weft_status fail(weft_status status, const char* reason) {
  if (host != NULL) host->core->error_set(status, reason, strlen(reason));
  return status;
}
/* [errors] */

/* [values] */
static weft_value tensor(weft_tensor t) {
  weft_value value = {t == NULL ? WEFT_VALUE_NONE : WEFT_VALUE_TENSOR, 0, {0}};
  value.u.t = t;
  return value;
}

static weft_value integer(int64_t i) {
  weft_value value = {WEFT_VALUE_INT, 0, {0}};
  value.u.i = i;
  return value;
}

static weft_value type(uint32_t dtype) {
  weft_value value = {WEFT_VALUE_DTYPE, 0, {0}};
  value.u.i = dtype;
  return value;
}

/* Runs an operation on up to five arguments, of which the first is a tensor. Others are left out,
 * and `x` is replaced by the result: a chain of operations needs one variable and one release. */
static weft_status apply(weft_op op, weft_tensor* x, uint32_t n_args, const weft_value* more) {
  weft_value args[6] = {tensor(*x)}, result = {WEFT_VALUE_NONE, 0, {0}};
  for (uint32_t i = 0; i < n_args; ++i) args[i + 1] = more[i];
  const weft_status status = host->op->call(op, args, n_args + 1, NULL, 0, &result, 1);
  if (status != WEFT_OK) return status;
  host->tensor->release(*x);
  *x = result.u.t;
  return WEFT_OK;
}
/* [values] */

/* The same for a function of the typed lane: puts `next`, which it made, in the place of `x`. */
static void replace(weft_tensor* x, weft_tensor next) {
  host->tensor->release(*x);
  *x = next;
}

static weft_status sizes_of(weft_tensor t, const int64_t** sizes) {
  weft_tensor_meta meta = {0};
  meta.size = sizeof meta;
  const weft_status status = host->tensor->meta(t, &meta);
  if (status == WEFT_OK) *sizes = meta.sizes;
  return status;
}

/* ---- the computation ---- */

typedef struct birdsong {
  int64_t features, dim, stages, kernel;
} birdsong;

/* [stage] */
/* One stage, in place: x [B, T, in] to [B, ⌈T / 2⌉, D], mask [B, T] to [B, ⌈T / 2⌉] if
 * there is one. `p` points at the four parameters of the stage, in the order of their declaration.
 */
static weft_status run_stage(const birdsong* self, const weft_tensor* p, weft_tensor* x,
                             weft_tensor* mask) {
  weft_tensor padding = NULL, next = NULL;
  weft_status status;

  if (*mask != NULL) {
    const int64_t* sizes = NULL;
    TRY(host->tensor->retain(*mask, &padding));
    TRY(apply(logical_not, &padding, 0, NULL));
    TRY(sizes_of(padding, &sizes));
    const int64_t column[] = {sizes[0], sizes[1], 1};
    TRY(host->op->reshape(padding, column, 3, &next));
    replace(&padding, next);
    TRY(apply(masked_fill, x, 2, (weft_value[]){tensor(padding), integer(0)}));
    TRY(apply(slice, mask, 4,
              (weft_value[]){integer(1), integer(0), integer(INT64_MAX), integer(2)}));
  }
  TRY(host->op->transpose(*x, 1, 2, &next));
  replace(x, next);
  TRY(apply(conv1d, x, 4,
            (weft_value[]){tensor(p[0]), tensor(p[1]), integer(2), integer(self->kernel / 2)}));
  TRY(host->op->transpose(*x, 1, 2, &next));
  replace(x, next);
  TRY(host->op->layer_norm(*x, &self->dim, 1, p[2], p[3], 1e-5, &next));
  replace(x, next);
  TRY(apply(gelu, x, 0, NULL));

done:
  host->tensor->release(padding); /* null is allowed */
  return status;
}
/* [stage] */

/* A mask [B, U] that is true throughout, for x [B, U, D]. */
static weft_status all_true(weft_tensor x, weft_tensor* out) {
  const int64_t* sizes = NULL;
  const weft_status status = sizes_of(x, &sizes);
  if (status != WEFT_OK) return status;
  weft_value args[] = {tensor(x), {WEFT_VALUE_INT_LIST, 2, {0}}},
             result = {WEFT_VALUE_NONE, 0, {0}};
  args[1].u.il = sizes;
  const weft_named_value dtype = {"dtype", type(WEFT_DTYPE_BOOL)};
  const weft_status made = host->op->call(ones, args, 2, &dtype, 1, &result, 1);
  if (made == WEFT_OK) *out = result.u.t;
  return made;
}

/* Mean over the tokens of x [B, U, D] whose mask [B, U] is true, 0 where there is none: [B, D]. */
static weft_status mean(weft_tensor x, weft_tensor mask, weft_tensor* out) {
  weft_tensor weight = NULL, count = NULL, total = NULL, next = NULL;
  const int64_t time = 1, *sizes = NULL;
  weft_tensor_meta meta = {0};
  weft_status status;

  meta.size = sizeof meta;
  TRY(host->tensor->meta(x, &meta));
  TRY(host->tensor->retain(mask, &weight));
  TRY(apply(to_type, &weight, 1, (weft_value[]){type(meta.dtype)}));
  TRY(sizes_of(weight, &sizes));
  const int64_t column[] = {sizes[0], sizes[1], 1};
  TRY(host->op->reshape(weight, column, 3, &next));
  replace(&weight, next);
  TRY(host->op->mul(x, weight, &total));
  TRY(host->op->sum(total, &time, 1, 0, &next));
  replace(&total, next);
  TRY(host->op->sum(weight, &time, 1, 0, &count));
  TRY(apply(clamp_min, &count, 1, (weft_value[]){integer(1)}));
  TRY(apply(divide, &total, 1, (weft_value[]){tensor(count)}));
  *out = total;
  total = NULL;

done:
  host->tensor->release(weight);
  host->tensor->release(count);
  host->tensor->release(total);
  return status;
}

/* [call] */
/* in: features, then the mask if it is wired. out: tokens, mask, pooled. */
static weft_status call(void* instance, const weft_call* call) {
  if (instance == NULL || call == NULL) return fail(WEFT_INVALID, "call: without an instance");
  const birdsong* self = instance;
  weft_tensor x = NULL, mask = NULL, pooled = NULL;
  weft_status status;

  if (call->role != WEFT_ROLE_FORWARD)
    return fail(WEFT_UNSUPPORTED, "an encoder has one role, forward");
  TRY(host->tensor->retain(call->in[0], &x));
  if (call->in_count[1] == 1) TRY(host->tensor->retain(call->in[1], &mask));
  for (int64_t s = 0; s < self->stages; ++s)
    TRY(run_stage(self, call->parameters + 4 * s, &x, &mask));
  if (mask == NULL) TRY(all_true(x, &mask));
  TRY(mean(x, mask, &pooled));
  call->out[0] = x; /* the host takes all three over */
  call->out[1] = mask;
  call->out[2] = pooled;
  return WEFT_OK;

done:
  host->tensor->release(x);
  host->tensor->release(mask);
  host->tensor->release(pooled);
  return status;
}
/* [call] */

/* ---- the component ---- */

#define FIELD(name, standard, more, doc)                                              \
  "\"" name "\": {\"type\": \"integer\", \"minimum\": 1, \"default\": " standard more \
  ", \"description\": \"" doc "\"}"
/* Where a recipe is silent, the size of axis 2 of what is wired to the port. */
#define FROM_WIRE(port) ", \"$defs\": {\"x-from\": {\"port\": \"" port "\", \"axis\": 2}}"

/* [config] */
/* Integers with defaults: the host checks a configuration against this and fills in what
 * is missing. */
static const char config_schema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"  //
    FIELD("features", "80", FROM_WIRE("features"),
          "Numbers F in a frame, such as mel bands.") ", "                            //
    FIELD("dim", "64", "", "Width D of the tokens.") ", "                             //
    FIELD("stages", "2", "", "Convolutions; each halves the number of frames.") ", "  //
    FIELD("kernel", "5", "", "Frames that a convolution sees; odd.") "}}";

/* So no JSON library is needed: the number behind "name": is there. It may be written 64.0, which
 * is why this reads a double. Where a locale has a decimal comma, strtod stops at that point, and
 * behind it the host writes only zeros. */
static int64_t number(const char* config, const char* name) {
  const char* found = strstr(config, name);
  return found == NULL ? 0 : (int64_t)strtod(strchr(found, ':') + 1, NULL);
}
/* [config] */

/* [declare] */
static weft_status declare_ports(weft_context context, const birdsong* self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "features", "[B, T, F]",
       "Frames in time order.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL, "mask", "[B, T]",
       "Padding mask: true = real.", "features"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "tokens", "[B, U, D]",
       "The sound, shortened.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_BOOL, "mask", "[B, U]",
       "Padding mask: true = real.", "tokens"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "pooled", "[B, D]",
       "The whole sound in one vector.", NULL},
  };
  weft_status status = host->core->declare_size(context, "F", self->features);
  if (status == WEFT_OK) status = host->core->declare_size(context, "D", self->dim);
  for (size_t i = 0; status == WEFT_OK && i < sizeof ports / sizeof *ports; ++i)
    status = host->core->declare_port(context, &ports[i]);
  return status;
}

/* Slots are given in the order of declaration: four for each stage. */
static weft_status declare_parameters(weft_context context, const birdsong* self) {
  const int64_t dim = self->dim;
  weft_status status = WEFT_OK;
  for (int64_t s = 0; status == WEFT_OK && s < self->stages; ++s) {
    const struct {
      const char* name;
      uint32_t ndim, flags, init;
      double a;
    } parameters[] = {{"conv.weight", 3, 0, WEFT_INIT_XAVIER_UNIFORM, 1.0},
                      {"conv.bias", 1, WEFT_PARAMETER_NO_DECAY, WEFT_INIT_ZEROS, 0.0},
                      {"norm.weight", 1, WEFT_PARAMETER_NO_DECAY, WEFT_INIT_CONSTANT, 1.0},
                      {"norm.bias", 1, WEFT_PARAMETER_NO_DECAY, WEFT_INIT_ZEROS, 0.0}};
    const int64_t sizes[] = {dim, s == 0 ? self->features : dim, self->kernel};
    for (size_t i = 0; status == WEFT_OK && i < 4; ++i) {
      char name[64];
      uint32_t slot = 0;
      snprintf(name, sizeof name, "stage_%d.%s", (int)s, parameters[i].name);
      const weft_parameter parameter = {.size = sizeof parameter,
                                        .flags = parameters[i].flags,
                                        .name = name,
                                        .sizes = sizes,
                                        .ndim = parameters[i].ndim,
                                        .init = parameters[i].init,
                                        .a = parameters[i].a};
      status = host->core->declare_parameter(context, &parameter, &slot);
    }
  }
  return status;
}
/* [declare] */

/* [create] */
static weft_status create(weft_context context, const char* config, uint64_t len, void** out) {
  if (host == NULL || context == NULL || config == NULL || out == NULL)
    return fail(WEFT_INVALID, "create: without init or a context");
  birdsong* self = malloc(sizeof *self);
  char* text = malloc(len + 1); /* `config` need not end with NUL */
  weft_status status;

  if (self == NULL || text == NULL) TRY(fail(WEFT_NO_MEMORY, "create: no memory"));
  memcpy(text, config, len);
  text[len] = '\0';
  *self = (birdsong){number(text, "\"features\""), number(text, "\"dim\""),
                     number(text, "\"stages\""), number(text, "\"kernel\"")};
  if (self->kernel % 2 == 0) TRY(fail(WEFT_INVALID, "kernel: must be odd"));
  TRY(declare_ports(context, self));
  TRY(declare_parameters(context, self));
  *out = self;
  self = NULL;

done:
  free(text);
  free(self);
  return status;
}

static void destroy(void* self) {
  free(self);
}

/* U from T; the port shapes say the rest. */
static weft_status infer(void* instance, const weft_spec* in, const uint32_t* in_count,
                         weft_spec* out) {
  if (instance == NULL || in == NULL || in_count == NULL || out == NULL)
    return fail(WEFT_INVALID, "infer: without an instance");
  int64_t length = in[0].sizes[1];
  if (length < 0) return WEFT_OK; /* unknown stays unknown */
  for (int64_t s = 0; s < ((const birdsong*)instance)->stages; ++s) length = (length + 1) / 2;
  out[0].sizes[1] = out[1].sizes[1] = length;
  return WEFT_OK;
}
/* [create] */

/* [descriptor] */
static const weft_component birdsong_component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_ENCODER,
    .id = "acme/encoder.birdsong_c",
    .version = "1.0.0",
    .summary = "Encode frames of sound by strided convolutions, in C.",
    .config_schema = config_schema,
    .state_version = 1,
    .create = create,
    .destroy = destroy,
    .infer = infer,
    .call = call};

WEFT_MANIFEST_NOTE

static weft_status init(const weft_host* offered) {
  host = offered;
  return WEFT_OK;
}

static const weft_component* const components[] = {&birdsong_component};

static const weft_plugin plugin = {.size = sizeof(weft_plugin),
                                   .abi_major = WEFT_ABI_MAJOR,
                                   .abi_minor_needed = 9,
                                   .n_components = 1,
                                   .components = components,
                                   .operations = operations,
                                   .version = "1.0.0",
                                   .vendor = "acme",
                                   .license = "Apache-2.0",
                                   .init = init};

WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host* offered, const weft_plugin** out) {
  if (offered == NULL || out == NULL) return WEFT_INVALID;
  if (offered->abi_major != WEFT_ABI_MAJOR) return WEFT_UNSUPPORTED;
  *out = &plugin;
  return WEFT_OK;
}
/* [descriptor] */
