/* SPDX-License-Identifier: Apache-2.0 */
/* Weft's C ABI: everything that crosses between the host and a plug-in.
 *
 * A plug-in is a shared library that exports one symbol, WEFT_ENTRY, and links no tensor library.
 * It describes components (encoders, fusion, reasoning, decoders, losses, metrics, functions); the
 * host owns every tensor, parameter and random state, and runs every operation through the tables
 * below.
 *
 * Reading order: values, tables the host offers, what a component declares, what a component is.
 *
 * Rules
 *  - Valid C11 and C++17; 64-bit only. No bool, enum, long or bit-field crosses; constants are
 * uint32_t.
 *  - A struct that may grow begins with `uint32_t size`, always sizeof as its writer was compiled.
 * A reader tests WEFT_HAS(p, field), never equality. Fields are only appended. weft_value and
 * weft_spec travel in arrays and are fixed for ever.
 *  - Every function that can fail returns a weft_status. On failure outputs are untouched and the
 * reason lies in the calling thread's error record (core->error_set). No exception crosses; no
 * memory is allocated on one side and freed on the other.
 *  - Strings are UTF-8. Where a length is given there need be no final NUL. A text in a tensor is
 * UTF-8 as uint8 [B, L] with a mask, or [B, R, L] for R of a row (docs/abi/conventions.md).
 *
 * Tags in the comments
 *  [any]     any thread, any time between entry and unload
 *  [main]    the host's main thread
 *  [create]  only within weft_component.create, on the context it received
 *  [call]    only within weft_component.call, or a callback made from it
 *  [migrate] only within weft_component.migrate, on the handle it received
 *  borrowed  valid until the call returns; new: the receiver must release it; kept: must outlive
 * the library
 */
#ifndef WEFT_ABI_H
#define WEFT_ABI_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_ABI_MAJOR 0u
#define WEFT_ABI_MINOR 10u
/* The one exported symbol; its name carries the major version. */
#define WEFT_ENTRY weft_plugin_v0
#define WEFT_ENTRY_NAME "weft_plugin_v0"

#if defined(__GNUC__)
#define WEFT_EXPORT __attribute__((visibility("default")))
#else
#define WEFT_EXPORT
#endif

/* True if the struct behind p, as large as its writer knew it, holds `field`. */
#define WEFT_HAS(p, field) \
  ((size_t)((const char*)&(p)->field - (const char*)(p)) + sizeof((p)->field) <= (p)->size)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- values ---- */

typedef int32_t weft_status;
#define WEFT_OK 0
#define WEFT_INVALID 1   /* an argument or configuration is wrong */
#define WEFT_NOT_FOUND 2 /* no such operation, port, extension */
#define WEFT_TYPE 3      /* wrong element type or argument type */
#define WEFT_INDEX 4     /* out of range */
#define WEFT_NO_MEMORY 5
#define WEFT_UNSUPPORTED 6 /* valid, but this side does not offer it */
#define WEFT_FAILED 7      /* the computation failed */
#define WEFT_INTERNAL 8    /* a fault of the side that reports it */

/* A reference to a tensor. Opaque: the host may make what stands behind a parameter's handle only
 * when a function of a table is given it. */
typedef struct weft_tensor_s* weft_tensor;
typedef struct weft_op_s* weft_op; /* a resolved operation; lives as long as the host */
typedef struct weft_generator_s* weft_generator; /* random numbers of one call */
typedef struct weft_context_s* weft_context;     /* where create() declares what it needs */
typedef struct weft_saved_s* weft_saved;         /* tensors kept from forward to backward */
typedef struct weft_migration_s* weft_migration; /* saved tensors on their way to a newer state */

/* Element types. */
#define WEFT_DTYPE_BOOL 1u
#define WEFT_DTYPE_UINT8 2u
#define WEFT_DTYPE_INT32 3u
#define WEFT_DTYPE_INT64 4u
#define WEFT_DTYPE_FLOAT16 5u
#define WEFT_DTYPE_BFLOAT16 6u
#define WEFT_DTYPE_FLOAT32 7u
#define WEFT_DTYPE_FLOAT64 8u

/* Sets of element types for weft_port.dtypes. */
#define WEFT_DTYPES(dtype) (1u << (dtype))
#define WEFT_DTYPES_FLOAT 0x1e0u /* float16, bfloat16, float32, float64 */
#define WEFT_DTYPES_INDEX 0x10u  /* int64 */
#define WEFT_DTYPES_BOOL 0x02u

#define WEFT_MAX_DIMS 8

/* What is known of a tensor without computing it. Fixed for ever. */
typedef struct weft_spec {
  uint32_t dtype; /* 0: unknown */
  uint32_t ndim;
  int64_t sizes[WEFT_MAX_DIMS]; /* -1: unknown */
} weft_spec;

/* Argument or result of an operation: 16 bytes, fixed for ever. `len` counts the elements of a list
 * or the bytes of a string. The host converts by the operation's schema, not by the tag: an integer
 * may stand for a float or for a list of one, WEFT_VALUE_NONE for any optional argument. */
#define WEFT_VALUE_NONE 0u
#define WEFT_VALUE_TENSOR 1u
#define WEFT_VALUE_INT 2u
#define WEFT_VALUE_DOUBLE 3u
#define WEFT_VALUE_BOOL 4u
#define WEFT_VALUE_DTYPE 5u /* a WEFT_DTYPE_… constant in u.i */
#define WEFT_VALUE_STRING 6u
#define WEFT_VALUE_INT_LIST 7u
#define WEFT_VALUE_DOUBLE_LIST 8u
#define WEFT_VALUE_TENSOR_LIST 9u
#define WEFT_VALUE_GENERATOR 10u

typedef struct weft_value {
  uint32_t tag;
  uint32_t len;
  union {
    weft_tensor t; /* as an argument borrowed, as a result new; null in a list: an absent tensor */
    int64_t i;
    double d;
    weft_generator g;
    const char* s;
    const int64_t* il;
    const double* dl;
    const weft_tensor* tl;
  } u;
} weft_value;

/* An argument given by name, for arguments that follow an omitted one or are keyword-only. */
typedef struct weft_named_value {
  const char* name;
  weft_value value;
} weft_named_value;

/* ---- tables the host offers ---- */

typedef struct weft_port weft_port;
typedef struct weft_parameter weft_parameter;
typedef struct weft_state weft_state;
typedef struct weft_function weft_function;

#define WEFT_LOG_DEBUG 0u
#define WEFT_LOG_INFO 1u
#define WEFT_LOG_WARNING 2u

/* Promises about one instance, for weft_core_api.declare_traits. */
#define WEFT_COUPLES_SAMPLES \
  1u /* an output row depends on other rows of the batch (batch norm, contrast) */

/* Errors, logging, and what create() declares. Present in every host, also one that cannot compute.
 */
typedef struct weft_core_api {
  uint32_t size;
  uint32_t reserved;

  /* [any] Replaces this thread's error record. `text` is copied. */
  void (*error_set)(weft_status code, const char* text, uint64_t len);
  /* [any] Puts `text` before the present message: "while projecting: …". Without a record: nothing.
   */
  void (*error_context)(const char* text, uint64_t len);
  /* [any] This thread's message, borrowed until the next call on this thread that fails; "" if
   * there is none. */
  const char* (*error_text)(void);
  /* [any] One line to the host's log. */
  void (*log)(uint32_t level, const char* text, uint64_t len);
  /* [any] A table named `weft.<name>/<revision>` that this host offers, kept; null if it does not.
   */
  const void* (*get_extension)(const char* id);

  /* [create] How many wires the recipe gives to input port `name`; may be asked before the port is
   * declared. */
  weft_status (*wired)(weft_context, const char* name, uint32_t* count);
  /* [create] Fixes a symbol of the port shapes: ("D", 64). */
  weft_status (*declare_size)(weft_context, const char* symbol, int64_t value);
  /* [create] Adds a port. Inputs arrive in weft_call.in in the order of declaration, outputs
   * likewise. */
  weft_status (*declare_port)(weft_context, const weft_port*);
  /* [create] Adds a trainable parameter; `slot` is its index in weft_call.parameters. */
  weft_status (*declare_parameter)(weft_context, const weft_parameter*, uint32_t* slot);
  /* [create] Adds a tensor that is saved but not trained; `slot` is its index in weft_call.buffers.
   */
  weft_status (*declare_buffer)(weft_context, const weft_parameter*, uint32_t* slot);
  /* [create] Adds an accumulator; `slot` is its index in weft_call.states. Before 0.10 only a
   * metric has any. */
  weft_status (*declare_state)(weft_context, const weft_state*, uint32_t* slot);
  /* [create] Adds WEFT_COUPLES_SAMPLES or other traits of this instance. */
  weft_status (*declare_traits)(weft_context, uint32_t traits);
} weft_core_api;

typedef struct weft_tensor_meta {
  uint32_t size;
  uint32_t dtype;
  uint32_t ndim;
  int32_t device_type;  /* 0 CPU, 1 CUDA */
  int32_t device_index; /* -1: the only one */
  uint32_t requires_grad;
  int64_t count;          /* elements */
  const int64_t* sizes;   /* borrowed, as long as the tensor */
  const int64_t* strides; /* in elements; borrowed, as long as the tensor */
} weft_tensor_meta;

typedef struct weft_tensor_api {
  uint32_t size;
  uint32_t reserved;
  /* [any] A new reference to the same tensor. */
  weft_status (*retain)(weft_tensor, weft_tensor* out);
  /* [any] Gives a reference back; null is allowed. */
  void (*release)(weft_tensor);
  /* [any] Fills what fits into out->size bytes. */
  weft_status (*meta)(weft_tensor, weft_tensor_meta* out);
  /* [any] First element. Mind the strides: gradients and views need not be contiguous. Borrowed. */
  weft_status (*data)(weft_tensor, void** out);
  /* [any] A new uninitialised contiguous tensor on the device of `like` (null: CPU). */
  weft_status (*empty)(const int64_t* sizes, uint32_t ndim, uint32_t dtype, weft_tensor like,
                       weft_tensor* out);
} weft_tensor_api;

/* Operations by name. `call` is general; the functions after it are the typed lane: the same
 * operations without boxing, for those where boxing was measured to cost (integer lists) or that
 * are called most. All are differentiable, follow the host's autocast and grad mode, and return new
 * tensors. Null weight/bias: absent. */
typedef struct weft_op_api {
  uint32_t size;
  uint32_t reserved;
  /* [any] Finds `name` ("aten::softmax") and `overload` ("int" or ""). `schema` is the signature
   * the plug-in was written for, or null; the host's must accept every call that it allows, else
   * WEFT_UNSUPPORTED. Prefer weft_plugin.operations, which the host resolves at load. */
  weft_status (*lookup)(const char* name, const char* overload, const char* schema, weft_op* out);
  /* [any] Runs an operation. Arguments left out take the schema's defaults. */
  weft_status (*call)(weft_op, const weft_value* args, uint32_t n_args,
                      const weft_named_value* named, uint32_t n_named, weft_value* results,
                      uint32_t n_results);
  /* [any] a + scale * b */
  weft_status (*add)(weft_tensor a, weft_tensor b, double scale, weft_tensor* out);
  /* [any] a * b */
  weft_status (*mul)(weft_tensor a, weft_tensor b, weft_tensor* out);
  /* [any] x weightᵀ + bias */
  weft_status (*linear)(weft_tensor x, weft_tensor weight, weft_tensor bias, weft_tensor* out);
  /* [any] matrix product, batched over leading axes */
  weft_status (*matmul)(weft_tensor a, weft_tensor b, weft_tensor* out);
  /* [any] normalises over the last ndim axes, whose sizes are `shape` */
  weft_status (*layer_norm)(weft_tensor x, const int64_t* shape, uint32_t ndim, weft_tensor weight,
                            weft_tensor bias, double eps, weft_tensor* out);
  /* [any] one size may be -1 */
  weft_status (*reshape)(weft_tensor x, const int64_t* sizes, uint32_t ndim, weft_tensor* out);
  /* [any] axis i of the result is axis axes[i] of x */
  weft_status (*permute)(weft_tensor x, const int64_t* axes, uint32_t ndim, weft_tensor* out);
  /* [any] two axes change places */
  weft_status (*transpose)(weft_tensor x, int64_t axis_a, int64_t axis_b, weft_tensor* out);
  /* [any] the slice at `index`, without that axis */
  weft_status (*select)(weft_tensor x, int64_t axis, int64_t index, weft_tensor* out);
  /* [any] over the axes, or all where n_axes is 0; `keep` leaves them with size 1 */
  weft_status (*sum)(weft_tensor x, const int64_t* axes, uint32_t n_axes, uint32_t keep,
                     weft_tensor* out);
  /* [any] one behind the other along `axis` */
  weft_status (*cat)(const weft_tensor* xs, uint32_t n, int64_t axis, weft_tensor* out);
} weft_op_api;

/* A custom differentiable operation. The host runs `forward` without recording, wraps it in its own
 * autograd node, which keeps the library loaded, and calls `backward` once per backward pass.
 * Differentiating the result of backward is refused. */
#define WEFT_FUNCTION_STRIDED \
  1u /* gradients may arrive with any strides; else they are made contiguous */

struct weft_function {
  uint32_t size;
  uint32_t flags;
  const char* name; /* copied */
  void* user;       /* handed to every callback */
  /* Writes n_out new tensors that share no memory with an input. grad->save keeps tensors for
   * backward. */
  weft_status (*forward)(void* user, weft_saved, const weft_tensor* in, uint32_t n_in,
                         weft_tensor* out, uint32_t n_out);
  /* grad_out[i] is null where nothing depends on output i; for inputs with needs[i] != 0 writes a
   * new grad_in[i] (null: zero). May run on another thread than forward. */
  weft_status (*backward)(void* user, weft_saved, const weft_tensor* grad_out, uint32_t n_out,
                          const uint8_t* needs, weft_tensor* grad_in, uint32_t n_in);
  void (*destroy)(void* user); /* null allowed; called once, when neither call nor graph needs
                                  `user` any more, also when custom() fails */
};

typedef struct weft_grad_api {
  uint32_t size;
  uint32_t reserved;
  /* [call] Runs a custom operation; `out` receives n_out new tensors. */
  weft_status (*custom)(const weft_function*, const weft_tensor* in, uint32_t n_in,
                        weft_tensor* out, uint32_t n_out);
  /* Within forward: keeps tensors for backward, in this order. May be called once. */
  weft_status (*save)(weft_saved, const weft_tensor* tensors, uint32_t n);
  /* Within backward: a new reference to the i-th saved tensor. Fails if it was modified in place
   * since. */
  weft_status (*saved)(weft_saved, uint32_t i, weft_tensor* out);
  /* [any] 1 while operations are recorded for backward. */
  uint32_t (*enabled)(void);
  /* Derivatives within a call. */
  /* Since 0.10. [call] A new tensor of the same values, cut off from what it was computed of, with
   * respect to which gradient() differentiates. Of floating type. */
  weft_status (*leaf)(weft_tensor, weft_tensor* out);
  /* Since 0.10. [call] From now on operations are recorded (1) or not (0); `before`, which may be
   * null, gets what held. The part sets it back before it returns; the host does so where it
   * forgets. */
  weft_status (*enable)(uint32_t on, uint32_t* before);
  /* Since 0.10. [call] Σ over i of grad_out[i]ᵀ ∂out[i]/∂in[j], new, in grad_in[j]; null where no
   * out depends on in[j]. Null grad_out, or grad_out[i]: out[i] is a scalar, with slope 1. With
   * `differentiable` 1 the results can be differentiated again. What was recorded of `out` stays
   * for the host's own backward pass. Nothing is added to the gradients of parameters. */
  weft_status (*gradient)(const weft_tensor* out, const weft_tensor* grad_out, uint32_t n_out,
                          const weft_tensor* in, uint32_t n_in, uint32_t differentiable,
                          weft_tensor* grad_in);
} weft_grad_api;

/* The tensors of one part as an older checkpoint holds them, by the names of their declaration,
 * while weft_component.migrate brings them to the present state version. Afterwards they must be
 * exactly the declared parameters and buffers, in name and shape. They lie on the CPU. */
typedef struct weft_migration_api {
  uint32_t size;
  uint32_t reserved;
  /* [migrate] How many tensors there are now. */
  weft_status (*count)(weft_migration, uint32_t* out);
  /* [migrate] The name of the i-th in alphabetical order; borrowed until the next change. */
  weft_status (*name)(weft_migration, uint32_t i, const char** out);
  /* [migrate] A new reference to a tensor; WEFT_NOT_FOUND if there is none of that name. */
  weft_status (*get)(weft_migration, const char* name, weft_tensor* out);
  /* [migrate] Adds a tensor or replaces the one of that name; `tensor` is borrowed. */
  weft_status (*set)(weft_migration, const char* name, weft_tensor tensor);
  /* [migrate] Takes a tensor away; WEFT_NOT_FOUND if there is none of that name. */
  weft_status (*remove)(weft_migration, const char* name);
  /* [migrate] Gives a tensor another name; WEFT_INVALID if that is taken. */
  weft_status (*rename)(weft_migration, const char* from, const char* to);
} weft_migration_api;

typedef struct weft_host {
  uint32_t size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;
  const weft_core_api* core;
  /* The next four are null in a host that only describes and checks (weft check, weft plugin
   * list). */
  const weft_tensor_api* tensor;
  const weft_op_api* op;
  const weft_grad_api* grad;
  const weft_migration_api* migration;
} weft_host;

/* ---- what a component declares ---- */

#define WEFT_PORT_INPUT 0u
#define WEFT_PORT_OUTPUT 1u

#define WEFT_PORT_OPTIONAL 1u /* an input that need not be wired */
#define WEFT_PORT_LIST 2u     /* an input that takes one or more wires */
/* Since 0.10: an output that is computed only where something reads it (weft_call.wanted): the
 * weights of an attention, the values of a gate. No metric has any; the mask of such an output is
 * one too. */
#define WEFT_PORT_ON_DEMAND 4u

struct weft_port {
  uint32_t size;
  uint32_t direction;
  uint32_t flags;
  uint32_t dtypes; /* set of WEFT_DTYPES(…) accepted or produced */
  const char* name;
  /* "[B, N, D]": integers, symbols that the host unifies over all ports of the component, and `...`
   * in first place for any leading axes. In a list port a symbol that ends in `*` may differ from
   * wire to wire. "[]": a scalar. */
  const char* shape;
  const char* doc;
  /* Name of the port of the same direction whose padding mask this is (bool, 1 = real), or null.
   * The host wires a stream's mask along with the stream. A mask of a list port is a list of the
   * same length, with null where a stream has no mask. */
  const char* mask_of;
};

#define WEFT_INIT_ZEROS 0u
#define WEFT_INIT_CONSTANT 1u         /* a */
#define WEFT_INIT_NORMAL 2u           /* mean a, standard deviation b */
#define WEFT_INIT_TRUNCATED_NORMAL 3u /* mean a, standard deviation b, cut at two deviations */
#define WEFT_INIT_UNIFORM 4u          /* from a to b */
#define WEFT_INIT_XAVIER_UNIFORM 5u   /* gain a */
/* Since 0.10: gain a times a matrix [first size, product of the others] whose rows, or columns
 * where those are fewer, are orthonormal. */
#define WEFT_INIT_ORTHOGONAL 6u

#define WEFT_PARAMETER_NO_DECAY 1u /* weight decay leaves it alone: biases, norms, embeddings */

/* A parameter or buffer. The host creates it from its own seed and the parameter's path, so the
 * same weights come out for any number of ranks and do not move when another part is added. */
struct weft_parameter {
  uint32_t size;
  uint32_t flags;
  const char* name; /* [a-z0-9_.]+, unique within the component; checkpoints know it by this name */
  const int64_t* sizes;
  uint32_t ndim;
  uint32_t dtype; /* 0: the model's floating type */
  uint32_t init;
  uint32_t reserved;
  double a, b;
  /* Since 0.10. Depth of the layer that it belongs to, from 1 at the input; 0: unknown. Of a buffer
   * 0. Layer-wise learning rates go by it. */
  uint32_t layer;
  uint32_t reserved_layer;
};

#define WEFT_MERGE_SUM 0u
#define WEFT_MERGE_MAX 1u
#define WEFT_MERGE_MIN 2u
#define WEFT_MERGE_CONCAT 3u /* along the first axis */

/* An accumulator. The host resets it to `initial` and merges it: a metric's over ranks and groups,
 * another part's, since 0.10, over the micro-batches and ranks of a step (WEFT_ROLE_STEP). */
struct weft_state {
  uint32_t size;
  uint32_t merge;
  const char* name;
  const int64_t* sizes;
  uint32_t ndim;
  uint32_t dtype; /* WEFT_DTYPE_FLOAT64 or WEFT_DTYPE_INT64 */
  double initial;
};

/* ---- what a component is ---- */

#define WEFT_KIND_ENCODER 1u
#define WEFT_KIND_FUSION 2u
#define WEFT_KIND_REASONING 3u
#define WEFT_KIND_DECODER 4u
#define WEFT_KIND_LOSS \
  5u /* outputs `loss`, the sum over what it counts, and `weight`, how many that are */
/* Has states; outputs scalars. WEFT_ROLE_UPDATE with the rows of a batch one after the other gives
 * the states that one call with all gives, up to rounding: intervals are drawn over rows. What
 * looks across rows keeps them in states that concatenate. */
#define WEFT_KIND_METRIC 6u
/* Since 0.10: any tensors into others, differentiable where its operations are. */
#define WEFT_KIND_FUNCTION 7u

/* A part answers a role that it does not know with WEFT_UNSUPPORTED. */
#define WEFT_ROLE_FORWARD 0u
#define WEFT_ROLE_COUNT \
  1u /* loss: only `weight`, from inputs wired to the batch; others are null */
#define WEFT_ROLE_UPDATE 2u  /* metric: inputs into states */
#define WEFT_ROLE_COMPUTE 3u /* metric: states into outputs; there are no inputs */
/* Since 0.10, a part with states that is no metric: merged states into new buffers, after every
 * optimiser step. There are no inputs. `out` has one place per buffer: a new tensor of its sizes
 * and element type, or null where it stays. A FORWARD call finds `states` at `initial` and adds
 * what it saw; only what it writes under WEFT_CALL_TRAINING and without WEFT_CALL_RECOMPUTE is
 * kept. Weights that are frozen or belong to a view take no step. */
#define WEFT_ROLE_STEP 4u

/* Flags that a part does not know are hints which it may ignore. */
#define WEFT_CALL_TRAINING 1u /* dropout is on */
/* Since 0.10: repeats a call for its gradient, with the same inputs and random numbers. */
#define WEFT_CALL_RECOMPUTE 2u

/* One call. All arrays are borrowed; a component keeps none of these tensors after it returns. */
typedef struct weft_call {
  uint32_t size;
  uint32_t role;
  uint32_t flags;
  uint32_t n_in; /* tensors in `in` */
  /* Input port p has in_count[p] tensors, which follow those of port p-1. An unwired optional port
   * has 0; an absent mask of a list and an input left out by WEFT_ROLE_COUNT are null tensors. */
  const weft_tensor* in;
  const uint32_t* in_count;
  const weft_tensor* parameters;
  const weft_tensor* buffers;
  weft_tensor* states; /* in: borrowed; to change one, write a new tensor in its place */
  weft_tensor* out;    /* one per output port; null on entry; the component writes new tensors */
  weft_generator generator;
  /* Since 0.10. One per output port: 1 where a call in WEFT_ROLE_FORWARD must write it, 0 where an
   * output of WEFT_PORT_ON_DEMAND must stay null. What is wanted changes no bit of the others,
   * draws no random number and changes no state. In a sequence none of these is wanted. Null: none
   * is. */
  const uint8_t* wanted;
} weft_call;

typedef struct weft_component {
  uint32_t size;
  uint32_t kind;
  const char* id;      /* "fusion.gated_cross_attention", "acme/encoder.birdsong"; kept */
  const char* version; /* "1.0.0" */
  const char* summary; /* one sentence */
  /* JSON Schema of the configuration, an object. Keywords that begin with x- are annotations; a
   * host ignores those that it does not know. */
  const char* config_schema;
  uint32_t state_version; /* of the parameters' names and shapes in a checkpoint */
  uint32_t reserved;
  /* [main] Makes an instance from its configuration: a JSON object, already checked against
   * config_schema, with defaults filled in. Declares ports, parameters, buffers and states on the
   * context. */
  weft_status (*create)(weft_context, const char* config, uint64_t len, void** self);
  /* [main] null `self` is allowed. */
  void (*destroy)(void* self);
  /* [main] Shapes of the outputs from shapes of the inputs, nothing computed. `in` and `in_count`
   * are as in weft_call; in `out` (one per output port) the host has written all it can derive from
   * the port shapes, and the component replaces each -1. Null if the port shapes say all. */
  weft_status (*infer)(void* self, const weft_spec* in, const uint32_t* in_count, weft_spec* out);
  /* Computes. One instance is called by one thread at a time; two instances may run at once. */
  weft_status (*call)(void* self, const weft_call*);
  /* [main] A table named `weft.<name>/<revision>` of this instance, borrowed from it; null if it
   * has none. May be null. */
  const void* (*get_extension)(void* self, const char* id);
  /* [main] Brings the tensors that a checkpoint of state version `from` holds for this part, lower
   * than state_version, to the present version. Operations may be used. `self` was created with the
   * configuration of the run that loads. May be null: checkpoints of older versions are refused. */
  weft_status (*migrate)(void* self, uint32_t from, weft_migration);
} weft_component;

/* An operation that the plug-in needs, as a chain. The host writes *slot before init, or refuses
 * the plug-in. */
typedef struct weft_operation {
  uint32_t size;
  uint32_t reserved;
  const struct weft_operation* next;
  const char* name;
  const char* overload;
  const char* schema; /* "softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor" */
  weft_op* slot;
} weft_operation;

typedef struct weft_plugin {
  uint32_t size;
  uint32_t abi_major;        /* WEFT_ABI_MAJOR of the header it was built with */
  uint32_t abi_minor_needed; /* the lowest minor that has all it uses */
  uint32_t n_components;
  const weft_component* const* components;
  const weft_operation* operations; /* first of the chain; null: none */
  const char* version;
  const char* vendor;
  const char* license; /* SPDX */
  /* [main] Once after the operations are resolved; null allowed. `host` is kept. */
  weft_status (*init)(const weft_host* host);
  /* [main] Once before unloading, when no instance is left; null allowed. */
  void (*deinit)(void);
} weft_plugin;

/* Type of WEFT_ENTRY. [main] Writes the address of the library's descriptor, kept. May be called
 * more than once; must not call the host or start threads. */
typedef weft_status (*weft_entry)(const weft_host* host, const weft_plugin** out);

/* ---- the manifest ---- */

/* Every library holds one ELF note, owner "WEFT", type 1, into which `weft plugin seal` writes the
 * manifest: a JSON document that says what the descriptor says, so that a host can know a file
 * before running any of it (docs/abi/manifest.md). Write WEFT_MANIFEST_NOTE once per library, at
 * file scope and without a semicolon; WEFT_PLUGIN() of the C++ layer does. */
#define WEFT_NOTE_OWNER "WEFT"
#define WEFT_NOTE_MANIFEST 1u
/* Room for the text. `weft plugin seal` says when it is too little. */
#ifndef WEFT_MANIFEST_BYTES
#define WEFT_MANIFEST_BYTES 24576
#endif
#define WEFT_MANIFEST_NOTE                                                             \
  struct weft_manifest_note {                                                          \
    uint32_t owner_size, text_size, type;                                              \
    char owner[8];                                                                     \
    char text[WEFT_MANIFEST_BYTES];                                                    \
  };                                                                                   \
  __attribute__((section(".note.weft"), used,                                          \
                 aligned(4))) static const struct weft_manifest_note weft_manifest = { \
      sizeof WEFT_NOTE_OWNER, WEFT_MANIFEST_BYTES, WEFT_NOTE_MANIFEST, WEFT_NOTE_OWNER, ""};

/* ---- extensions ---- */

/* Of a decoder that can write token after token: get_extension(self, WEFT_AUTOREGRESSIVE). */
#define WEFT_AUTOREGRESSIVE "weft.autoregressive/1"
typedef struct weft_autoregressive {
  uint32_t size;
  uint32_t reserved;
  const char* tokens; /* input port [B, S], int64: what is written so far */
  const char* logits; /* output port [B, S, V]: row t tells the token at t + 1 */
  int64_t begin_id;   /* starts every sequence */
  int64_t end_id;     /* ends it */
  int64_t pad_id;     /* follows the end */
} weft_autoregressive;

/* Of a host: core->get_extension(WEFT_HOST_VERSION). */
#define WEFT_HOST_VERSION "weft.host_version/1"
typedef struct weft_host_version {
  uint32_t size;
  uint32_t reserved;
  const char* host; /* "0.10.0" */
} weft_host_version;

#ifdef __cplusplus
}
#endif

#endif /* WEFT_ABI_H */
