/* SPDX-License-Identifier: Apache-2.0 */
/* Golden decoder in C: decoder.cpp says what it computes. */

#include "golden.h"

static weft_op op_embedding, op_unsqueeze, op_tanh;

static const weft_operation operations[] = {
    OPERATION(&operations[1], "aten::embedding", "",
              "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool "
              "scale_grad_by_freq=False, bool sparse=False) -> Tensor",
              &op_embedding),
    OPERATION(&operations[2], "aten::unsqueeze", "",
              "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", &op_unsqueeze),
    OPERATION(NULL, "aten::tanh", "", "tanh(Tensor self) -> Tensor", &op_tanh),
};

enum { EMBEDDING, OUT_WEIGHT, OUT_BIAS };

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  static const weft_port ports[] = {
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_FLOAT, "state", "[B, N, D]",
       "The reasoning state.", NULL},
      {sizeof(weft_port), WEFT_PORT_INPUT, 0, WEFT_DTYPES_INDEX, "target", "[B, S]",
       "Tokens so far.", NULL},
      {sizeof(weft_port), WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "logits", "[B, S, V]",
       "Row t scores the token at t + 1.", NULL},
  };
  int64_t dim = 16, vocab = 32;
  weft_status status;
  TRY(check_create(context, config, self));
  TRY(setting(config, len, "\"dim\"", &dim));
  TRY(setting(config, len, "\"vocab\"", &vocab));
  TRY(host->core->declare_size(context, "D", dim));
  TRY(host->core->declare_size(context, "V", vocab));
  TRY(declare_ports(context, ports, LENGTH(ports)));
  TRY(declare(context, 0, "embedding.weight", vocab, dim, WEFT_INIT_NORMAL, 0.0, 0.02,
              WEFT_PARAMETER_NO_DECAY));
  TRY(declare(context, 0, "out.weight", vocab, dim, WEFT_INIT_XAVIER_UNIFORM, 1.0, 0.0, 0));
  TRY(declare(context, 0, "out.bias", vocab, 0, WEFT_INIT_ZEROS, 0.0, 0.0,
              WEFT_PARAMETER_NO_DECAY));
  *self = NULL;

done:
  return status;
}

static weft_status call_next_token(void* self, const weft_call* call) {
  (void)self;
  weft_tensor first = NULL, row = NULL, embedded = NULL, sum = NULL, active = NULL;
  weft_status status;

  TRY(check_forward(call));
  TRY(host->op->select(call->in[0], 1, 0, &first));
  TRY(run2(op_unsqueeze, first, integer(1), &row));
  TRY(run2(op_embedding, call->parameters[EMBEDDING], tensor(call->in[1]), &embedded));
  TRY(host->op->add(embedded, row, 1.0, &sum));
  TRY(run1(op_tanh, sum, &active));
  TRY(host->op->linear(active, call->parameters[OUT_WEIGHT], call->parameters[OUT_BIAS],
                       &call->out[0]));

done:
  release_all((weft_tensor* const[]){&first, &row, &embedded, &sum, &active}, 5);
  return status;
}

static const void* get_extension(void* self, const char* id) {
  static const weft_autoregressive table = {
      sizeof(weft_autoregressive), 0, "target", "logits", 2, 3, 0};
  (void)self;
  return id != NULL && strcmp(id, WEFT_AUTOREGRESSIVE) == 0 ? &table : NULL;
}

static const weft_component component = {
    .size = sizeof(weft_component),
    .kind = WEFT_KIND_DECODER,
    .id = "golden/decoder.next_token",
    .version = "1.0.0",
    .summary = "The next token.",
    .config_schema = SETTINGS(INTEGER("dim", 1, 16, "Width D of the state.") ", " INTEGER(
        "vocab", 4, 32, "Number V of tokens in the vocabulary.")),
    .state_version = 1,
    .create = create,
    .destroy = destroy_nothing,
    .call = call_next_token,
    .get_extension = get_extension,
};

GOLDEN_PLUGIN(component, operations)
