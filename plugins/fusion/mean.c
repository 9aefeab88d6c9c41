/* SPDX-License-Identifier: Apache-2.0 */
/* How to write a plug-in in C: average fusion, with nothing but <weft/abi.h>.
 *
 *   P_i = mean over the real tokens of stream i       [B, 1, D]
 *   tokens = (P_1 + … + P_n) / n                      [B, 1, D]
 *   mask = true                                       [B, 1]
 *
 * It is the simplest baseline: no parameters, and any number of streams of any length becomes one
 * token. A stream of which a sample has no real token counts as zeros for that sample. What lies at
 * padded positions, be it NaN, never reaches the result or a gradient.
 *
 * Read from the end: the entry point hands out a descriptor, the descriptor names the component,
 * the component is four functions. The host calls them in the order init, create, call …, destroy.
 *
 * Two habits keep C code free of leaks:
 *  - Every handle a function obtains lies in a variable that begins as NULL; all of them are
 * released at one label, which success and failure both pass. release(NULL) is allowed.
 *  - What shall outlive the function moves into *out as the last step. Until then the function owns
 * it.
 */

#include <stdlib.h>
#include <string.h>
#include <weft/abi.h>

/* Kept from init; stays valid until the library is unloaded. */
static const weft_host* host;

/* ---- operations ---------------------------------------------------------------------------
 * The host resolves this chain before init. It refuses the plug-in if one is missing or has another
 * signature, so a slot that init has seen needs no check. add and sum are in the typed lane of
 * weft_op_api and need no slot. */

static weft_op op_where, op_clamp_min, op_divide, op_divide_by_number, op_new_ones;

#define OPERATION(next, name, overload, schema, slot) \
  { sizeof(weft_operation), 0, next, name, overload, schema, slot }

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::where", "ScalarOther",
              "where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor",
              &op_where),
    OPERATION(&operations[2], "aten::clamp_min", "", "clamp_min(Tensor self, Scalar min) -> Tensor",
              &op_clamp_min),
    OPERATION(&operations[3], "aten::div", "Tensor",
              "div.Tensor(Tensor self, Tensor other) -> Tensor", &op_divide),
    OPERATION(&operations[4], "aten::div", "Scalar",
              "div.Scalar(Tensor self, Scalar other) -> Tensor", &op_divide_by_number),
    OPERATION(
        NULL, "aten::new_ones", "",
        "new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, "
        "Device? device=None, bool? pin_memory=None) -> Tensor",
        &op_new_ones),
};

/* ---- small tools ----------------------------------------------------------------------------- */

/* Leaves for the label `done` at the first failure. The reason is already in the host's error
 * record. */
#define TRY(expression)               \
  do {                                \
    status = (expression);            \
    if (status != WEFT_OK) goto done; \
  } while (0)

/* Puts a reason into the host's error record and returns the status, for `return fail(…)`. */
static weft_status fail(weft_status status, const char* reason) {
  if (host != NULL) host->core->error_set(status, reason, strlen(reason));
  return status;
}

static weft_value tensor_value(weft_tensor tensor) {
  weft_value value = {WEFT_VALUE_TENSOR, 0, {0}};
  value.u.t = tensor;
  return value;
}

static weft_value int_value(int64_t number) {
  weft_value value = {WEFT_VALUE_INT, 0, {0}};
  value.u.i = number;
  return value;
}

/* Runs an operation that has one tensor as its result. */
static weft_status run(weft_op op, const weft_value* args, uint32_t n_args, weft_tensor* out) {
  weft_value result = {WEFT_VALUE_NONE, 0, {0}};
  const weft_status status = host->op->call(op, args, n_args, NULL, 0, &result, 1);
  if (status == WEFT_OK) *out = result.u.t;
  return status;
}

static weft_status sizes_of(weft_tensor tensor, uint32_t ndim, const int64_t** sizes) {
  weft_tensor_meta meta = {0};
  meta.size = sizeof meta;
  const weft_status status = host->tensor->meta(tensor, &meta);
  if (status != WEFT_OK) return status;
  if (meta.ndim != ndim)
    return fail(WEFT_INVALID, "fusion.mean: a tensor has the wrong number of axes");
  *sizes = meta.sizes;
  return WEFT_OK;
}

/* ---- the computation ------------------------------------------------------------------------- */

/* Mean over all tokens: stream [B, N, D] to [B, 1, D]. */
static weft_status pool_all(weft_tensor stream, weft_tensor* out) {
  weft_tensor total = NULL;
  const int64_t token_axis = 1;
  const int64_t* sizes = NULL;
  weft_status status;

  TRY(sizes_of(stream, 3, &sizes));
  TRY(host->op->sum(stream, &token_axis, 1, 1, &total)); /* [B, 1, D] */
  const weft_value args[] = {tensor_value(total), int_value(sizes[1] > 0 ? sizes[1] : 1)};
  TRY(run(op_divide_by_number, args, 2, out));

done:
  host->tensor->release(total);
  return status;
}

/* Mean over the tokens whose mask [B, N] is true: stream [B, N, D] to [B, 1, D]. */
static weft_status pool_real(weft_tensor stream, weft_tensor mask, weft_tensor* out) {
  weft_tensor column = NULL, kept = NULL, total = NULL, count = NULL, divisor = NULL;
  const int64_t token_axis = 1;
  const int64_t* sizes = NULL;
  weft_status status;

  TRY(sizes_of(mask, 2, &sizes));
  const int64_t column_sizes[] = {sizes[0], sizes[1], 1};
  TRY(host->op->reshape(mask, column_sizes, 3, &column)); /* [B, N, 1] */

  /* Not mask * stream: a NaN in the padding would survive a multiplication by zero. */
  const weft_value where_args[] = {tensor_value(column), tensor_value(stream), int_value(0)};
  TRY(run(op_where, where_args, 3, &kept)); /* [B, N, D] */

  TRY(host->op->sum(kept, &token_axis, 1, 1, &total));   /* [B, 1, D] */
  TRY(host->op->sum(column, &token_axis, 1, 1, &count)); /* [B, 1, 1], int64 */
  const weft_value clamp_args[] = {tensor_value(count), int_value(1)};
  TRY(run(op_clamp_min, clamp_args, 2, &divisor)); /* no real token: 0 / 1 */
  const weft_value divide_args[] = {tensor_value(total), tensor_value(divisor)};
  TRY(run(op_divide, divide_args, 2, out));

done:
  host->tensor->release(column);
  host->tensor->release(kept);
  host->tensor->release(total);
  host->tensor->release(count);
  host->tensor->release(divisor);
  return status;
}

/* Mean of the n pooled streams. With n_masks, their masks follow them; each may be NULL. */
static weft_status average(const weft_tensor* streams, uint32_t n, uint32_t n_masks,
                           weft_tensor* out) {
  weft_tensor sum = NULL, pooled = NULL, next = NULL;
  weft_status status = WEFT_OK;

  for (uint32_t i = 0; i < n; ++i) {
    const weft_tensor mask = i < n_masks ? streams[n + i] : NULL;
    TRY(mask == NULL ? pool_all(streams[i], &pooled) : pool_real(streams[i], mask, &pooled));
    if (sum == NULL) {
      sum = pooled;
    } else {
      TRY(host->op->add(sum, pooled, 1.0, &next));
      host->tensor->release(sum);
      host->tensor->release(pooled);
      sum = next;
    }
    pooled = next = NULL; /* each handle has one owner again */
  }
  const weft_value args[] = {tensor_value(sum), int_value(n)};
  TRY(run(op_divide_by_number, args, 2, out));

done:
  host->tensor->release(sum);
  host->tensor->release(pooled);
  return status;
}

/* A mask [B, 1] that is true throughout, on the device of `like`. */
static weft_status all_true(weft_tensor like, weft_tensor* out) {
  const int64_t* like_sizes = NULL;
  const weft_status status = sizes_of(like, 3, &like_sizes);
  if (status != WEFT_OK) return status;

  const int64_t sizes[] = {like_sizes[0], 1};
  weft_value args[] = {tensor_value(like), {WEFT_VALUE_INT_LIST, 2, {0}}};
  args[1].u.il = sizes;
  weft_named_value dtype = {"dtype", {WEFT_VALUE_DTYPE, 0, {0}}};
  dtype.value.u.i = WEFT_DTYPE_BOOL;
  weft_value result = {WEFT_VALUE_NONE, 0, {0}};
  const weft_status made = host->op->call(op_new_ones, args, 2, &dtype, 1, &result, 1);
  if (made == WEFT_OK) *out = result.u.t;
  return made;
}

/* ---- the component --------------------------------------------------------------------------- */

static const char config_schema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"dim\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1048576, \"default\": 64,"
    " \"description\": \"Width D of all streams.\"}}}";

/* Reads "dim". The host has checked `config` against the schema, which admits one key and only an
 * integer behind it: so the number after the last colon is the one, however the key is spelt. JSON
 * Schema calls 64.0 and 6.4e1 integers too, which is why this reads a double. */
static weft_status read_dim(const char* config, uint64_t len, int64_t* dim) {
  *dim = 64;
  char* text = malloc(len + 1); /* strtod needs a final NUL, which `config` need not have */
  if (text == NULL) return fail(WEFT_NO_MEMORY, "fusion.mean: no memory for the configuration");
  memcpy(text, config, len);
  text[len] = '\0';

  weft_status status = WEFT_OK;
  const char* colon = strrchr(text, ':');
  if (colon != NULL) {
    char* end = NULL;
    const double number = strtod(colon + 1, &end);
    end += strspn(end, " \t\r\n");
    if (*end != '}' || !(number >= 1 && number <= 1048576))
      status = fail(WEFT_INVALID, "dim must be an integer from 1 to 1048576");
    else
      *dim = (int64_t)number;
  }
  free(text);
  return status;
}

/* Declares the ports that all fusion parts share. There is nothing to keep, so there is no self. */
static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_LIST, WEFT_DTYPES_FLOAT, "streams",
       "[B, N*, D]", "The modalities to fuse.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_LIST | WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL,
       "masks", "[B, N*]", "Which tokens of the streams are real.", "streams"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "tokens", "[B, 1, D]",
       "The mean of all streams, one token.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_BOOL, "mask", "[B, 1]",
       "True throughout.", "tokens"},
  };
  if (host == NULL || context == NULL || config == NULL || self == NULL)
    return fail(WEFT_INVALID, "create: without init or a context");
  int64_t dim = 0;
  weft_status status = read_dim(config, len, &dim);
  if (status == WEFT_OK) status = host->core->declare_size(context, "D", dim);
  for (size_t i = 0; status == WEFT_OK && i < sizeof ports / sizeof *ports; ++i)
    status = host->core->declare_port(context, &ports[i]);
  if (status == WEFT_OK) *self = NULL;
  return status;
}

static void destroy(void* self) {
  (void)self;
}

/* call->in holds the streams, then their masks if these are wired. */
static weft_status call_mean(void* self, const weft_call* call) {
  (void)self; /* null: nothing is kept */
  if (host == NULL || call == NULL) return fail(WEFT_INVALID, "call: without init or a call");
  const uint32_t n = call->in_count[0];
  weft_tensor tokens = NULL, mask = NULL;
  weft_status status;

  if (call->role != WEFT_ROLE_FORWARD) return fail(WEFT_UNSUPPORTED, "fusion.mean: unknown role");
  if (n == 0) return fail(WEFT_INVALID, "no stream is wired");
  TRY(average(call->in, n, call->in_count[1], &tokens));
  TRY(all_true(tokens, &mask));
  call->out[0] = tokens; /* both are there: the host takes them over */
  call->out[1] = mask;
  return WEFT_OK;

done:
  host->tensor->release(tokens);
  host->tensor->release(mask);
  return status;
}

static const weft_component mean = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_FUSION,
    .id = "fusion.mean",
    .version = "1.0.0",
    .summary = "Average the streams' mean tokens into one token.",
    .config_schema = config_schema,
    .state_version = 1,
    .create = create,
    .destroy = destroy,
    .infer = NULL, /* the port shapes say all */
    .call = call_mean,
    .get_extension = NULL,
};

/* ---- the plug-in ----------------------------------------------------------------------------- */

WEFT_MANIFEST_NOTE

static weft_status init(const weft_host* offered) {
  host = offered;
  return WEFT_OK;
}

static const weft_component* const components[] = {&mean};

static const weft_plugin plugin = {
    .size = sizeof(weft_plugin),
    .abi_major = WEFT_ABI_MAJOR,
    .abi_minor_needed = 9,
    .n_components = 1,
    .components = components,
    .operations = operations,
    .version = "1.0.0",
    .vendor = "weft",
    .license = "Apache-2.0",
    .init = init,
    .deinit = NULL,
};

WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host* offered, const weft_plugin** out) {
  if (offered == NULL || out == NULL) return WEFT_INVALID;
  if (offered->abi_major != WEFT_ABI_MAJOR) return WEFT_UNSUPPORTED;
  *out = &plugin;
  return WEFT_OK;
}
