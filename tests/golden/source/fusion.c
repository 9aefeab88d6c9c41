/* SPDX-License-Identifier: Apache-2.0 */
/* Golden fusion in C: fusion.cpp says what it computes. */

#include "golden.h"

static weft_op op_mean, op_unsqueeze, op_not, op_fill, op_clamp_min, op_divide, op_full_like, op_to;

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::mean", "dim",
              "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) "
              "-> Tensor",
              &op_mean),
    OPERATION(&operations[2], "aten::unsqueeze", "",
              "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", &op_unsqueeze),
    OPERATION(&operations[3], "aten::logical_not", "", "logical_not(Tensor self) -> Tensor",
              &op_not),
    OPERATION(&operations[4], "aten::masked_fill", "Scalar",
              "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", &op_fill),
    OPERATION(&operations[5], "aten::clamp_min", "", "clamp_min(Tensor self, Scalar min) -> Tensor",
              &op_clamp_min),
    OPERATION(&operations[6], "aten::div", "Tensor",
              "div.Tensor(Tensor self, Tensor other) -> Tensor", &op_divide),
    OPERATION(&operations[7], "aten::full_like", "",
              "full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? "
              "layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? "
              "memory_format=None) -> Tensor",
              &op_full_like),
    OPERATION(
        NULL, "aten::to", "dtype",
        "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, "
        "MemoryFormat? memory_format=None) -> Tensor(a)",
        &op_to),
};

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_LIST, WEFT_DTYPES_FLOAT, "streams",
       "[B, N*, D]", "The streams.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_LIST | WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL,
       "masks", "[B, N*]", "Which tokens are real.", "streams"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "tokens", "[B, M, D]",
       "One token for each stream.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_BOOL, "mask", "[B, M]", "All true.",
       "tokens"},
  };
  uint32_t streams = 0;
  int64_t dim = 16;
  weft_status status;
  TRY(check_create(context, config, self));
  TRY(setting(config, len, "\"dim\"", &dim));
  TRY(host->core->declare_size(context, "D", dim));
  TRY(declare_ports(context, ports, LENGTH(ports)));
  TRY(host->core->wired(context, "streams", &streams));
  TRY(declare(context, 0, "gate", streams, 1, WEFT_INIT_CONSTANT, 1.0, 0.0, 0));
  *self = NULL;

done:
  return status;
}

static weft_status infer(void* self, const weft_spec* in, const uint32_t* in_count,
                         weft_spec* out) {
  (void)self;
  if (in == NULL || in_count == NULL || out == NULL)
    return fail(WEFT_INVALID, "infer: without inputs and outputs");
  out[0].sizes[1] = out[1].sizes[1] = in_count[0];
  return WEFT_OK;
}

static weft_status pool_all(weft_tensor stream, weft_tensor* out) {
  static const int64_t axis = 1;
  weft_value axes = {WEFT_VALUE_INT_LIST, 1, {0}}, keep = {WEFT_VALUE_BOOL, 0, {0}};
  axes.u.il = &axis;
  keep.u.i = 1;
  return run3(op_mean, tensor(stream), axes, keep, 3, out);
}

static weft_status pool_real(weft_tensor stream, weft_tensor mask, weft_tensor* out) {
  static const int64_t axis = 1;
  weft_tensor column = NULL, padding = NULL, kept = NULL, total = NULL, count = NULL, least = NULL;
  weft_status status;

  TRY(run2(op_unsqueeze, mask, integer(-1), &column));
  TRY(run1(op_not, column, &padding));
  TRY(run3(op_fill, tensor(stream), tensor(padding), number_of(0.0), 3, &kept));
  TRY(host->op->sum(kept, &axis, 1, 1, &total));
  TRY(host->op->sum(column, &axis, 1, 1, &count));
  TRY(run2(op_clamp_min, count, number_of(1.0), &least));
  TRY(run2(op_divide, total, tensor(least), out));

done:
  release_all((weft_tensor* const[]){&column, &padding, &kept, &total, &count, &least}, 6);
  return status;
}

static weft_status all_true(weft_tensor tokens, weft_tensor* out) {
  weft_tensor first = NULL, ones = NULL;
  weft_status status;

  TRY(host->op->select(tokens, 2, 0, &first));
  TRY(run2(op_full_like, first, number_of(1.0), &ones));
  TRY(run2(op_to, ones, dtype_of(WEFT_DTYPE_BOOL), out));

done:
  release_all((weft_tensor* const[]){&first, &ones}, 2);
  return status;
}

static weft_status call_pool(void* self, const weft_call* call) {
  (void)self;
  enum { MOST = 64 };
  uint32_t n = 0;
  weft_tensor pooled[MOST] = {0}, joined = NULL, tokens = NULL, mask = NULL;
  weft_status status;

  TRY(check_forward(call));
  if (call->in_count[0] > MOST) return fail(WEFT_UNSUPPORTED, "more than 64 streams are wired");
  n = call->in_count[0];
  for (uint32_t i = 0; i < n; ++i) {
    const weft_tensor real = i < call->in_count[1] ? call->in[n + i] : NULL;
    TRY(real == NULL ? pool_all(call->in[i], &pooled[i])
                     : pool_real(call->in[i], real, &pooled[i]));
  }
  TRY(host->op->cat(pooled, n, 1, &joined));
  TRY(host->op->mul(joined, call->parameters[0], &tokens));
  TRY(all_true(tokens, &mask));
  call->out[0] = tokens;
  call->out[1] = mask;
  tokens = mask = NULL;

done:
  for (uint32_t i = 0; i < n; ++i) host->tensor->release(pooled[i]);
  release_all((weft_tensor* const[]){&joined, &tokens, &mask}, 3);
  return status;
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_FUSION,
    .id = "golden/fusion.pool",
    .version = "1.0.0",
    .summary = "One token a stream.",
    .config_schema = SETTINGS(INTEGER("dim", 1, 16, "Width D of a token.")),
    .state_version = 1,
    .create = create,
    .destroy = destroy_nothing,
    .infer = infer,
    .call = call_pool,
};

GOLDEN_PLUGIN(component, operations)
