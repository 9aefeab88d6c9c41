/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder in C that takes new tokens alone, and counts how many it is given.
 *
 *   s_t = Σ_n state_n + Σ_{i≤t} E[y_i]    carried from call to call
 *   logits_t = U s_t
 */

#include <string.h>
#include <weft/drafts.h>

enum { vocabulary = 64, width = 16 };

static const weft_host* host;
static const weft_sequence_api* sequences; /* null where the host only describes */
static uint32_t carried;                   /* the slot, the same in each instance */
static int64_t tokens_given;               /* padding included */

static weft_op op_embedding, op_cumsum;
static const weft_operation operations[] = {
    {sizeof(weft_operation), 0, &operations[1], "aten::embedding", "",
     "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool "
     "scale_grad_by_freq=False, bool sparse=False) -> Tensor",
     &op_embedding},
    {sizeof(weft_operation), 0, NULL, "aten::cumsum", "",
     "cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", &op_cumsum},
};

#define TRY(expression)               \
  do {                                \
    status = (expression);            \
    if (status != WEFT_OK) goto done; \
  } while (0)

static weft_status fail(const char* reason) {
  if (host != NULL) host->core->error_set(WEFT_INVALID, reason, strlen(reason));
  return WEFT_INVALID;
}

static weft_status run(weft_op op, weft_value first, weft_value second, weft_tensor* out) {
  const weft_value args[] = {first, second};
  weft_value result = {WEFT_VALUE_NONE, 0, {0}};
  const weft_status status = host->op->call(op, args, 2, NULL, 0, &result, 1);
  if (status == WEFT_OK) *out = result.u.t;
  return status;
}

static weft_value tensor(weft_tensor handle) {
  weft_value value = {WEFT_VALUE_TENSOR, 0, {0}};
  value.u.t = handle;
  return value;
}

/* What all sums of the call begin with, [B, 1, D]. */
static weft_status begun(weft_sequence sequence, weft_tensor state, weft_tensor* out) {
  const int64_t axis = 1;
  if (sequence != NULL) {
    const weft_status status = sequences->recall(sequence, carried, out);
    if (status != WEFT_OK || *out != NULL) return status;
  }
  return host->op->sum(state, &axis, 1, 1, out);
}

static weft_status keep_last(weft_sequence sequence, weft_tensor sums, int64_t batch, int64_t n) {
  weft_tensor last = NULL, kept = NULL;
  const int64_t sizes[] = {batch, 1, width};
  weft_status status;
  TRY(host->op->select(sums, 1, n - 1, &last));
  TRY(host->op->reshape(last, sizes, 3, &kept));
  TRY(sequences->keep(sequence, carried, kept));
done:
  host->tensor->release(last);
  host->tensor->release(kept);
  return status;
}

static weft_status call(void* self, const weft_call* call) {
  (void)self;
  if (host == NULL || call == NULL || call->role != WEFT_ROLE_FORWARD) return fail("no such call");
  const weft_sequence sequence = sequences == NULL ? NULL : sequences->current(call);
  const weft_tensor state = call->in[0], tokens = call->in[1];
  weft_tensor before = NULL, rows = NULL, summed = NULL, sums = NULL, logits = NULL;
  weft_tensor_meta meta = {0};
  weft_value axis = {WEFT_VALUE_INT, 0, {0}};
  axis.u.i = 1;
  meta.size = sizeof meta;
  weft_status status;
  TRY(host->tensor->meta(tokens, &meta));
  const int64_t batch = meta.sizes[0], n = meta.sizes[1];
  tokens_given += batch * n;
  TRY(begun(sequence, state, &before));
  TRY(run(op_embedding, tensor(call->parameters[0]), tensor(tokens), &rows));
  TRY(run(op_cumsum, tensor(rows), axis, &summed));
  TRY(host->op->add(summed, before, 1.0, &sums));
  if (sequence != NULL) TRY(keep_last(sequence, sums, batch, n));
  TRY(host->op->linear(sums, call->parameters[1], NULL, &logits));
  call->out[0] = logits;
  logits = NULL;
done:
  host->tensor->release(before);
  host->tensor->release(rows);
  host->tensor->release(summed);
  host->tensor->release(sums);
  host->tensor->release(logits);
  return status;
}

static weft_status declare_parameter(weft_context context, const char* name, uint32_t* slot) {
  static const int64_t sizes[] = {vocabulary, width};
  weft_parameter parameter = {0};
  parameter.size = sizeof parameter;
  parameter.name = name;
  parameter.sizes = sizes;
  parameter.ndim = 2;
  parameter.init = WEFT_INIT_NORMAL;
  parameter.b = 1.0;
  return host->core->declare_parameter(context, &parameter, slot);
}

static weft_status create(weft_context context, const char* config, uint64_t length, void** self) {
  static const weft_port ports[] = {{sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT,
                                     "state", "[B, N, 16]", "What is written about.", NULL},
                                    {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_INDEX,
                                     "target", "[B, S]", "Tokens so far.", NULL},
                                    {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT,
                                     "logits", "[B, S, 64]", "Scores of the next.", NULL}};
  static const weft_cache cache = {sizeof cache, WEFT_CACHE_CARRY, "sum", 0, 0};
  (void)length;
  if (host == NULL || context == NULL || config == NULL || self == NULL)
    return fail("there is no context");
  uint32_t slot = 0;
  weft_status status = WEFT_OK;
  for (int i = 0; i < 3; ++i) TRY(host->core->declare_port(context, &ports[i]));
  TRY(declare_parameter(context, "embedding", &slot));
  TRY(declare_parameter(context, "out", &slot));
  /* A host of before has no caches, and computes whole texts. */
  const weft_caches_api* const caches = host->core->get_extension(WEFT_DRAFT_CACHES);
  if (caches != NULL) {
    TRY(caches->declare_cache(context, &cache, &carried));
    if (strstr(config, "false") == NULL) TRY(host->core->declare_traits(context, WEFT_INCREMENTAL));
  }
  *self = NULL;
done:
  return status;
}

static void destroy(void* self) {
  (void)self;
}

static const void* get_extension(void* self, const char* id) {
  static const weft_autoregressive rules = {sizeof rules, 0, "target", "logits", 2, 3, 0};
  (void)self;
  if (strcmp(id, "test.tokens_given/1") == 0) return &tokens_given;
  return strcmp(id, WEFT_AUTOREGRESSIVE) == 0 ? &rules : NULL;
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_DECODER,
    .id = "test/decoder.carrying",
    .version = "1.0.0",
    .summary = "Sums up what was written.",
    .config_schema =
        "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
        "\"incremental\": {\"type\": \"boolean\", \"default\": true}}}",
    .state_version = 1,
    .create = create,
    .destroy = destroy,
    .call = call,
    .get_extension = get_extension,
};

WEFT_MANIFEST_NOTE

static weft_status init(const weft_host* offered) {
  host = offered;
  sequences = host->core->get_extension(WEFT_DRAFT_SEQUENCE);
  return WEFT_OK;
}

static const weft_component* const components[] = {&component};

static const weft_plugin plugin = {
    .size = sizeof(weft_plugin),
    .abi_major = WEFT_ABI_MAJOR,
    .abi_minor_needed = 9,
    .n_components = 1,
    .components = components,
    .operations = operations,
    .version = "1.0.0",
    .vendor = "test",
    .license = "Apache-2.0",
    .init = init,
};

WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host* offered, const weft_plugin** out) {
  if (offered == NULL || out == NULL) return WEFT_INVALID;
  if (offered->abi_major != WEFT_ABI_MAJOR) return WEFT_UNSUPPORTED;
  *out = &plugin;
  return WEFT_OK;
}
