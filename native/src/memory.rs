//! memfd and shared mappings that outlive their file's shrinking (see `guard`).

use crate::call::{function, Call, Function};
use crate::error::{check, Error, Result};
use crate::guard::{guard, Guarded};
use crate::libc::{self, system};
use crate::napi::*;
use crate::value::{self, undefined};
use std::os::raw::c_void;
use std::ptr;
use std::sync::{Mutex, MutexGuard};

pub const FUNCTIONS: &[Function] = &[
    function("memfdCreate", memfd_create),
    function("mapShared", map_shared),
    function("mappingFaults", mapping_faults),
    function("unmap", unmap),
    function("liveMappings", live_mappings),
];

/// A mapping whose memory is still there. Whoever takes it out of the table unmaps it: `unmap` or the finalizer.
struct Mapping {
    start: usize,
    length: usize,
    guarded: Guarded,
    /// The environment it belongs to, and a weak reference to its ArrayBuffer there.
    env: usize,
    reference: usize,
}

struct Table {
    last_id: u32,
    /// In the order of their ids.
    mappings: Vec<(u32, Mapping)>,
}

impl Table {
    fn add(&mut self, mapping: Mapping) -> u32 {
        self.last_id += 1;
        self.mappings.push((self.last_id, mapping));
        self.last_id
    }

    fn find(&mut self, id: u32) -> Option<&mut Mapping> {
        let index = self.index(id)?;
        self.mappings.get_mut(index).map(|(_, mapping)| mapping)
    }

    fn remove(&mut self, id: u32) -> Option<Mapping> {
        let index = self.index(id)?;
        Some(self.mappings.remove(index).1)
    }

    fn index(&self, id: u32) -> Option<usize> {
        self.mappings.binary_search_by_key(&id, |(id, _)| *id).ok()
    }
}

/// All of the process: a finalizer may run when nothing else of its environment is left.
static TABLE: Mutex<Table> = Mutex::new(Table {
    last_id: 0,
    mappings: Vec::new(),
});

fn table() -> MutexGuard<'static, Table> {
    match TABLE.lock() {
        Ok(table) => table,
        Err(poisoned) => poisoned.into_inner(),
    }
}

fn memfd_create(call: &Call) -> Result<napi_value> {
    let name = call.c_string(0, "name")?;
    let flags = call.u32(1, "flags")? | libc::MFD_CLOEXEC;
    // SAFETY: `name` is a NUL-terminated string.
    let fd = system("memfd_create", || unsafe {
        libc::memfd_create(name.as_ptr(), flags)
    })?;
    value::int(call.env, fd)
}

fn map_shared(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let length = call.size(1, "sizeBytes")?;
    let writable = call.boolean(2, "writable")?;
    let offset = call.size(3, "offsetBytes")? as i64;
    let protection = if writable {
        libc::PROT_READ | libc::PROT_WRITE
    } else {
        libc::PROT_READ
    };
    // SAFETY: a new mapping at an address of the kernel's choice.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            length,
            protection,
            libc::MAP_SHARED,
            fd,
            offset,
        )
    };
    if start == libc::MAP_FAILED {
        return Err(Error::system("mmap", libc::errno()));
    }
    let guarded = guard(start as usize, length, protection).map_err(|errno| {
        // SAFETY: mapped above, known to nobody else.
        unsafe { libc::munmap(start, length) };
        Error::system("sigaction", errno)
    })?;
    let id = table().add(Mapping {
        start: start as usize,
        length,
        guarded,
        env: call.env as usize,
        reference: 0,
    });
    // The finalizer is known to Node-API from here on only when this succeeds.
    let bytes = external(call.env, start, length, id).map_err(|error| {
        take(id);
        error
    })?;
    value::object(
        call.env,
        &[("id", value::uint(call.env, id)?), ("bytes", bytes)],
    )
}

fn external(env: napi_env, start: *mut c_void, length: usize, id: u32) -> Result<napi_value> {
    let mut bytes = ptr::null_mut();
    let hint = id as usize as *mut c_void;
    // SAFETY: the memory stays mapped until the finalizer, or until the buffer is detached.
    check(unsafe {
        napi_create_external_arraybuffer(env, start, length, finalize, hint, &mut bytes)
    })?;
    let mut reference = ptr::null_mut();
    // SAFETY: `bytes` is a live value.
    check(unsafe { napi_create_reference(env, bytes, 0, &mut reference) })?;
    if let Some(mapping) = table().find(id) {
        mapping.reference = reference as usize;
    }
    Ok(bytes)
}

/// The ArrayBuffer's memory is not used any more.
extern "C" fn finalize(_env: napi_env, _data: *mut c_void, hint: *mut c_void) {
    take(hint as usize as u32);
}

/// Takes a mapping out of the table and unmaps it. False when it is gone already.
fn take(id: u32) -> bool {
    let mapping = match table().remove(id) {
        Some(mapping) => mapping,
        None => return false,
    };
    mapping.guarded.release();
    // SAFETY: it was in the table, so it is still mapped, and nobody else can take it now.
    unsafe { libc::munmap(mapping.start as *mut c_void, mapping.length) };
    if mapping.reference != 0 {
        // SAFETY: made in this environment, deleted once.
        unsafe { napi_delete_reference(mapping.env as napi_env, mapping.reference as napi_ref) };
    }
    true
}

fn mapping_faults(call: &Call) -> Result<napi_value> {
    let id = call.u32(0, "id")?;
    let faults = table()
        .find(id)
        .map_or(0, |mapping| mapping.guarded.faults());
    value::uint(call.env, faults)
}

/// Detaches first: from then on JavaScript sees an empty buffer. When the buffer cannot be detached (it was transferred away
/// or is being collected) the memory may still be in use and stays until the finalizer.
fn unmap(call: &Call) -> Result<napi_value> {
    let id = call.u32(0, "id")?;
    let env = call.env;
    let reference = match table().find(id) {
        Some(mapping) if mapping.env == env as usize => mapping.reference as napi_ref,
        _ => return undefined(),
    };
    let mut bytes = ptr::null_mut();
    // SAFETY: the reference is deleted only by `take`.
    check(unsafe { napi_get_reference_value(env, reference, &mut bytes) })?;
    if bytes.is_null() {
        return undefined();
    }
    let mut detached = true;
    // SAFETY: `bytes` is an ArrayBuffer.
    check(unsafe { napi_is_detached_arraybuffer(env, bytes, &mut detached) })?;
    if !detached {
        // SAFETY: as above. The deleter of the memory runs later and finds the mapping gone.
        check(unsafe { napi_detach_arraybuffer(env, bytes) })?;
        take(id);
    }
    undefined()
}

/// Mappings of this environment that are not unmapped yet.
fn live_mappings(call: &Call) -> Result<napi_value> {
    let env = call.env as usize;
    let table = table();
    let own = table
        .mappings
        .iter()
        .filter(|(_, mapping)| mapping.env == env);
    value::double(call.env, own.count() as f64)
}
