// SPDX-License-Identifier: Apache-2.0
//! <weft/abi.h> in Rust, written by hand: what an encoder needs. The build compares every size and offset with those of
//! the C header (layout.c, layout.rs) and stops where they differ.

use std::os::raw::{c_char, c_void};

pub type Status = i32;
pub const OK: Status = 0;
pub const INVALID: Status = 1;
pub const UNSUPPORTED: Status = 6;
pub const FAILED: Status = 7;

pub const ABI_MAJOR: u32 = 0;

pub type Tensor = *mut c_void;
pub type Op = *mut c_void;
pub type Context = *mut c_void;
pub type Generator = *mut c_void;
pub type Migration = *mut c_void;

pub const DTYPE_BOOL: i64 = 1;
pub const DTYPES_BOOL: u32 = 0x02;
pub const DTYPES_FLOAT: u32 = 0x1e0;

#[repr(C)]
pub struct Spec {
    pub dtype: u32,
    pub ndim: u32,
    pub sizes: [i64; 8],
}

pub const VALUE_NONE: u32 = 0;
pub const VALUE_TENSOR: u32 = 1;
pub const VALUE_INT: u32 = 2;
pub const VALUE_DTYPE: u32 = 5;
pub const VALUE_INT_LIST: u32 = 7;

#[repr(C)]
#[derive(Clone, Copy)]
pub union Payload {
    pub t: Tensor,
    pub i: i64,
    pub d: f64,
    pub il: *const i64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    pub tag: u32,
    pub len: u32,
    pub u: Payload,
}

#[repr(C)]
pub struct NamedValue {
    pub name: *const c_char,
    pub value: Value,
}

#[repr(C)]
pub struct CoreApi {
    pub size: u32,
    pub reserved: u32,
    pub error_set: unsafe extern "C" fn(Status, *const c_char, u64),
    pub error_context: unsafe extern "C" fn(*const c_char, u64),
    pub error_text: unsafe extern "C" fn() -> *const c_char,
    pub log: unsafe extern "C" fn(u32, *const c_char, u64),
    pub get_extension: unsafe extern "C" fn(*const c_char) -> *const c_void,
    pub wired: unsafe extern "C" fn(Context, *const c_char, *mut u32) -> Status,
    pub declare_size: unsafe extern "C" fn(Context, *const c_char, i64) -> Status,
    pub declare_port: unsafe extern "C" fn(Context, *const Port) -> Status,
    pub declare_parameter: unsafe extern "C" fn(Context, *const Parameter, *mut u32) -> Status,
    pub declare_buffer: unsafe extern "C" fn(Context, *const Parameter, *mut u32) -> Status,
    pub declare_state: unsafe extern "C" fn(Context, *const c_void, *mut u32) -> Status,
    pub declare_traits: unsafe extern "C" fn(Context, u32) -> Status,
}

#[repr(C)]
pub struct TensorMeta {
    pub size: u32,
    pub dtype: u32,
    pub ndim: u32,
    pub device_type: i32,
    pub device_index: i32,
    pub requires_grad: u32,
    pub count: i64,
    pub sizes: *const i64,
    pub strides: *const i64,
}

#[repr(C)]
pub struct TensorApi {
    pub size: u32,
    pub reserved: u32,
    pub retain: unsafe extern "C" fn(Tensor, *mut Tensor) -> Status,
    pub release: unsafe extern "C" fn(Tensor),
    pub meta: unsafe extern "C" fn(Tensor, *mut TensorMeta) -> Status,
    pub data: unsafe extern "C" fn(Tensor, *mut *mut c_void) -> Status,
    pub empty: unsafe extern "C" fn(*const i64, u32, u32, Tensor, *mut Tensor) -> Status,
}

#[repr(C)]
pub struct OpApi {
    pub size: u32,
    pub reserved: u32,
    pub lookup: unsafe extern "C" fn(*const c_char, *const c_char, *const c_char, *mut Op) -> Status,
    pub call: unsafe extern "C" fn(Op, *const Value, u32, *const NamedValue, u32, *mut Value, u32) -> Status,
    pub add: unsafe extern "C" fn(Tensor, Tensor, f64, *mut Tensor) -> Status,
    pub mul: unsafe extern "C" fn(Tensor, Tensor, *mut Tensor) -> Status,
    pub linear: unsafe extern "C" fn(Tensor, Tensor, Tensor, *mut Tensor) -> Status,
    pub matmul: unsafe extern "C" fn(Tensor, Tensor, *mut Tensor) -> Status,
    pub layer_norm: unsafe extern "C" fn(Tensor, *const i64, u32, Tensor, Tensor, f64, *mut Tensor) -> Status,
    pub reshape: unsafe extern "C" fn(Tensor, *const i64, u32, *mut Tensor) -> Status,
    pub permute: unsafe extern "C" fn(Tensor, *const i64, u32, *mut Tensor) -> Status,
    pub transpose: unsafe extern "C" fn(Tensor, i64, i64, *mut Tensor) -> Status,
    pub select: unsafe extern "C" fn(Tensor, i64, i64, *mut Tensor) -> Status,
    pub sum: unsafe extern "C" fn(Tensor, *const i64, u32, u32, *mut Tensor) -> Status,
    pub cat: unsafe extern "C" fn(*const Tensor, u32, i64, *mut Tensor) -> Status,
}

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi_major: u32,
    pub abi_minor: u32,
    pub reserved: u32,
    pub core: *const CoreApi,
    pub tensor: *const TensorApi,
    pub op: *const OpApi,
}

pub const PORT_INPUT: u32 = 0;
pub const PORT_OUTPUT: u32 = 1;
pub const PORT_OPTIONAL: u32 = 1;

#[repr(C)]
pub struct Port {
    pub size: u32,
    pub direction: u32,
    pub flags: u32,
    pub dtypes: u32,
    pub name: *const c_char,
    pub shape: *const c_char,
    pub doc: *const c_char,
    pub mask_of: *const c_char,
}

pub const INIT_ZEROS: u32 = 0;
pub const INIT_CONSTANT: u32 = 1;
pub const INIT_XAVIER_UNIFORM: u32 = 5;
pub const PARAMETER_NO_DECAY: u32 = 1;

#[repr(C)]
pub struct Parameter {
    pub size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub sizes: *const i64,
    pub ndim: u32,
    pub dtype: u32,
    pub init: u32,
    pub reserved: u32,
    pub a: f64,
    pub b: f64,
}

pub const KIND_ENCODER: u32 = 1;
pub const ROLE_FORWARD: u32 = 0;

#[repr(C)]
pub struct Call {
    pub size: u32,
    pub role: u32,
    pub flags: u32,
    pub n_in: u32,
    pub inputs: *const Tensor, // `in` is a word of Rust
    pub in_count: *const u32,
    pub parameters: *const Tensor,
    pub buffers: *const Tensor,
    pub states: *mut Tensor,
    pub out: *mut Tensor,
    pub generator: Generator,
}

#[repr(C)]
pub struct Component {
    pub size: u32,
    pub kind: u32,
    pub id: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub config_schema: *const c_char,
    pub state_version: u32,
    pub reserved: u32,
    pub create: unsafe extern "C" fn(Context, *const c_char, u64, *mut *mut c_void) -> Status,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub infer: Option<unsafe extern "C" fn(*mut c_void, *const Spec, *const u32, *mut Spec) -> Status>,
    pub call: unsafe extern "C" fn(*mut c_void, *const Call) -> Status,
    pub get_extension: Option<unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
    pub migrate: Option<unsafe extern "C" fn(*mut c_void, u32, Migration) -> Status>,
}

#[repr(C)]
pub struct Operation {
    pub size: u32,
    pub reserved: u32,
    pub next: *const Operation,
    pub name: *const c_char,
    pub overload: *const c_char,
    pub schema: *const c_char,
    pub slot: *const std::sync::atomic::AtomicPtr<c_void>,
}

#[repr(C)]
pub struct Plugin {
    pub size: u32,
    pub abi_major: u32,
    pub abi_minor_needed: u32,
    pub n_components: u32,
    pub components: *const *const Component,
    pub operations: *const Operation,
    pub version: *const c_char,
    pub vendor: *const c_char,
    pub license: *const c_char,
    pub init: Option<unsafe extern "C" fn(*const Host) -> Status>,
    pub deinit: Option<unsafe extern "C" fn()>,
}

/// Room for the manifest: an ELF note, owner "WEFT", type 1, into which `weft plugin seal` writes.
#[repr(C)]
pub struct Note {
    pub owner_size: u32,
    pub text_size: u32,
    pub kind: u32,
    pub owner: [u8; 8],
    pub text: [u8; 24576],
}

pub const NOTE: Note =
    Note { owner_size: 5, text_size: 24576, kind: 1, owner: *b"WEFT\0\0\0\0", text: [0; 24576] };
