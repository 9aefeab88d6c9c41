/* SPDX-License-Identifier: Apache-2.0 */
/* Golden function in C: function.cpp says what it computes. */

#include "golden.h"

static weft_op op_to, op_greater, op_multiply, op_divide, op_clamp, op_unsqueeze, op_subtract,
    op_detach;

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::to", "dtype",
              "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool "
              "copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
              &op_to),
    OPERATION(&operations[2], "aten::gt", "Scalar",
              "gt.Scalar(Tensor self, Scalar other) -> Tensor", &op_greater),
    OPERATION(&operations[3], "aten::mul", "Scalar",
              "mul.Scalar(Tensor self, Scalar other) -> Tensor", &op_multiply),
    OPERATION(&operations[4], "aten::div", "Tensor",
              "div.Tensor(Tensor self, Tensor other) -> Tensor", &op_divide),
    OPERATION(&operations[5], "aten::clamp_min", "", "clamp_min(Tensor self, Scalar min) -> Tensor",
              &op_clamp),
    OPERATION(&operations[6], "aten::unsqueeze", "",
              "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", &op_unsqueeze),
    OPERATION(&operations[7], "aten::sub", "Tensor",
              "sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", &op_subtract),
    OPERATION(NULL, "aten::detach", "", "detach(Tensor(a) self) -> Tensor(a)", &op_detach),
};

enum { TOKENS, TEXT, TEXT_MASK };
enum { SUM, COUNT };

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "tokens", "[B, N, D]",
       "The tokens.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES(WEFT_DTYPE_UINT8),
       "text", "[B, L]", "A text of each row.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL, "text_mask",
       "[B, L]", "Which bytes are real.", "text"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "out", "[B, N, D]",
       "The tokens, moved, turned and louder.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, WEFT_PORT_ON_DEMAND, WEFT_DTYPES_FLOAT, "slope",
       "[B, N, D]", "The derivative of half its squares.", NULL},
  };
  int64_t dim = 16;
  uint32_t slot = 0;
  weft_status status;

  TRY(check_create(context, config, self));
  TRY(setting(config, len, "\"dim\"", &dim));
  TRY(host->core->declare_size(context, "D", dim));
  TRY(declare_ports(context, ports, LENGTH(ports)));
  const int64_t sizes[] = {dim, dim};
  weft_parameter weight = {0};
  weight.size = sizeof weight;
  weight.name = "weight";
  weight.sizes = sizes;
  weight.ndim = 2;
  weight.init = WEFT_INIT_ORTHOGONAL;
  weight.a = 1.0;
  weight.layer = 1;
  TRY(host->core->declare_parameter(context, &weight, &slot));
  TRY(declare(context, 1, "mean", dim, 0, WEFT_INIT_ZEROS, 0.0, 0.0, 0));
  weft_state states[2] = {{0}, {0}};
  for (int i = 0; i < 2; ++i) {
    states[i].size = sizeof states[i];
    states[i].merge = WEFT_MERGE_SUM;
    states[i].name = i == SUM ? "sum" : "count";
    states[i].sizes = sizes;
    states[i].ndim = i == SUM ? 1 : 0;
    states[i].dtype = WEFT_DTYPE_FLOAT64;
    TRY(host->core->declare_state(context, &states[i], &slot));
  }
  *self = NULL;

done:
  return status;
}

/* 1 + mean of the real bytes / 255, [B, 1, 1]. */
static weft_status loudness(weft_tensor text, weft_tensor mask, uint32_t dtype, weft_tensor* out) {
  static const int64_t last = 1;
  weft_tensor bytes = NULL, counts = NULL, real = NULL, said = NULL, sum = NULL, number = NULL;
  weft_tensor least = NULL, whole = NULL, mean = NULL, one = NULL, louder = NULL, column = NULL;
  weft_status status;

  TRY(run2(op_to, text, dtype_of(dtype), &bytes));
  if (mask != NULL)
    TRY(host->tensor->retain(mask, &counts));
  else
    TRY(run2(op_greater, bytes, number_of(0.0), &counts));
  TRY(run2(op_to, counts, dtype_of(dtype), &real));
  TRY(host->op->mul(bytes, real, &said));
  TRY(host->op->sum(said, &last, 1, 0, &sum));
  TRY(host->op->sum(real, &last, 1, 0, &number));
  TRY(run2(op_clamp, number, number_of(1.0), &least));
  TRY(run2(op_multiply, least, number_of(255.0), &whole));
  TRY(run2(op_divide, sum, tensor(whole), &mean));
  TRY(run2(op_divide, whole, tensor(whole), &one)); /* 1 for each row */
  TRY(host->op->add(mean, one, 1.0, &louder));
  TRY(run2(op_unsqueeze, louder, integer(-1), &column));
  TRY(run2(op_unsqueeze, column, integer(-1), out));

done:
  release_all((weft_tensor* const[]){&bytes, &counts, &real, &said, &sum, &number, &least, &whole,
                                     &mean, &one, &louder, &column},
              12);
  return status;
}

static weft_status turn(const weft_call* call, weft_tensor tokens, weft_tensor louder,
                        weft_tensor* out) {
  weft_tensor moved = NULL, turned = NULL;
  weft_status status;

  TRY(run2(op_subtract, tokens, tensor(call->buffers[0]), &moved));
  TRY(host->op->linear(moved, call->parameters[0], NULL, &turned));
  if (louder != NULL)
    TRY(host->op->mul(turned, louder, out));
  else
    TRY(host->tensor->retain(turned, out));

done:
  release_all((weft_tensor* const[]){&moved, &turned}, 2);
  return status;
}

/* Recorded here, whatever the host does. */
static weft_status slope_of(const weft_call* call, weft_tensor louder, weft_tensor* slope) {
  weft_tensor at = NULL, out = NULL, squares = NULL, sum = NULL, half = NULL;
  uint32_t before = 0;
  weft_status status = host->grad->enable(1, &before);

  if (status != WEFT_OK) return status;
  TRY(host->grad->leaf(call->in[TOKENS], &at));
  TRY(turn(call, at, louder, &out));
  TRY(host->op->mul(out, out, &squares));
  TRY(host->op->sum(squares, NULL, 0, 0, &sum));
  TRY(run2(op_multiply, sum, number_of(0.5), &half));
  TRY(host->grad->gradient(&half, NULL, 1, &at, 1, 0, slope));

done:
  host->grad->enable(before, NULL);
  release_all((weft_tensor* const[]){&at, &out, &squares, &sum, &half}, 5);
  return status;
}

/* Adds a step's tokens and their number to the states. */
static weft_status add_up(const weft_call* call) {
  static const int64_t rows[] = {0, 1};
  weft_tensor free_of = NULL, wide = NULL, sum = NULL, column = NULL, one = NULL, number = NULL;
  weft_tensor states[2] = {NULL, NULL};
  weft_status status;

  TRY(run1(op_detach, call->in[TOKENS], &free_of));
  TRY(run2(op_to, free_of, dtype_of(WEFT_DTYPE_FLOAT64), &wide));
  TRY(host->op->sum(wide, rows, 2, 0, &sum));
  TRY(host->op->select(wide, 2, 0, &column));
  TRY(run2(op_greater, column, number_of(-1e300), &one)); /* true for each token */
  TRY(run2(op_to, one, dtype_of(WEFT_DTYPE_FLOAT64), &number));
  host->tensor->release(column);
  column = NULL;
  TRY(host->op->sum(number, NULL, 0, 0, &column));
  TRY(host->op->add(call->states[SUM], sum, 1.0, &states[SUM]));
  TRY(host->op->add(call->states[COUNT], column, 1.0, &states[COUNT]));
  for (int i = 0; i < 2; ++i) call->states[i] = states[i]; /* all or none */
  memset(states, 0, sizeof states);

done:
  release_all((weft_tensor* const[]){&free_of, &wide, &sum, &column, &one, &number}, 6);
  for (int i = 0; i < 2; ++i) host->tensor->release(states[i]);
  return status;
}

/* States into a new buffer. */
static weft_status step(const weft_call* call) {
  weft_tensor least = NULL, mean = NULL;
  weft_tensor_meta meta = {0};
  weft_status status;

  meta.size = sizeof meta;
  TRY(host->tensor->meta(call->buffers[0], &meta));
  TRY(run2(op_clamp, call->states[COUNT], number_of(1.0), &least));
  TRY(run2(op_divide, call->states[SUM], tensor(least), &mean));
  TRY(run2(op_to, mean, dtype_of((uint32_t)meta.dtype), &call->out[0]));

done:
  release_all((weft_tensor* const[]){&least, &mean}, 2);
  return status;
}

static weft_status forward(const weft_call* call) {
  /* Inputs lie one behind the other: the mask behind the text. */
  const weft_tensor text = call->in_count[TEXT] > 0 ? call->in[TEXT] : NULL;
  const weft_tensor mask =
      text != NULL && call->in_count[TEXT_MASK] > 0 ? call->in[TEXT_MASK] : NULL;
  const int wants = WEFT_HAS(call, wanted) && call->wanted != NULL && call->wanted[1] != 0;
  weft_tensor louder = NULL, out = NULL, slope = NULL;
  weft_tensor_meta meta = {0};
  weft_status status;

  meta.size = sizeof meta;
  TRY(host->tensor->meta(call->in[TOKENS], &meta));
  if (text != NULL) TRY(loudness(text, mask, (uint32_t)meta.dtype, &louder));
  TRY(turn(call, call->in[TOKENS], louder, &out));
  if (wants) TRY(slope_of(call, louder, &slope));
  if ((call->flags & WEFT_CALL_TRAINING) != 0) TRY(add_up(call));
  call->out[0] = out;
  call->out[1] = slope;
  out = slope = NULL;

done:
  release_all((weft_tensor* const[]){&louder, &out, &slope}, 3);
  return status;
}

static weft_status call_loud(void* self, const weft_call* call) {
  (void)self;
  if (call == NULL) return fail(WEFT_INVALID, "call: without a call");
  if (call->role == WEFT_ROLE_FORWARD) return forward(call);
  if (call->role == WEFT_ROLE_STEP) return step(call);
  return fail(WEFT_UNSUPPORTED, "this function has two roles, forward and step");
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_FUNCTION,
    .id = "golden/function.loud",
    .version = "1.0.0",
    .summary = "Louder by a text.",
    .config_schema = SETTINGS(INTEGER("dim", 1, 16, "Width D of a token.")),
    .state_version = 1,
    .create = create,
    .destroy = destroy_nothing,
    .call = call_loud,
};

GOLDEN_PLUGIN_OF(component, operations, 10)
