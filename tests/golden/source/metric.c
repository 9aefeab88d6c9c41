/* SPDX-License-Identifier: Apache-2.0 */
/* Golden metric in C: metric.cpp says what it computes. */

#include "targets.h"

static weft_op op_argmax, op_equal, op_softmax, op_gather, op_unsqueeze, op_nonzero,
    op_index_select;
static weft_op op_to, op_subtract, op_divide, op_mean;

static const weft_operation operations[] = {
    TARGET_OPERATIONS(operations, &operations[5]),
    OPERATION(&operations[6], "aten::argmax", "",
              "argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor", &op_argmax),
    OPERATION(&operations[7], "aten::eq", "Tensor",
              "eq.Tensor(Tensor self, Tensor other) -> Tensor", &op_equal),
    OPERATION(&operations[8], "aten::softmax", "int",
              "softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", &op_softmax),
    OPERATION(&operations[9], "aten::gather", "",
              "gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
              &op_gather),
    OPERATION(&operations[10], "aten::unsqueeze", "",
              "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", &op_unsqueeze),
    OPERATION(&operations[11], "aten::nonzero", "", "nonzero(Tensor self) -> Tensor", &op_nonzero),
    OPERATION(&operations[12], "aten::index_select", "",
              "index_select(Tensor self, int dim, Tensor index) -> Tensor", &op_index_select),
    OPERATION(
        &operations[13], "aten::to", "dtype",
        "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, "
        "MemoryFormat? memory_format=None) -> Tensor(a)",
        &op_to),
    OPERATION(&operations[14], "aten::sub", "Tensor",
              "sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", &op_subtract),
    OPERATION(&operations[15], "aten::div", "Tensor",
              "div.Tensor(Tensor self, Tensor other) -> Tensor", &op_divide),
    OPERATION(NULL, "aten::mean", "dim",
              "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) "
              "-> Tensor",
              &op_mean),
};

enum { RIGHT, TOTAL, SUREST };

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "logits", "[B, S, V]",
       "Row t scores the token at t + 1.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_INDEX, "target", "[B, S]", "The tokens.",
       NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL, "mask", "[B, S]",
       "Which tokens are real.", "target"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "accuracy", "[]",
       "Between 0 and 1.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "spread", "[]",
       "Variance of the largest probabilities.", NULL},
  };
  static const int64_t none = 0;
  static const weft_state states[] = {
      {sizeof(weft_state), WEFT_MERGE_SUM, "right", NULL, 0, WEFT_DTYPE_FLOAT64, 0.0},
      {sizeof(weft_state), WEFT_MERGE_SUM, "total", NULL, 0, WEFT_DTYPE_FLOAT64, 0.0},
      {sizeof(weft_state), WEFT_MERGE_CONCAT, "surest", &none, 1, WEFT_DTYPE_FLOAT64, 0.0},
  };
  uint32_t slot = 0;
  (void)len;
  weft_status status = check_create(context, config, self);
  if (status == WEFT_OK) status = declare_ports(context, ports, LENGTH(ports));
  for (uint32_t i = 0; status == WEFT_OK && i < LENGTH(states); ++i)
    status = host->core->declare_state(context, &states[i], &slot);
  if (status == WEFT_OK) *self = NULL;
  return status;
}

/* state += sum(what), converted to float64. */
static weft_status add_up(weft_tensor state, weft_tensor what, weft_tensor* out) {
  weft_tensor count = NULL, wide = NULL;
  weft_status status;

  TRY(host->op->sum(what, NULL, 0, 0, &count));
  TRY(run2(op_to, count, dtype_of(WEFT_DTYPE_FLOAT64), &wide));
  TRY(host->op->add(state, wide, 1.0, out));

done:
  release_all((weft_tensor* const[]){&count, &wide}, 2);
  return status;
}

/* The largest probabilities [k] of the rows that count, float64. */
static weft_status surest(weft_tensor scores, weft_tensor best, weft_tensor counted,
                          weft_tensor* out) {
  weft_tensor shares = NULL, column = NULL, largest = NULL, flat = NULL, places = NULL, rows = NULL;
  weft_tensor chosen = NULL;
  weft_status status;

  TRY(run2(op_softmax, scores, integer(-1), &shares));
  TRY(run2(op_unsqueeze, best, integer(-1), &column));
  TRY(run3(op_gather, tensor(shares), integer(-1), tensor(column), 3, &largest));
  TRY(flatten(largest, &flat));
  TRY(run1(op_nonzero, counted, &places));
  TRY(flatten(places, &rows));
  TRY(run3(op_index_select, tensor(flat), integer(0), tensor(rows), 3, &chosen));
  TRY(run2(op_to, chosen, dtype_of(WEFT_DTYPE_FLOAT64), out));

done:
  release_all((weft_tensor* const[]){&shares, &column, &largest, &flat, &places, &rows, &chosen},
              7);
  return status;
}

static weft_status update(const weft_call* call) {
  const weft_tensor mask = call->in_count[2] > 0 ? call->in[2] : NULL;
  weft_tensor scores = NULL, classes = NULL, counted = NULL, best = NULL, equal = NULL, hit = NULL;
  weft_tensor fresh = NULL, state[3] = {0};
  weft_status status;

  TRY(lay_beside(call->in[0], call->in[1], mask, &scores, &classes, &counted));
  TRY(run2(op_argmax, scores, integer(-1), &best));
  TRY(run2(op_equal, best, tensor(classes), &equal));
  TRY(run2(op_and, equal, tensor(counted), &hit));
  TRY(add_up(call->states[RIGHT], hit, &state[RIGHT]));
  TRY(add_up(call->states[TOTAL], counted, &state[TOTAL]));
  TRY(surest(scores, best, counted, &fresh));
  const weft_tensor both[] = {call->states[SUREST], fresh};
  TRY(host->op->cat(both, 2, 0, &state[SUREST]));
  for (int i = 0; i < 3; ++i) call->states[i] = state[i]; /* all or none */
  memset(state, 0, sizeof state);

done:
  release_all((weft_tensor* const[]){&scores, &classes, &counted, &best, &equal, &hit, &fresh}, 7);
  for (int i = 0; i < 3; ++i) host->tensor->release(state[i]);
  return status;
}

static weft_status mean_of(weft_tensor x, int keep_axis, weft_tensor* out) {
  static const int64_t axis = 0;
  weft_value axes = {WEFT_VALUE_INT_LIST, 1, {0}}, keep = {WEFT_VALUE_BOOL, 0, {0}};
  axes.u.il = &axis;
  keep.u.i = keep_axis;
  return run3(op_mean, tensor(x), axes, keep, 3, out);
}

static weft_status compute(const weft_call* call) {
  weft_tensor middle = NULL, away = NULL, square = NULL, accuracy = NULL, spread = NULL;
  weft_status status;

  TRY(run2(op_divide, call->states[RIGHT], tensor(call->states[TOTAL]), &accuracy));
  TRY(mean_of(call->states[SUREST], 1, &middle));
  TRY(run2(op_subtract, call->states[SUREST], tensor(middle), &away));
  TRY(host->op->mul(away, away, &square));
  TRY(mean_of(square, 0, &spread));
  call->out[0] = accuracy;
  call->out[1] = spread;
  accuracy = spread = NULL;

done:
  release_all((weft_tensor* const[]){&middle, &away, &square, &accuracy, &spread}, 5);
  return status;
}

static weft_status call_confidence(void* self, const weft_call* call) {
  (void)self;
  if (call == NULL) return fail(WEFT_INVALID, "call: without a call");
  if (call->role == WEFT_ROLE_COMPUTE) return compute(call);
  if (call->role == WEFT_ROLE_UPDATE) return update(call);
  return fail(WEFT_UNSUPPORTED, "a metric has two roles, update and compute");
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_METRIC,
    .id = "golden/metric.confidence",
    .version = "1.0.0",
    .summary = "How sure, how right.",
    .config_schema = SETTINGS(""),
    .state_version = 1,
    .create = create,
    .destroy = destroy_nothing,
    .call = call_confidence,
};

GOLDEN_PLUGIN(component, operations)
