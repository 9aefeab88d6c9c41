// SPDX-License-Identifier: Apache-2.0
//! acme/encoder.birdsong_rust: the encoder of birdsong.cpp in Rust, with nothing but the C ABI (abi.rs).
//!
//! Three habits keep both sides of the border safe: every function that the host calls runs inside guard(), so that no
//! panic crosses; an Owned tensor gives its reference back when it goes; what the host keeps is static.

#![allow(dead_code)] // abi.rs holds a little more than this file uses
mod abi;
use abi::*;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A string literal as C knows it.
macro_rules! c {
    ($text:expr) => {
        concat!($text, "\0").as_ptr() as *const c_char
    };
}

/// What the host reads and nobody writes.
struct Shared<T>(T);
unsafe impl<T> Sync for Shared<T> {}

/// Kept from init; stays valid until the library is unloaded.
static HOST: AtomicPtr<Host> = AtomicPtr::new(null_mut());

fn host() -> &'static Host {
    unsafe { &*HOST.load(Relaxed) }
}

// ---- operations: resolved by the host before init, which refuses the library if one is missing ----

type Slot = AtomicPtr<c_void>;
static CONV1D: Slot = Slot::new(null_mut());
static GELU: Slot = Slot::new(null_mut());
static SLICE: Slot = Slot::new(null_mut());
static LOGICAL_NOT: Slot = Slot::new(null_mut());
static MASKED_FILL: Slot = Slot::new(null_mut());
static ONES: Slot = Slot::new(null_mut());
static CLAMP_MIN: Slot = Slot::new(null_mut());
static DIVIDE: Slot = Slot::new(null_mut());
static TO_TYPE: Slot = Slot::new(null_mut());

macro_rules! operation {
    ($name:ident: $slot:ident, $op:literal, $overload:literal, $schema:expr, $next:expr) => {
        static $name: Shared<Operation> = Shared(Operation {
            size: std::mem::size_of::<Operation>() as u32,
            reserved: 0,
            next: $next,
            name: c!($op),
            overload: c!($overload),
            schema: c!($schema),
            slot: &$slot,
        });
    };
}
operation!(OP_1: CONV1D, "aten::conv1d", "",
    "conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] dilation=1, SymInt groups=1) -> Tensor", &OP_2.0);
operation!(OP_2: GELU, "aten::gelu", "", "gelu(Tensor self, *, str approximate='none') -> Tensor", &OP_3.0);
operation!(OP_3: SLICE, "aten::slice", "Tensor",
    "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)", &OP_4.0);
operation!(OP_4: LOGICAL_NOT, "aten::logical_not", "", "logical_not(Tensor self) -> Tensor", &OP_5.0);
operation!(OP_5: MASKED_FILL, "aten::masked_fill", "Scalar",
    "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", &OP_6.0);
operation!(OP_6: ONES, "aten::new_ones", "",
    "new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor", &OP_7.0);
operation!(OP_7: CLAMP_MIN, "aten::clamp_min", "", "clamp_min(Tensor self, Scalar min) -> Tensor", &OP_8.0);
operation!(OP_8: DIVIDE, "aten::div", "Tensor", "div.Tensor(Tensor self, Tensor other) -> Tensor", &OP_9.0);
operation!(OP_9: TO_TYPE, "aten::to", "dtype",
    "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)", null());

// ---- errors and tensors ----

/// A failure whose reason is in the host's error record already.
struct Fault(Status);
type Result<T> = std::result::Result<T, Fault>;

fn check(status: Status) -> Result<()> {
    if status == OK { Ok(()) } else { Err(Fault(status)) }
}

fn fail(status: Status, reason: &str) -> Fault {
    unsafe { ((*host().core).error_set)(status, reason.as_ptr() as *const c_char, reason.len() as u64) };
    Fault(status)
}

/// Runs what the host called; a panic becomes a status.
fn guard(body: impl FnOnce() -> Result<()>) -> Status {
    if HOST.load(Relaxed).is_null() {
        return INVALID; // before init
    }
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => OK,
        Ok(Err(Fault(status))) => status,
        Err(_) => fail(FAILED, "the part panicked").0,
    }
}

/// A reference to a tensor of the host, given back at the end. `of` gives the function that makes it a place to write to.
struct Owned(Tensor);

impl Owned {
    fn of(make: impl FnOnce(*mut Tensor) -> Status) -> Result<Owned> {
        let mut tensor = null_mut();
        check(make(&mut tensor))?;
        Ok(Owned(tensor))
    }
    fn retain(tensor: Tensor) -> Result<Owned> {
        Owned::of(|out| unsafe { ((*host().tensor).retain)(tensor, out) })
    }
    /// The host takes it over.
    fn give(self) -> Tensor {
        let tensor = self.0;
        std::mem::forget(self);
        tensor
    }
    fn meta(&self) -> Result<(u32, &[i64])> {
        let mut meta: TensorMeta = unsafe { std::mem::zeroed() };
        meta.size = std::mem::size_of::<TensorMeta>() as u32;
        check(unsafe { ((*host().tensor).meta)(self.0, &mut meta) })?;
        Ok((meta.dtype, unsafe { std::slice::from_raw_parts(meta.sizes, meta.ndim as usize) }))
    }
    fn transpose(&self, a: i64, b: i64) -> Result<Owned> {
        Owned::of(|out| unsafe { ((*host().op).transpose)(self.0, a, b, out) })
    }
    fn reshape(&self, sizes: &[i64]) -> Result<Owned> {
        Owned::of(|out| unsafe { ((*host().op).reshape)(self.0, sizes.as_ptr(), sizes.len() as u32, out) })
    }
    fn mul(&self, other: &Owned) -> Result<Owned> {
        Owned::of(|out| unsafe { ((*host().op).mul)(self.0, other.0, out) })
    }
    fn sum(&self, axis: i64) -> Result<Owned> {
        Owned::of(|out| unsafe { ((*host().op).sum)(self.0, &axis, 1, 0, out) })
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        unsafe { ((*host().tensor).release)(self.0) }
    }
}

fn tensor(t: Tensor) -> Value {
    Value { tag: VALUE_TENSOR, len: 0, u: Payload { t } }
}

fn int(i: i64) -> Value {
    Value { tag: VALUE_INT, len: 0, u: Payload { i } }
}

fn dtype(i: i64) -> Value {
    Value { tag: VALUE_DTYPE, len: 0, u: Payload { i } }
}

/// Runs an operation that has one tensor as its result.
fn run(op: &Slot, args: &[Value], named: &[NamedValue]) -> Result<Owned> {
    let mut result = Value { tag: VALUE_NONE, len: 0, u: Payload { i: 0 } };
    check(unsafe {
        ((*host().op).call)(op.load(Relaxed), args.as_ptr(), args.len() as u32, named.as_ptr(), named.len() as u32,
                            &mut result, 1)
    })?;
    Ok(Owned(unsafe { result.u.t }))
}

// ---- the computation ----

struct Birdsong {
    features: i64,
    dim: i64,
    stages: i64,
    kernel: i64,
}

impl Birdsong {
    /// One stage: x [B, T, in] to [B, ⌈T / 2⌉, D], mask [B, T] to [B, ⌈T / 2⌉]; p: its four parameters.
    fn stage(&self, p: &[Tensor], mut x: Owned, mut mask: Option<Owned>) -> Result<(Owned, Option<Owned>)> {
        if let Some(real) = mask {
            let padding = run(&LOGICAL_NOT, &[tensor(real.0)], &[])?;
            let sizes = real.meta()?.1;
            let padding = padding.reshape(&[sizes[0], sizes[1], 1])?;
            x = run(&MASKED_FILL, &[tensor(x.0), tensor(padding.0), int(0)], &[])?;
            mask = Some(run(&SLICE, &[tensor(real.0), int(1), int(0), int(i64::MAX), int(2)], &[])?);
        }
        x = x.transpose(1, 2)?;
        x = run(&CONV1D, &[tensor(x.0), tensor(p[0]), tensor(p[1]), int(2), int(self.kernel / 2)], &[])?;
        x = x.transpose(1, 2)?;
        x = Owned::of(|out| unsafe { ((*host().op).layer_norm)(x.0, &self.dim, 1, p[2], p[3], 1e-5, out) })?;
        Ok((run(&GELU, &[tensor(x.0)], &[])?, mask))
    }

    fn forward(&self, features: Tensor, mask: Option<Tensor>, p: &[Tensor]) -> Result<[Owned; 3]> {
        let mut x = Owned::retain(features)?;
        let mut mask = mask.map(Owned::retain).transpose()?;
        for stage in p.chunks(4) {
            let next = self.stage(stage, x, mask)?;
            x = next.0;
            mask = next.1;
        }
        let mask = match mask {
            Some(mask) => mask,
            None => {
                let sizes = Value { tag: VALUE_INT_LIST, len: 2, u: Payload { il: x.meta()?.1.as_ptr() } };
                run(&ONES, &[tensor(x.0), sizes], &[NamedValue { name: c!("dtype"), value: dtype(DTYPE_BOOL) }])?
            }
        };
        let pooled = mean(&x, &mask)?;
        Ok([x, mask, pooled])
    }
}

/// Mean over the tokens of x [B, U, D] whose mask [B, U] is true, 0 where there is none: [B, D].
fn mean(x: &Owned, mask: &Owned) -> Result<Owned> {
    let weight = run(&TO_TYPE, &[tensor(mask.0), dtype(x.meta()?.0.into())], &[])?;
    let sizes = mask.meta()?.1;
    let weight = weight.reshape(&[sizes[0], sizes[1], 1])?;
    let count = run(&CLAMP_MIN, &[tensor(weight.sum(1)?.0), int(1)], &[])?;
    run(&DIVIDE, &[tensor(x.mul(&weight)?.sum(1)?.0), tensor(count.0)], &[])
}

// ---- what the host calls ----

macro_rules! field {
    ($name:literal, $standard:literal, $more:expr, $doc:literal) => {
        concat!("\"", $name, "\": {\"type\": \"integer\", \"minimum\": 1, \"default\": ", $standard, $more, ", \"description\": \"", $doc, "\"}")
    };
}

/// Where a recipe is silent, the size of axis 2 of what is wired to the port.
macro_rules! from_wire {
    ($port:literal) => {
        concat!(", \"$defs\": {\"x-from\": {\"port\": \"", $port, "\", \"axis\": 2}}")
    };
}

/// The number behind "name": in a configuration that the host has checked against the schema and completed.
fn number(config: &str, name: &str) -> i64 {
    let behind = config.split(&format!("\"{}\"", name)).nth(1).unwrap_or(":0");
    let text = behind.trim_start_matches([' ', ':'].as_ref());
    let end = text.find([',', '}', ' '].as_ref()).unwrap_or(text.len());
    text[..end].parse::<f64>().unwrap_or(0.0) as i64 // JSON Schema calls 64.0 an integer too
}

fn declare(context: Context, part: &Birdsong) -> Result<()> {
    let core = unsafe { &*host().core };
    let port = |direction, flags, dtypes, name, shape, doc, mask_of| {
        let size = std::mem::size_of::<Port>() as u32;
        check(unsafe { (core.declare_port)(context, &Port { size, direction, flags, dtypes, name, shape, doc, mask_of }) })
    };
    check(unsafe { (core.declare_size)(context, c!("F"), part.features) })?;
    check(unsafe { (core.declare_size)(context, c!("D"), part.dim) })?;
    port(PORT_INPUT, 0, DTYPES_FLOAT, c!("features"), c!("[B, T, F]"), c!("Frames in time order."), null())?;
    port(PORT_INPUT, PORT_OPTIONAL, DTYPES_BOOL, c!("mask"), c!("[B, T]"), c!("Padding mask: true = real."), c!("features"))?;
    port(PORT_OUTPUT, 0, DTYPES_FLOAT, c!("tokens"), c!("[B, U, D]"), c!("The sound, shortened."), null())?;
    port(PORT_OUTPUT, 0, DTYPES_BOOL, c!("mask"), c!("[B, U]"), c!("Padding mask: true = real."), c!("tokens"))?;
    port(PORT_OUTPUT, 0, DTYPES_FLOAT, c!("pooled"), c!("[B, D]"), c!("The whole sound in one vector."), null())?;
    for s in 0..part.stages {
        let sizes = [part.dim, if s == 0 { part.features } else { part.dim }, part.kernel];
        for (name, ndim, flags, init, a) in [
            ("conv.weight", 3, 0, INIT_XAVIER_UNIFORM, 1.0),
            ("conv.bias", 1, PARAMETER_NO_DECAY, INIT_ZEROS, 0.0),
            ("norm.weight", 1, PARAMETER_NO_DECAY, INIT_CONSTANT, 1.0),
            ("norm.bias", 1, PARAMETER_NO_DECAY, INIT_ZEROS, 0.0),
        ] {
            let name = format!("stage_{}.{}\0", s, name);
            let size = std::mem::size_of::<Parameter>() as u32;
            let name = name.as_ptr() as *const c_char;
            let parameter =
                Parameter { size, flags, name, sizes: sizes.as_ptr(), ndim, dtype: 0, init, reserved: 0, a, b: 0.0 };
            check(unsafe { (core.declare_parameter)(context, &parameter, &mut 0) })?;
        }
    }
    Ok(())
}

unsafe extern "C" fn create(context: Context, config: *const c_char, len: u64, out: *mut *mut c_void) -> Status {
    guard(|| {
        if context.is_null() || config.is_null() || out.is_null() {
            return Err(fail(INVALID, "create needs a context, a configuration and a place for the instance"));
        }
        let config = String::from_utf8_lossy(std::slice::from_raw_parts(config as *const u8, len as usize));
        let [features, dim, stages, kernel] = ["features", "dim", "stages", "kernel"].map(|name| number(&config, name));
        if kernel % 2 == 0 {
            return Err(fail(INVALID, &format!("kernel: must be odd, found {}", kernel)));
        }
        let part = Box::new(Birdsong { features, dim, stages, kernel });
        declare(context, &part)?;
        *out = Box::into_raw(part) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn destroy(part: *mut c_void) {
    if !part.is_null() {
        drop(Box::from_raw(part as *mut Birdsong));
    }
}

/// U from T; the port shapes say the rest.
unsafe extern "C" fn infer(part: *mut c_void, input: *const Spec, counts: *const u32, out: *mut Spec) -> Status {
    guard(|| {
        if part.is_null() || input.is_null() || counts.is_null() || out.is_null() {
            return Err(fail(INVALID, "infer needs an instance and shapes"));
        }
        let length = (*input).sizes[1];
        if length >= 0 {
            let length = (0..(*(part as *const Birdsong)).stages).fold(length, |u, _| (u + 1) / 2);
            (*out).sizes[1] = length;
            (*out.add(1)).sizes[1] = length;
        }
        Ok(())
    })
}

unsafe extern "C" fn call(part: *mut c_void, call: *const Call) -> Status {
    guard(|| {
        if part.is_null() || call.is_null() {
            return Err(fail(INVALID, "call needs an instance"));
        }
        if (*call).role != ROLE_FORWARD {
            return Err(fail(UNSUPPORTED, "an encoder has one role, forward"));
        }
        let (part, call) = (&*(part as *const Birdsong), &*call);
        let mask = if *call.in_count.add(1) == 1 { Some(*call.inputs.add(1)) } else { None };
        let parameters = std::slice::from_raw_parts(call.parameters, 4 * part.stages as usize);
        let outputs = part.forward(*call.inputs, mask, parameters)?;
        for (slot, output) in outputs.into_iter().enumerate() {
            *call.out.add(slot) = output.give();
        }
        Ok(())
    })
}

static COMPONENT: Shared<Component> = Shared(Component {
    size: std::mem::size_of::<Component>() as u32,
    kind: KIND_ENCODER,
    id: c!("acme/encoder.birdsong_rust"),
    version: c!("1.0.0"),
    summary: c!("Encode frames of sound by strided convolutions, in Rust."),
    config_schema: concat!("{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {",
                           field!("features", "80", from_wire!("features"), "Numbers F in a frame, such as mel bands."), ", ",
                           field!("dim", "64", "", "Width D of the tokens."), ", ",
                           field!("stages", "2", "", "Convolutions; each halves the number of frames."), ", ",
                           field!("kernel", "5", "", "Frames that a convolution sees; odd."), "}}\0").as_ptr() as *const c_char,
    state_version: 1,
    reserved: 0,
    create,
    destroy,
    infer: Some(infer),
    call,
    get_extension: None,
    migrate: None,
});
static COMPONENTS: Shared<[&Component; 1]> = Shared([&COMPONENT.0]);
static PLUGIN: Shared<Plugin> = Shared(Plugin {
    size: std::mem::size_of::<Plugin>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor_needed: 9,
    n_components: 1,
    components: COMPONENTS.0.as_ptr() as *const *const Component,
    operations: &OP_1.0,
    version: c!("1.0.0"),
    vendor: c!("acme"),
    license: c!("Apache-2.0"),
    init: Some(init),
    deinit: None,
});

#[link_section = ".note.weft"]
#[used]
static MANIFEST: Note = NOTE;

unsafe extern "C" fn init(offered: *const Host) -> Status {
    HOST.store(offered as *mut Host, Relaxed);
    OK
}

/// The one exported symbol.
#[no_mangle]
pub unsafe extern "C" fn weft_plugin_v0(offered: *const Host, out: *mut *const Plugin) -> Status {
    if offered.is_null() || out.is_null() {
        return INVALID;
    }
    if (*offered).abi_major != ABI_MAJOR {
        return UNSUPPORTED;
    }
    *out = &PLUGIN.0;
    OK
}
