/* SPDX-License-Identifier: Apache-2.0 */
/* Golden loss in C: loss.cpp says what it computes. */

#include <math.h>

#include "targets.h"

static weft_op op_to;

static const weft_operation operations[] = {
    TARGET_OPERATIONS(operations, &operations[5]),
    OPERATION(
        NULL, "aten::to", "dtype",
        "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, "
        "MemoryFormat? memory_format=None) -> Tensor(a)",
        &op_to),
};

enum { LOGITS, TARGET, MASK };

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  enum { COMPUTED = WEFT_DTYPES(WEFT_DTYPE_FLOAT32) | WEFT_DTYPES(WEFT_DTYPE_FLOAT64) };
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, COMPUTED, "logits", "[B, S, V]",
       "Row t scores the token at t + 1.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_INDEX, "target", "[B, S]", "The tokens.",
       NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL, "mask", "[B, S]",
       "Which tokens are real.", "target"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, COMPUTED, "loss", "[]",
       "Sum over the tokens that count.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES(WEFT_DTYPE_FLOAT64), "weight", "[]",
       "How many those are.", NULL},
  };
  (void)len;
  weft_status status = check_create(context, config, self);
  if (status == WEFT_OK) status = declare_ports(context, ports, LENGTH(ports));
  if (status == WEFT_OK) *self = NULL;
  return status;
}

/* ---- the operation: in = logits [n, V] of float32 or float64, target [n], counted [n] ---- */

/* A matrix, or a vector as its first column, in memory with any strides. */
typedef struct view {
  uint32_t dtype;
  int64_t rows, columns, row_stride, column_stride;
  void* data;
} view;

static weft_status view_of(weft_tensor handle, view* out) {
  weft_tensor_meta meta = {0};
  weft_status status;
  meta.size = sizeof meta;
  TRY(host->tensor->meta(handle, &meta));
  out->dtype = meta.dtype;
  out->rows = meta.ndim > 0 ? meta.sizes[0] : 1;
  out->columns = meta.ndim > 1 ? meta.sizes[1] : 1;
  out->row_stride = meta.ndim > 0 ? meta.strides[0] : 0;
  out->column_stride = meta.ndim > 1 ? meta.strides[1] : 0;
  TRY(host->tensor->data(handle, &out->data));

done:
  return status;
}

/* An element of a view of float32 or float64. */
static double get(const view* from, int64_t row, int64_t column) {
  const int64_t at = row * from->row_stride + column * from->column_stride;
  if (from->dtype == WEFT_DTYPE_FLOAT64) return ((const double*)from->data)[at];
  return ((const float*)from->data)[at];
}

static void put(const view* into, int64_t row, int64_t column, double value) {
  const int64_t at = row * into->row_stride + column * into->column_stride;
  if (into->dtype == WEFT_DTYPE_FLOAT64)
    ((double*)into->data)[at] = value;
  else
    ((float*)into->data)[at] = (float)value;
}

typedef struct rows {
  view logits, target, counted;
  double* p; /* [V], of the present row */
} rows;

static weft_status open_rows(const weft_tensor* in, rows* all) {
  weft_status status;
  all->p = NULL;
  TRY(view_of(in[LOGITS], &all->logits));
  TRY(view_of(in[TARGET], &all->target));
  TRY(view_of(in[MASK], &all->counted));
  if (all->logits.dtype != WEFT_DTYPE_FLOAT32 && all->logits.dtype != WEFT_DTYPE_FLOAT64)
    TRY(fail(WEFT_TYPE, "logits are neither float32 nor float64"));
  all->p = malloc((size_t)all->logits.columns * sizeof *all->p);
  if (all->p == NULL) status = fail(WEFT_NO_MEMORY, "no memory for a row of probabilities");

done:
  return status;
}

/* Writes the row's softmax to `p` and its target to `y`, -1 if the row does not count. */
static weft_status read_row(const rows* all, int64_t row, int64_t* y) {
  const view *const z = &all->logits, *const target = &all->target;
  *y = -1;
  if (!((const uint8_t*)all->counted.data)[row * all->counted.row_stride]) return WEFT_OK;
  const int64_t chosen = ((const int64_t*)target->data)[row * target->row_stride];
  if (chosen < 0 || chosen >= z->columns) return fail(WEFT_INDEX, "a target is no class");
  double top = get(z, row, 0), sum = 0.0;
  for (int64_t v = 1; v < z->columns; ++v) top = fmax(top, get(z, row, v));
  for (int64_t v = 0; v < z->columns; ++v) sum += all->p[v] = exp(get(z, row, v) - top);
  for (int64_t v = 0; v < z->columns; ++v) all->p[v] /= sum;
  *y = chosen;
  return WEFT_OK;
}

static weft_status forward(void* user, weft_saved saved, const weft_tensor* in, uint32_t n_in,
                           weft_tensor* out, uint32_t n_out) {
  (void)user;
  (void)n_out;
  rows all = {0};
  weft_tensor loss = NULL;
  view written = {0};
  int64_t y = -1;
  double sum = 0.0;
  weft_status status;

  TRY(host->grad->save(saved, in, n_in));
  TRY(open_rows(in, &all));
  TRY(host->tensor->empty(NULL, 0, all.logits.dtype, in[0], &loss));
  TRY(view_of(loss, &written));
  for (int64_t row = 0; row < all.logits.rows; ++row) {
    TRY(read_row(&all, row, &y));
    if (y < 0) continue;
    sum += 1.0 - 2.0 * all.p[y];
    for (int64_t v = 0; v < all.logits.columns; ++v) sum += all.p[v] * all.p[v];
  }
  put(&written, 0, 0, sum);
  out[0] = loss;
  loss = NULL;

done:
  free(all.p);
  host->tensor->release(loss);
  return status;
}

static double slope(const rows* all, int64_t v, int64_t y) {
  return 2.0 * (all->p[v] - (v == y ? 1.0 : 0.0));
}

static weft_status backward(void* user, weft_saved saved, const weft_tensor* grad_out,
                            uint32_t n_out, const uint8_t* needs, weft_tensor* grad_in,
                            uint32_t n_in) {
  (void)user;
  (void)n_out;
  (void)n_in;
  rows all = {0};
  weft_tensor in[3] = {0}, gradient = NULL;
  view outer = {0}, written = {0};
  int64_t y = -1;
  weft_status status;

  if (!needs[0] || grad_out[0] == NULL) return WEFT_OK;
  for (uint32_t i = 0; i < 3; ++i) TRY(host->grad->saved(saved, i, &in[i]));
  TRY(open_rows(in, &all));
  const int64_t sizes[] = {all.logits.rows, all.logits.columns};
  TRY(host->tensor->empty(sizes, 2, all.logits.dtype, in[0], &gradient));
  TRY(view_of(grad_out[0], &outer));
  TRY(view_of(gradient, &written));
  for (int64_t row = 0; row < sizes[0]; ++row) {
    double mean = 0.0;
    TRY(read_row(&all, row, &y));
    for (int64_t v = 0; y >= 0 && v < sizes[1]; ++v) mean += slope(&all, v, y) * all.p[v];
    for (int64_t v = 0; v < sizes[1]; ++v)
      put(&written, row, v,
          y < 0 ? 0.0 : get(&outer, 0, 0) * all.p[v] * (slope(&all, v, y) - mean));
  }
  grad_in[0] = gradient;
  gradient = NULL;

done:
  free(all.p);
  for (int i = 0; i < 3; ++i) host->tensor->release(in[i]);
  host->tensor->release(gradient);
  return status;
}

/* ---- the component ---- */

static weft_status call_quadratic(void* self, const weft_call* call) {
  static const weft_function score = {
      sizeof(weft_function), 0, "golden.quadratic", NULL, forward, backward, NULL};
  (void)self;
  weft_tensor in[3] = {0}, count = NULL, loss = NULL;
  weft_status status;

  if (call == NULL) return fail(WEFT_INVALID, "call: without a call");
  if (call->role != WEFT_ROLE_FORWARD && call->role != WEFT_ROLE_COUNT)
    return fail(WEFT_UNSUPPORTED, "a loss has two roles, forward and count");
  const weft_tensor mask = call->in_count[MASK] > 0 ? call->in[2] : NULL;
  const int count_only = call->role == WEFT_ROLE_COUNT;
  TRY(lay_beside(count_only ? NULL : call->in[0], call->in[1], mask, &in[0], &in[1], &in[2]));
  if (!count_only) TRY(host->grad->custom(&score, in, 3, &loss, 1));
  TRY(host->op->sum(in[2], NULL, 0, 0, &count));
  TRY(run2(op_to, count, dtype_of(WEFT_DTYPE_FLOAT64), &call->out[1]));
  call->out[0] = loss;
  loss = NULL;

done:
  for (int i = 0; i < 3; ++i) host->tensor->release(in[i]);
  release_all((weft_tensor* const[]){&count, &loss}, 2);
  return status;
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_LOSS,
    .id = "golden/loss.quadratic",
    .version = "1.0.0",
    .summary = "Quadratic score of the next token.",
    .config_schema = SETTINGS(""),
    .state_version = 1,
    .create = create,
    .destroy = destroy_nothing,
    .call = call_quadratic,
};

GOLDEN_PLUGIN(component, operations)
