/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: what hosts had before a version of the ABI held it. A host that has a draft answers
 * core->get_extension() for its name; another answers null, and a plug-in must then do without or
 * refuse with a sentence. Plug-ins that load in hosts of ABI 0.9 ask. */

#ifndef WEFT_DRAFTS_H
#define WEFT_DRAFTS_H

#include <weft/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* WEFT_INIT_ORTHOGONAL, which is part of ABI 0.10. The extension has no table, only an address. */
#define WEFT_DRAFT_ORTHOGONAL "weft.draft.orthogonal/1"

/* ---- caches: what a part remembers of texts that grow (docs/abi/caches.md) ---- */

/* A trait, for weft_core_api.declare_traits, of a part that offers WEFT_AUTOREGRESSIVE: in a
 * sequence it takes the n newest tokens [B, n] in place of all S, and gives their logits [B, n, V];
 * these are what a whole pass gives for the same positions. Of a function it says that each
 * position is looked at by itself. Only in hosts that offer WEFT_DRAFT_CACHES: others refuse a
 * trait that they do not know. */
#define WEFT_INCREMENTAL 2u

#define WEFT_CACHE_APPEND 0u /* grows by one entry a token along an axis: keys, values */
#define WEFT_CACHE_ONCE 1u   /* computed once for each text: keys and values of its context */
#define WEFT_CACHE_CARRY 2u  /* replaced by each call: the state of a recurrent network */

/* The first axis of what is kept is the batch. */
typedef struct weft_cache {
  uint32_t size;
  uint32_t kind;
  const char* name; /* [a-z0-9_.]+, unique among the caches of the part */
  uint32_t axis;    /* APPEND: along which it grows, at least 1; else 0 */
  uint32_t reserved;
} weft_cache;

/* Of every host that knows caches, also one that cannot compute. */
#define WEFT_DRAFT_CACHES "weft.draft.caches/1"
typedef struct weft_caches_api {
  uint32_t size;
  uint32_t reserved;
  /* [create] Adds a cache; `slot` is its number in the functions below. */
  weft_status (*declare_cache)(weft_context, const weft_cache*, uint32_t* slot);
} weft_caches_api;

typedef struct weft_sequence_s* weft_sequence; /* texts that a call goes on with */

/* Of a host that computes. The host owns what is kept: it puts rows into another order, drops them
 * and cuts texts off between calls. B rows of a call may have texts of different length; behind the
 * new tokens of a row that has fewer than n there is padding, and what is computed of it is not
 * looked at. Tensors are [B, …]; none may be changed in place. */
#define WEFT_DRAFT_SEQUENCE "weft.draft.sequence/1"
typedef struct weft_sequence_api {
  uint32_t size;
  uint32_t reserved;
  /* [call] What this call goes on with; null: a whole pass, without caches. */
  weft_sequence (*current)(const weft_call*);
  /* [call] Positions of the n new tokens, from 0: new, int64 [B, n]. Padding has that of the last
   * token before it. */
  weft_status (*positions)(weft_sequence, int64_t n, weft_tensor* out);
  /* [call] Adds the entries of the new tokens to an APPEND cache; once in each call. `all`: new,
   * everything kept since the begin. Entry j of a row is there for its token at position p where
   * j <= p. */
  weft_status (*append)(weft_sequence, uint32_t slot, weft_tensor entries, weft_tensor* all);
  /* [call] Causal attention: appends keys [B, g, n, d] and values [B, g, n, e] to two caches whose
   * axis is 2, and lets queries [B, h, n, d], h a multiple of g, attend to all that is there for
   * them: softmax(scale · q kᵀ) v, new, [B, h, n, e]. `scale` 0: 1 / √d. */
  weft_status (*attend)(weft_sequence, uint32_t key_slot, uint32_t value_slot, weft_tensor queries,
                        weft_tensor keys, weft_tensor values, double scale, weft_tensor* out);
  /* [call] What a ONCE or CARRY cache holds, new; null where nothing was kept yet. */
  weft_status (*recall)(weft_sequence, uint32_t slot, weft_tensor* out);
  /* [call] Puts a tensor into a ONCE or CARRY cache, in the place of what was there. With a CARRY
   * cache a call has one new token, or as many for each row. */
  weft_status (*keep)(weft_sequence, uint32_t slot, weft_tensor value);
} weft_sequence_api;

/* ---- device: where a tensor lies, for kernels of a part's own (docs/gpu.md) ---- */

#define WEFT_DEVICE_CPU 0
#define WEFT_DEVICE_CUDA 1

typedef struct weft_device {
  uint32_t size;
  int32_t type;  /* WEFT_DEVICE_…, as weft_tensor_meta.device_type */
  int32_t index; /* of several GPUs; -1 for the CPU */
  uint32_t reserved;
  void* stream; /* CUDA: a cudaStream_t, which may be the null stream; CPU: null */
} weft_device;

/* Of a host that computes. In it weft_tensor_api.data refuses a tensor that does not lie in the
 * memory of the CPU, and a part whose call is refused so is called again with everything there: it
 * need not know of devices. A part with kernels of its own asks here instead. */
#define WEFT_DRAFT_DEVICE "weft.draft.device/1"
typedef struct weft_device_api {
  uint32_t size;
  uint32_t reserved;
  /* [any] Where the tensor lies, and the stream that this thread's operations on it are queued in:
   * a kernel that is launched there runs in order with them, and neither waits nor is waited for.
   * Fills what fits into out->size bytes. */
  weft_status (*of)(weft_tensor, weft_device* out);
  /* [any] First element, in the memory of its device. Borrowed. */
  weft_status (*data)(weft_tensor, void** out);
} weft_device_api;

#ifdef __cplusplus
}
#endif

#endif /* WEFT_DRAFTS_H */
