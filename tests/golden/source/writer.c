/* SPDX-License-Identifier: Apache-2.0 */
/* Golden writer in C: writer.cpp says what it computes. */

#include <weft/drafts.h>

#include "golden.h"

enum { positions = 64 };

static weft_op op_embedding, op_unsqueeze, op_slice, op_mean, op_attention;

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::embedding", "",
              "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool "
              "scale_grad_by_freq=False, bool sparse=False) -> Tensor",
              &op_embedding),
    OPERATION(&operations[2], "aten::unsqueeze", "",
              "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", &op_unsqueeze),
    OPERATION(&operations[3], "aten::slice", "Tensor",
              "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, "
              "SymInt step=1) -> Tensor(a)",
              &op_slice),
    OPERATION(&operations[4], "aten::mean", "dim",
              "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) "
              "-> Tensor",
              &op_mean),
    OPERATION(NULL, "aten::scaled_dot_product_attention", "",
              "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? "
              "attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, float? scale=None, "
              "bool enable_gqa=False) -> Tensor",
              &op_attention),
};

enum { EMBEDDING, POSITION, CONTEXT, OUT };

/* Slots of its caches. */
typedef struct writer {
  uint32_t keys, values, context;
} writer;

static weft_status declare_caches(weft_context context, writer* made) {
  static const weft_cache caches[] = {{sizeof(weft_cache), WEFT_CACHE_APPEND, "keys", 2, 0},
                                      {sizeof(weft_cache), WEFT_CACHE_APPEND, "values", 2, 0},
                                      {sizeof(weft_cache), WEFT_CACHE_ONCE, "context", 0, 0}};
  const weft_caches_api* const api = host->core->get_extension(WEFT_DRAFT_CACHES);
  weft_status status = WEFT_OK;

  if (api == NULL) return status; /* whole texts, then */
  TRY(api->declare_cache(context, &caches[0], &made->keys));
  TRY(api->declare_cache(context, &caches[1], &made->values));
  TRY(api->declare_cache(context, &caches[2], &made->context));
  TRY(host->core->declare_traits(context, WEFT_INCREMENTAL));

done:
  return status;
}

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "state", "[B, N, D]",
       "The reasoning state.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_INDEX, "target", "[B, S]",
       "Tokens so far, 64 at most.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "logits", "[B, S, V]",
       "Row t scores the token at t + 1.", NULL},
  };
  int64_t dim = 16, vocab = 32;
  writer* made = NULL;
  weft_status status;

  TRY(check_create(context, config, self));
  made = calloc(1, sizeof *made);
  if (made == NULL) return fail(WEFT_NO_MEMORY, "create: no memory");
  TRY(setting(config, len, "\"dim\"", &dim));
  TRY(setting(config, len, "\"vocab\"", &vocab));
  TRY(host->core->declare_size(context, "D", dim));
  TRY(host->core->declare_size(context, "V", vocab));
  TRY(declare_ports(context, ports, LENGTH(ports)));
  TRY(declare(context, 0, "embedding", vocab, dim, WEFT_INIT_NORMAL, 0.0, 0.02,
              WEFT_PARAMETER_NO_DECAY));
  TRY(declare(context, 0, "position", positions, dim, WEFT_INIT_NORMAL, 0.0, 0.02,
              WEFT_PARAMETER_NO_DECAY));
  TRY(declare(context, 0, "context", dim, dim, WEFT_INIT_XAVIER_UNIFORM, 1.0, 0.0, 0));
  TRY(declare(context, 0, "out", vocab, dim, WEFT_INIT_XAVIER_UNIFORM, 1.0, 0.0, 0));
  TRY(declare_caches(context, made));
  *self = made;
  return WEFT_OK;

done:
  free(made);
  return status;
}

static weft_sequence sequence_of(const weft_call* call, const weft_sequence_api** api) {
  *api = host->core->get_extension(WEFT_DRAFT_SEQUENCE);
  return *api == NULL ? NULL : (*api)->current(call);
}

/* mean_n(state_n) W_cᵀ, [B, 1, D], once for each text. */
static weft_status context_of(const writer* made, const weft_call* call, weft_tensor* out) {
  static const int64_t axis = 1;
  const weft_sequence_api* api = NULL;
  const weft_sequence sequence = sequence_of(call, &api);
  weft_value axes = {WEFT_VALUE_INT_LIST, 1, {0}};
  weft_tensor mean = NULL, turned = NULL, kept = NULL;
  weft_status status = WEFT_OK;

  if (sequence != NULL) TRY(api->recall(sequence, made->context, &kept));
  if (kept == NULL) {
    axes.u.il = &axis;
    TRY(run2(op_mean, call->in[0], axes, &mean));
    TRY(host->op->linear(mean, call->parameters[CONTEXT], NULL, &turned));
    TRY(run2(op_unsqueeze, turned, integer(1), &kept));
    if (sequence != NULL) TRY(api->keep(sequence, made->context, kept));
  }
  *out = kept;
  kept = NULL;

done:
  release_all((weft_tensor* const[]){&mean, &turned, &kept}, 3);
  return status;
}

/* P at the tokens' positions, [n, D], or in a sequence [B, n, D]. */
static weft_status position_rows(const weft_call* call, int64_t n, weft_tensor* out) {
  const weft_sequence_api* api = NULL;
  const weft_sequence sequence = sequence_of(call, &api);
  const weft_value args[] = {tensor(call->parameters[POSITION]), integer(0), integer(0),
                             integer(n)};
  weft_value rows = {WEFT_VALUE_NONE, 0, {0}};
  weft_tensor places = NULL;
  weft_status status;

  if (sequence == NULL) {
    TRY(host->op->call(op_slice, args, 4, NULL, 0, &rows, 1));
    *out = rows.u.t;
    return status;
  }
  TRY(api->positions(sequence, n, &places));
  TRY(run2(op_embedding, call->parameters[POSITION], tensor(places), out));

done:
  host->tensor->release(places);
  return status;
}

/* Causal attention of one head [B, 1, n, D]. */
static weft_status attend(const writer* made, const weft_call* call, weft_tensor head,
                          weft_tensor* out) {
  const weft_sequence_api* api = NULL;
  const weft_sequence sequence = sequence_of(call, &api);
  weft_value none = {WEFT_VALUE_NONE, 0, {0}}, causal = {WEFT_VALUE_BOOL, 0, {0}}, result = none;

  if (sequence != NULL)
    return api->attend(sequence, made->keys, made->values, head, head, head, 0.0, out);
  causal.u.i = 1;
  const weft_value args[] = {tensor(head), tensor(head),   tensor(head),
                             none,         number_of(0.0), causal};
  const weft_status status = host->op->call(op_attention, args, 6, NULL, 0, &result, 1);
  if (status == WEFT_OK) *out = result.u.t;
  return status;
}

static weft_status call_writer(void* self, const weft_call* call) {
  const writer* const made = self;
  weft_tensor context = NULL, words = NULL, places = NULL, rows = NULL, head = NULL, seen = NULL;
  weft_tensor row = NULL, sum = NULL;
  const int64_t* sizes = NULL;
  weft_status status;

  if (made == NULL) return fail(WEFT_INVALID, "call: without an instance");
  TRY(check_forward(call));
  TRY(sizes_of(call->in[1], &sizes));
  TRY(context_of(made, call, &context));
  TRY(run2(op_embedding, call->parameters[EMBEDDING], tensor(call->in[1]), &words));
  TRY(position_rows(call, sizes[1], &places));
  TRY(host->op->add(words, places, 1.0, &rows));
  TRY(run2(op_unsqueeze, rows, integer(1), &head));
  TRY(attend(made, call, head, &seen));
  TRY(host->op->select(seen, 1, 0, &row));
  TRY(host->op->add(row, context, 1.0, &sum));
  TRY(host->op->linear(sum, call->parameters[OUT], NULL, &call->out[0]));

done:
  release_all((weft_tensor* const[]){&context, &words, &places, &rows, &head, &seen, &row, &sum},
              8);
  return status;
}

static const void* get_extension(void* self, const char* id) {
  static const weft_autoregressive table = {
      sizeof(weft_autoregressive), 0, "target", "logits", 2, 3, 0};
  return self != NULL && id != NULL && strcmp(id, WEFT_AUTOREGRESSIVE) == 0 ? &table : NULL;
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_DECODER,
    .id = "golden/decoder.writer",
    .version = "1.0.0",
    .summary = "Token after token.",
    .config_schema = SETTINGS(INTEGER("dim", 1, 16, "Width D of the state.") ", " INTEGER(
        "vocab", 4, 32, "Number V of tokens in the vocabulary.")),
    .state_version = 1,
    .create = create,
    .destroy = free,
    .call = call_writer,
    .get_extension = get_extension,
};

GOLDEN_PLUGIN_OF(component, operations, 10)
