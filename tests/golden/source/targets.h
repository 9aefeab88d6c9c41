/* SPDX-License-Identifier: Apache-2.0 */
/* Scores laid beside the next tokens, for the golden loss and metric in C; <weft/targets.hpp> is
 * the same in C++. */
#ifndef WEFT_TESTS_GOLDEN_TARGETS_H
#define WEFT_TESTS_GOLDEN_TARGETS_H

#include "golden.h"

static weft_op op_slice, op_not_equal, op_and, op_not, op_fill;

/* The first five of a chain that goes on at `next`. */
#define TARGET_OPERATIONS(chain, next)                                                        \
  OPERATION(                                                                                  \
      &(chain)[1], "aten::slice", "Tensor",                                                   \
      "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt " \
      "step=1) -> Tensor(a)",                                                                 \
      &op_slice),                                                                             \
      OPERATION(&(chain)[2], "aten::ne", "Scalar",                                            \
                "ne.Scalar(Tensor self, Scalar other) -> Tensor", &op_not_equal),             \
      OPERATION(&(chain)[3], "aten::logical_and", "",                                         \
                "logical_and(Tensor self, Tensor other) -> Tensor", &op_and),                 \
      OPERATION(&(chain)[4], "aten::logical_not", "", "logical_not(Tensor self) -> Tensor",   \
                &op_not),                                                                     \
      OPERATION(next, "aten::masked_fill", "Scalar",                                          \
                "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", &op_fill)

static inline weft_status slice(weft_tensor x, int64_t axis, int64_t start, int64_t end,
                                weft_tensor* out) {
  const weft_value args[] = {tensor(x), integer(axis), integer(start), integer(end)};
  weft_value result = {WEFT_VALUE_NONE, 0, {0}};
  const weft_status status = host->op->call(op_slice, args, 4, NULL, 0, &result, 1);
  if (status == WEFT_OK) *out = result.u.t;
  return status;
}

static inline weft_status flatten(weft_tensor x, weft_tensor* out) {
  static const int64_t one = -1;
  return host->op->reshape(x, &one, 1, out);
}

/* target [B, S] and mask [B, S] or NULL to the targets [n] and whether they count [n], n = B (S-1);
 * logits [B, S, V], unless NULL, to [n, V]. */
static inline weft_status lay_beside(weft_tensor logits, weft_tensor target, weft_tensor mask,
                                     weft_tensor* scores, weft_tensor* classes,
                                     weft_tensor* counted) {
  weft_tensor before = NULL, after = NULL, real = NULL, known = NULL, both = NULL,
              not_counted = NULL;
  weft_tensor filled = NULL;
  const int64_t *sizes = NULL, *wide = NULL;
  weft_status status;

  TRY(sizes_of(target, &sizes));
  TRY(slice(target, -1, 1, sizes[1], &after));
  TRY(run2(op_not_equal, after, integer(-100), &known));
  if (mask != NULL) {
    TRY(slice(mask, -1, 1, sizes[1], &real));
    TRY(run2(op_and, known, tensor(real), &both));
  } else {
    TRY(host->tensor->retain(known, &both));
  }
  TRY(run1(op_not, both, &not_counted));
  TRY(run3(op_fill, tensor(after), tensor(not_counted), number_of(0.0), 3, &filled));
  if (logits != NULL) {
    TRY(slice(logits, -2, 0, sizes[1] - 1, &before));
    TRY(sizes_of(logits, &wide));
    const int64_t rows[] = {-1, wide[2]};
    TRY(host->op->reshape(before, rows, 2, scores));
  }
  TRY(flatten(filled, classes));
  TRY(flatten(both, counted));

done:
  release_all((weft_tensor* const[]){&before, &after, &real, &known, &both, &not_counted, &filled},
              7);
  return status;
}

#endif
