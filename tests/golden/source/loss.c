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
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "logits", "[B, S, V]",
       "Row t scores the token at t + 1.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_INDEX, "target", "[B, S]", "The tokens.",
       NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL, "mask", "[B, S]",
       "Which tokens are real.", "target"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "loss", "[]",
       "Sum over the tokens that count.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "weight", "[]",
       "How many those are.", NULL},
  };
  (void)config;
  (void)len;
  *self = NULL;
  return declare_ports(context, ports, LENGTH(ports));
}

/* ---- the operation, on contiguous memory: in = logits [n, V], target [n], counted [n] ---- */

typedef struct rows {
  int64_t n, classes;
  const float* logits;
  const int64_t* target;
  const uint8_t* counted;
  double* p; /* [V], of the present row */
} rows;

static weft_status open_rows(const weft_tensor* in, rows* all) {
  const int64_t* sizes = NULL;
  void* memory[3] = {0};
  weft_status status;
  all->p = NULL;
  TRY(sizes_of(in[0], &sizes));
  all->n = sizes[0];
  all->classes = sizes[1];
  for (int i = 0; i < 3; ++i) TRY(host->tensor->data(in[i], &memory[i]));
  all->logits = memory[0];
  all->target = memory[1];
  all->counted = memory[2];
  all->p = malloc((size_t)all->classes * sizeof *all->p);
  if (all->p == NULL) status = WEFT_NO_MEMORY;

done:
  return status;
}

static void softmax(const rows* all, int64_t row) {
  const float* const z = all->logits + row * all->classes;
  double top = z[0], sum = 0.0;
  for (int64_t v = 1; v < all->classes; ++v)
    if (z[v] > top) top = z[v];
  for (int64_t v = 0; v < all->classes; ++v) sum += all->p[v] = exp(z[v] - top);
  for (int64_t v = 0; v < all->classes; ++v) all->p[v] /= sum;
}

static weft_status forward(void* user, weft_saved saved, const weft_tensor* in, uint32_t n_in,
                           weft_tensor* out, uint32_t n_out) {
  (void)user;
  (void)n_out;
  rows all = {0};
  weft_tensor loss = NULL;
  void* written = NULL;
  double sum = 0.0;
  weft_status status;

  TRY(host->grad->save(saved, in, n_in));
  TRY(open_rows(in, &all));
  TRY(host->tensor->empty(NULL, 0, WEFT_DTYPE_FLOAT32, in[0], &loss));
  TRY(host->tensor->data(loss, &written));
  for (int64_t row = 0; row < all.n; ++row) {
    if (!all.counted[row]) continue;
    softmax(&all, row);
    sum += 1.0 - 2.0 * all.p[all.target[row]];
    for (int64_t v = 0; v < all.classes; ++v) sum += all.p[v] * all.p[v];
  }
  *(float*)written = (float)sum;
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
  void *outer = NULL, *written = NULL;
  weft_status status;

  if (!needs[0] || grad_out[0] == NULL) return WEFT_OK;
  for (uint32_t i = 0; i < 3; ++i) TRY(host->grad->saved(saved, i, &in[i]));
  TRY(open_rows(in, &all));
  const int64_t sizes[] = {all.n, all.classes};
  TRY(host->tensor->empty(sizes, 2, WEFT_DTYPE_FLOAT32, in[0], &gradient));
  TRY(host->tensor->data(grad_out[0], &outer));
  TRY(host->tensor->data(gradient, &written));
  memset(written, 0, (size_t)(all.n * all.classes) * sizeof(float));
  for (int64_t row = 0; row < all.n; ++row) {
    if (!all.counted[row]) continue;
    float* const line = (float*)written + row * all.classes;
    const int64_t y = all.target[row];
    double mean = 0.0;
    softmax(&all, row);
    for (int64_t v = 0; v < all.classes; ++v) mean += slope(&all, v, y) * all.p[v];
    for (int64_t v = 0; v < all.classes; ++v)
      line[v] = (float)((double)*(float*)outer * all.p[v] * (slope(&all, v, y) - mean));
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
  const weft_tensor mask = call->in_count[MASK] > 0 ? call->in[2] : NULL;
  const int count_only = call->role == WEFT_ROLE_COUNT;
  weft_tensor in[3] = {0}, count = NULL, loss = NULL;
  weft_status status;

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
