/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the size of each struct of <weft/abi.h> that abi.rs declares, and the offsets of its
 * fields. The host may be larger than what abi.rs knows of it; so its size is not printed. */

#include <stdio.h>
#include <weft/abi.h>

WEFT_MANIFEST_NOTE

#define STRUCT(type) printf("\n" #type " %zu:", sizeof(type));
#define PREFIX(type) printf("\n" #type ":");
#define F(type, field) printf(" %zu", offsetof(type, field));

/* A paragraph for each struct, in the order of abi.rs. */
/* clang-format off */
int main(void) {
  STRUCT(weft_spec) F(weft_spec, dtype) F(weft_spec, ndim) F(weft_spec, sizes)
  STRUCT(weft_value) F(weft_value, tag) F(weft_value, len) F(weft_value, u)
  STRUCT(weft_named_value) F(weft_named_value, name) F(weft_named_value, value)
  PREFIX(weft_core_api) F(weft_core_api, size) F(weft_core_api, reserved)
    F(weft_core_api, error_set) F(weft_core_api, error_context) F(weft_core_api, error_text)
    F(weft_core_api, log) F(weft_core_api, get_extension) F(weft_core_api, wired)
    F(weft_core_api, declare_size) F(weft_core_api, declare_port)
    F(weft_core_api, declare_parameter) F(weft_core_api, declare_buffer)
    F(weft_core_api, declare_state) F(weft_core_api, declare_traits)
  STRUCT(weft_tensor_meta) F(weft_tensor_meta, size) F(weft_tensor_meta, dtype)
    F(weft_tensor_meta, ndim) F(weft_tensor_meta, device_type) F(weft_tensor_meta, device_index)
    F(weft_tensor_meta, requires_grad) F(weft_tensor_meta, count) F(weft_tensor_meta, sizes)
    F(weft_tensor_meta, strides)
  PREFIX(weft_tensor_api) F(weft_tensor_api, size) F(weft_tensor_api, reserved)
    F(weft_tensor_api, retain) F(weft_tensor_api, release) F(weft_tensor_api, meta)
    F(weft_tensor_api, data) F(weft_tensor_api, empty)
  PREFIX(weft_op_api) F(weft_op_api, size) F(weft_op_api, reserved) F(weft_op_api, lookup)
    F(weft_op_api, call) F(weft_op_api, add) F(weft_op_api, mul) F(weft_op_api, linear)
    F(weft_op_api, matmul) F(weft_op_api, layer_norm) F(weft_op_api, reshape)
    F(weft_op_api, permute) F(weft_op_api, transpose) F(weft_op_api, select) F(weft_op_api, sum)
    F(weft_op_api, cat)
  PREFIX(weft_host) F(weft_host, size) F(weft_host, abi_major) F(weft_host, abi_minor)
    F(weft_host, reserved) F(weft_host, core) F(weft_host, tensor) F(weft_host, op)
  STRUCT(weft_port) F(weft_port, size) F(weft_port, direction) F(weft_port, flags)
    F(weft_port, dtypes) F(weft_port, name) F(weft_port, shape) F(weft_port, doc)
    F(weft_port, mask_of)
  PREFIX(weft_parameter) F(weft_parameter, size) F(weft_parameter, flags) F(weft_parameter, name)
    F(weft_parameter, sizes) F(weft_parameter, ndim) F(weft_parameter, dtype)
    F(weft_parameter, init) F(weft_parameter, reserved) F(weft_parameter, a) F(weft_parameter, b)
  PREFIX(weft_call) F(weft_call, size) F(weft_call, role) F(weft_call, flags) F(weft_call, n_in)
    F(weft_call, in) F(weft_call, in_count) F(weft_call, parameters) F(weft_call, buffers)
    F(weft_call, states) F(weft_call, out) F(weft_call, generator)
  PREFIX(weft_component) F(weft_component, size) F(weft_component, kind) F(weft_component, id)
    F(weft_component, version) F(weft_component, summary) F(weft_component, config_schema)
    F(weft_component, state_version) F(weft_component, reserved) F(weft_component, create)
    F(weft_component, destroy) F(weft_component, infer) F(weft_component, call)
    F(weft_component, get_extension) F(weft_component, migrate)
  STRUCT(weft_operation) F(weft_operation, size) F(weft_operation, reserved) F(weft_operation, next)
    F(weft_operation, name) F(weft_operation, overload) F(weft_operation, schema)
    F(weft_operation, slot)
  PREFIX(weft_plugin) F(weft_plugin, size) F(weft_plugin, abi_major)
    F(weft_plugin, abi_minor_needed) F(weft_plugin, n_components) F(weft_plugin, components)
    F(weft_plugin, operations) F(weft_plugin, version) F(weft_plugin, vendor)
    F(weft_plugin, license) F(weft_plugin, init) F(weft_plugin, deinit)
  STRUCT(struct weft_manifest_note) F(struct weft_manifest_note, owner_size)
    F(struct weft_manifest_note, text_size) F(struct weft_manifest_note, type)
    F(struct weft_manifest_note, owner) F(struct weft_manifest_note, text)
  printf("\n");
  return 0;
}
/* clang-format on */
