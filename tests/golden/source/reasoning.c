/* SPDX-License-Identifier: Apache-2.0 */
/* Golden reasoning core in C: reasoning.cpp says what it computes. */

#include <math.h>

#include "golden.h"

typedef struct attend {
  int64_t dim, heads;
} attend;

static weft_op op_multiply, op_unsqueeze, op_not, op_fill, op_softmax;

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::mul", "Scalar",
              "mul.Scalar(Tensor self, Scalar other) -> Tensor", &op_multiply),
    OPERATION(&operations[2], "aten::unsqueeze", "",
              "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", &op_unsqueeze),
    OPERATION(&operations[3], "aten::logical_not", "", "logical_not(Tensor self) -> Tensor",
              &op_not),
    OPERATION(&operations[4], "aten::masked_fill", "Scalar",
              "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", &op_fill),
    OPERATION(NULL, "aten::softmax", "int",
              "softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", &op_softmax),
};

enum { QUERY, KEY, VALUE, OUT };

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "tokens", "[B, N, D]",
       "The fused tokens.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, WEFT_PORT_OPTIONAL, WEFT_DTYPES_BOOL, "mask", "[B, N]",
       "Which tokens are real.", "tokens"},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "state", "[B, N, D]",
       "The tokens and what they attend to.", NULL},
  };
  static const char* const names[] = {"query", "key", "value", "out"};
  attend* made = NULL;
  weft_status status;
  TRY(check_create(context, config, self));
  made = malloc(sizeof *made);
  if (made == NULL) return fail(WEFT_NO_MEMORY, "create: no memory");
  *made = (attend){.dim = 16, .heads = 2};
  TRY(setting(config, len, "\"dim\"", &made->dim));
  TRY(setting(config, len, "\"heads\"", &made->heads));
  if (made->dim % made->heads != 0) TRY(fail(WEFT_INVALID, "heads must divide dim"));
  TRY(host->core->declare_size(context, "D", made->dim));
  TRY(declare_ports(context, ports, LENGTH(ports)));
  for (uint32_t i = 0; i < LENGTH(names); ++i)
    TRY(declare(context, 0, names[i], made->dim, made->dim, WEFT_INIT_XAVIER_UNIFORM, 1.0, 0.0, 0));
  *self = made;
  return WEFT_OK;

done:
  free(made);
  return status;
}

static const int64_t heads_first[] = {0, 2, 1, 3};

/* tokens [B, N, D] to heads [B, h, N, D/h] */
static weft_status split(const attend* made, weft_tensor tokens, weft_tensor weight,
                         weft_tensor* out) {
  weft_tensor projected = NULL, parted = NULL;
  const int64_t* sizes = NULL;
  weft_status status;

  TRY(sizes_of(tokens, &sizes));
  const int64_t parts[] = {sizes[0], sizes[1], made->heads, -1};
  TRY(host->op->linear(tokens, weight, NULL, &projected));
  TRY(host->op->reshape(projected, parts, 4, &parted));
  TRY(host->op->permute(parted, heads_first, 4, out));

done:
  release_all((weft_tensor* const[]){&projected, &parted}, 2);
  return status;
}

/* Fills the scores of keys that are not real; without a mask the scores stay as they are. */
static weft_status hide(weft_tensor* scores, weft_tensor mask) {
  weft_tensor row = NULL, wide = NULL, padding = NULL, hidden = NULL;
  weft_status status = WEFT_OK;

  if (mask == NULL) return status;
  TRY(run2(op_unsqueeze, mask, integer(1), &row));
  TRY(run2(op_unsqueeze, row, integer(1), &wide));
  TRY(run1(op_not, wide, &padding));
  TRY(run3(op_fill, tensor(*scores), tensor(padding), number_of(-1e9), 3, &hidden));
  host->tensor->release(*scores);
  *scores = hidden;

done:
  release_all((weft_tensor* const[]){&row, &wide, &padding}, 3);
  return status;
}

static weft_status call_attend(void* self, const weft_call* call) {
  const attend* const made = self;
  weft_tensor tokens = NULL, mask = NULL; /* borrowed */
  weft_tensor query = NULL, key = NULL, value = NULL, turned = NULL, raw = NULL, scores = NULL;
  weft_tensor shares = NULL, mixed = NULL, back = NULL, joined = NULL, attended = NULL;
  const int64_t* sizes = NULL;
  weft_status status;

  if (made == NULL) return fail(WEFT_INVALID, "call: without an instance");
  TRY(check_forward(call));
  tokens = call->in[0];
  if (call->in_count[1] > 0) mask = call->in[1];
  TRY(split(made, tokens, call->parameters[QUERY], &query));
  TRY(split(made, tokens, call->parameters[KEY], &key));
  TRY(host->op->transpose(key, 2, 3, &turned));
  TRY(host->op->matmul(query, turned, &raw));
  TRY(run2(op_multiply, raw, number_of(1.0 / sqrt((double)(made->dim / made->heads))), &scores));
  TRY(hide(&scores, mask));
  TRY(run2(op_softmax, scores, integer(-1), &shares));
  TRY(split(made, tokens, call->parameters[VALUE], &value));
  TRY(host->op->matmul(shares, value, &mixed));
  TRY(host->op->permute(mixed, heads_first, 4, &back));
  TRY(sizes_of(tokens, &sizes));
  TRY(host->op->reshape(back, sizes, 3, &joined));
  TRY(host->op->linear(joined, call->parameters[OUT], NULL, &attended));
  TRY(host->op->add(tokens, attended, 1.0, &call->out[0]));

done:
  release_all((weft_tensor* const[]){&query, &key, &value, &turned, &raw, &scores, &shares, &mixed,
                                     &back, &joined, &attended},
              11);
  return status;
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_REASONING,
    .id = "golden/reasoning.attend",
    .version = "1.0.0",
    .summary = "Self-attention.",
    .config_schema = SETTINGS(INTEGER("dim", 1, 16, "Width D of a token.") ", " INTEGER(
        "heads", 1, 2, "Number of heads; must divide dim.")),
    .state_version = 1,
    .create = create,
    .destroy = free,
    .call = call_attend,
};

GOLDEN_PLUGIN(component, operations)
