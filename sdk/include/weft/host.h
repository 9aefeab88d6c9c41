// SPDX-License-Identifier: Apache-2.0
/// libweft in C: train a recipe, evaluate its run, and ask the run, from a program of your own.
/// <weft/host.hpp> is the same in C++.
///
/// Every function that can fail returns 0 or an exit code of docs/exit-codes.md; weft_host_error()
/// then has the sentence. Nothing is printed and no signal is handled. Strings are UTF-8. A struct
/// begins with its own size, so that later versions can append to it; a zeroed rest means defaults.
///
/// Two things hold for the whole process once a recipe is opened, as LibTorch has them: the number
/// of threads that operations use, and that operations are deterministic.

#ifndef WEFT_HOST_H
#define WEFT_HOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_HOST_API __attribute__((visibility("default")))

/// The sentence of the last call on this thread that failed; empty before. Valid until the next
/// call on this thread.
WEFT_HOST_API const char* weft_host_error(void);

/// One step of training.
typedef struct weft_host_step {
  uint32_t size;         ///< of this struct, in bytes
  const char* stage;     ///< its name
  int64_t step;          ///< steps of the stage that are done
  int64_t steps;         ///< steps that the stage has
  double loss;           ///< weighted sum of the stage's losses
  double learning_rate;  ///< of this step, before the groups' factors
  double gradient_norm;  ///< before clipping
} weft_host_step;

/// Who is told; each entry may be null. Calls come on the thread that trains.
typedef struct weft_host_observer {
  uint32_t size;                                               ///< of this struct, in bytes
  void* user;                                                  ///< handed to each call
  void (*note)(void* user, const char* sentence);              ///< something worth knowing
  void (*warning)(void* user, const char* sentence);           ///< something that may be wrong
  void (*step)(void* user, const weft_host_step* step);        ///< each step
  void (*saved)(void* user, const char* stage, int64_t step);  ///< a checkpoint
  /// Asked after each step: nonzero saves and ends training with exit code 75.
  int (*stop)(void* user);
} weft_host_observer;

/// How recipes and runs are opened.
typedef struct weft_host_settings {
  uint32_t size;                 ///< of this struct, in bytes
  const char* const* overrides;  ///< PATH=VALUE, as of `weft --set`
  size_t override_count;         ///< number of overrides
  const char* const* plugins;    ///< folders; none: WEFT_PLUGIN_PATH and the installed ones
  size_t plugin_count;           ///< number of folders
  int32_t threads;               ///< 0: the recipe's, else the machine's
  int32_t allow_commands;  ///< nonzero: commands (pipe:…) that the recipe reads data from may run
  const weft_host_observer* observer;  ///< or null
} weft_host_settings;

/// What becomes of a run folder that is there already.
enum { WEFT_HOST_CREATE = 0, WEFT_HOST_RESUME = 1, WEFT_HOST_OVERWRITE = 2 };

/// Metrics of an evaluation, each as "metric.output".
typedef struct weft_host_scores weft_host_scores;

/// Checks a recipe, its parts and their shapes. Null settings are zeroed ones, here and below.
WEFT_HOST_API int32_t weft_host_check(const char* recipe, const weft_host_settings* settings);

/// Trains a recipe into a run folder, then evaluates.
/// @param run     null: runs/NAME of the recipe
/// @param scores  set to null where the recipe does not evaluate; may be null
WEFT_HOST_API int32_t weft_host_train(const char* recipe, const weft_host_settings* settings,
                                      const char* run, int32_t mode, weft_host_scores** scores);

/// Evaluates a run.
/// @param split  train, val or test; null: the recipe's
WEFT_HOST_API int32_t weft_host_evaluate(const char* run, const weft_host_settings* settings,
                                         const char* split, weft_host_scores** scores);

WEFT_HOST_API size_t weft_host_scores_count(const weft_host_scores* scores);
WEFT_HOST_API const char* weft_host_scores_name(const weft_host_scores* scores, size_t index);
WEFT_HOST_API double weft_host_scores_value(const weft_host_scores* scores, size_t index);
WEFT_HOST_API void weft_host_scores_free(weft_host_scores* scores);

/// A trained run that answers. One call at a time; several predictors may live side by side.
typedef struct weft_host_predictor weft_host_predictor;

/// Opens the newest checkpoint of a run. No training shard is read.
/// @param section  whose fields an example has; null: the evaluation's
WEFT_HOST_API int32_t weft_host_predictor_open(const char* run, const weft_host_settings* settings,
                                               const char* section, weft_host_predictor** out);
WEFT_HOST_API void weft_host_predictor_free(weft_host_predictor* predictor);

/// A field of the example: the bytes of a picture's or recording's file, or a text.
typedef struct weft_host_field {
  const char* name;   ///< the field's, as the section has it
  const void* bytes;  ///< of the file, or of the text
  size_t size;        ///< number of bytes
} weft_host_field;

/// One output's answer. Pointers are valid until the predictor's next call.
typedef struct weft_host_answer {
  const char* name;     ///< the node's
  const char* text;     ///< the class's name, or the text that was written
  int64_t index;        ///< of the class; -1 for a text
  const float* scores;  ///< a class's probability each, or null
  size_t score_count;   ///< number of classes; 0 for a text
} weft_host_answer;

/// @param answers  set to a list that is valid until the predictor's next call
WEFT_HOST_API int32_t weft_host_predict(weft_host_predictor* predictor,
                                        const weft_host_field* fields, size_t field_count,
                                        const weft_host_answer** answers, size_t* answer_count);

#ifdef __cplusplus
}
#endif

#endif
