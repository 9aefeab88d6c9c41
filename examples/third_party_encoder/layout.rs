// SPDX-License-Identifier: Apache-2.0
//! Prints what layout.c prints, of the structs of abi.rs.

#![allow(dead_code)]
mod abi;
use abi::*;
use std::mem::{size_of, MaybeUninit};
use std::ptr::addr_of;

macro_rules! offsets {
    ($type:ty: $($field:ident)*) => {{
        let place = MaybeUninit::<$type>::uninit();
        let start = place.as_ptr();
        $( print!(" {}", unsafe { addr_of!((*start).$field) } as usize - start as usize); )*
    }};
}
macro_rules! complete {
    ($name:literal $type:ty: $($field:ident)*) => {
        print!("\n{} {}:", $name, size_of::<$type>());
        offsets!($type: $($field)*);
    };
}
macro_rules! prefix {
    ($name:literal $type:ty: $($field:ident)*) => {
        print!("\n{}:", $name);
        offsets!($type: $($field)*);
    };
}

fn main() {
    complete!("weft_spec" Spec: dtype ndim sizes);
    complete!("weft_value" Value: tag len u);
    complete!("weft_named_value" NamedValue: name value);
    prefix!("weft_core_api" CoreApi: size reserved error_set error_context error_text log get_extension wired
            declare_size declare_port declare_parameter declare_buffer declare_state declare_traits);
    complete!("weft_tensor_meta" TensorMeta: size dtype ndim device_type device_index requires_grad count sizes strides);
    prefix!("weft_tensor_api" TensorApi: size reserved retain release meta data empty);
    prefix!("weft_op_api" OpApi: size reserved lookup call add mul linear matmul layer_norm reshape permute transpose
            select sum cat);
    prefix!("weft_host" Host: size abi_major abi_minor reserved core tensor op);
    complete!("weft_port" Port: size direction flags dtypes name shape doc mask_of);
    prefix!("weft_parameter" Parameter: size flags name sizes ndim dtype init reserved a b);
    prefix!("weft_call" Call: size role flags n_in inputs in_count parameters buffers states out generator);
    prefix!("weft_component" Component: size kind id version summary config_schema state_version reserved create destroy
            infer call get_extension migrate);
    complete!("weft_operation" Operation: size reserved next name overload schema slot);
    prefix!("weft_plugin" Plugin: size abi_major abi_minor_needed n_components components operations version vendor
            license init deinit);
    complete!("struct weft_manifest_note" Note: owner_size text_size kind owner text);
    println!();
}
