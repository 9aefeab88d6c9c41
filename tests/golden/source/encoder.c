/* SPDX-License-Identifier: Apache-2.0 */
/* Golden encoder in C: encoder.cpp says what it computes. */

#include "golden.h"

typedef struct rows {
  int64_t columns, dim;
} rows;

static weft_op op_gelu, op_detach, op_bernoulli, op_multiply;

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::gelu", "",
              "gelu(Tensor self, *, str approximate='none') -> Tensor", &op_gelu),
    OPERATION(&operations[2], "aten::detach", "", "detach(Tensor(a) self) -> Tensor(a)",
              &op_detach),
    OPERATION(&operations[3], "aten::bernoulli", "p",
              "bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor",
              &op_bernoulli),
    OPERATION(NULL, "aten::mul", "Scalar", "mul.Scalar(Tensor self, Scalar other) -> Tensor",
              &op_multiply),
};

/* The order of declaration, which is the order of the slots. */
enum { PROJECT_WEIGHT, PROJECT_BIAS, NORM_WEIGHT, NORM_BIAS };

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "image", "[B, 1, H, W]",
       "Pictures.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "tokens", "[B, H, D]",
       "One token for each row.", NULL},
  };
  rows* made = NULL;
  weft_status status;
  TRY(check_create(context, config, self));
  made = malloc(sizeof *made);
  if (made == NULL) return fail(WEFT_NO_MEMORY, "create: no memory");
  *made = (rows){.columns = 28, .dim = 16};
  TRY(setting(config, len, "\"columns\"", &made->columns));
  TRY(setting(config, len, "\"dim\"", &made->dim));
  TRY(host->core->declare_size(context, "W", made->columns));
  TRY(host->core->declare_size(context, "D", made->dim));
  TRY(declare_ports(context, ports, LENGTH(ports)));
  TRY(declare(context, 0, "project.weight", made->dim, made->columns, WEFT_INIT_XAVIER_UNIFORM, 1.0,
              0.0, 0));
  TRY(declare(context, 0, "project.bias", made->dim, 0, WEFT_INIT_ZEROS, 0.0, 0.0,
              WEFT_PARAMETER_NO_DECAY));
  TRY(declare(context, 0, "norm.weight", made->dim, 0, WEFT_INIT_CONSTANT, 1.0, 0.0,
              WEFT_PARAMETER_NO_DECAY));
  TRY(declare(context, 0, "norm.bias", made->dim, 0, WEFT_INIT_ZEROS, 0.0, 0.0,
              WEFT_PARAMETER_NO_DECAY));
  TRY(declare(context, 1, "offset", made->dim, 0, WEFT_INIT_CONSTANT, 0.25, 0.0, 0));
  *self = made;
  return WEFT_OK;

done:
  free(made);
  return status;
}

/* In training x ⊙ keep / (1 − 0.5); else x. */
static weft_status drop_half(const weft_call* call, weft_tensor x, weft_tensor* out) {
  weft_tensor still = NULL, keep = NULL, scaled = NULL;
  weft_status status;

  if ((call->flags & WEFT_CALL_TRAINING) == 0) return host->tensor->retain(x, out);
  TRY(run1(op_detach, x, &still));
  const weft_value args[] = {tensor(still), number_of(0.5)};
  weft_named_value generator = {"generator", {WEFT_VALUE_GENERATOR, 0, {0}}};
  generator.value.u.g = call->generator;
  weft_value result = {WEFT_VALUE_NONE, 0, {0}};
  TRY(host->op->call(op_bernoulli, args, 2, &generator, 1, &result, 1));
  keep = result.u.t;
  TRY(run2(op_multiply, keep, number_of(2.0), &scaled));
  TRY(host->op->mul(x, scaled, out));

done:
  release_all((weft_tensor* const[]){&still, &keep, &scaled}, 3);
  return status;
}

static weft_status call_rows(void* self, const weft_call* call) {
  const rows* const made = self;
  weft_tensor lines = NULL, projected = NULL, active = NULL, normed = NULL, moved = NULL;
  const int64_t* sizes = NULL;
  weft_status status;

  if (made == NULL) return fail(WEFT_INVALID, "call: without an instance");
  TRY(check_forward(call));
  TRY(sizes_of(call->in[0], &sizes));
  const int64_t flat[] = {sizes[0], -1, made->columns};
  TRY(host->op->reshape(call->in[0], flat, 3, &lines));
  TRY(host->op->linear(lines, call->parameters[PROJECT_WEIGHT], call->parameters[PROJECT_BIAS],
                       &projected));
  TRY(run1(op_gelu, projected, &active));
  TRY(host->op->layer_norm(active, &made->dim, 1, call->parameters[NORM_WEIGHT],
                           call->parameters[NORM_BIAS], 1e-5, &normed));
  TRY(host->op->add(normed, call->buffers[0], 1.0, &moved));
  TRY(drop_half(call, moved, &call->out[0]));

done:
  release_all((weft_tensor* const[]){&lines, &projected, &active, &normed, &moved}, 5);
  return status;
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_ENCODER,
    .id = "golden/encoder.rows",
    .version = "1.0.0",
    .summary = "Each row becomes a token.",
    .config_schema = SETTINGS(INTEGER("columns", 1, 28, "Width W of a picture.") ", " INTEGER(
        "dim", 1, 16, "Width D of a token.")),
    .state_version = 1,
    .create = create,
    .destroy = free,
    .call = call_rows,
};

GOLDEN_PLUGIN(component, operations)
