//! What one environment (main thread or worker) has open, by number: a stale number is an error, never a dangling pointer.

use crate::error::{check, Result};
use crate::napi::*;
use crate::pixman_image::Image;
use crate::poller_turn::Poller;
use crate::xkb::{Keymap, State};
use std::collections::BTreeMap;
use std::os::raw::c_void;
use std::ptr;

/// Things by number. Numbers are not used again.
pub struct Table<T> {
    last_id: u32,
    open: BTreeMap<u32, T>,
}

impl<T> Table<T> {
    /// A number for something that is put in later.
    pub fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    pub fn put(&mut self, id: u32, thing: T) {
        self.open.insert(id, thing);
    }

    pub fn add(&mut self, thing: T) -> u32 {
        let id = self.next_id();
        self.put(id, thing);
        id
    }

    pub fn get(&self, id: u32) -> Option<&T> {
        self.open.get(&id)
    }

    pub fn remove(&mut self, id: u32) -> Option<T> {
        self.open.remove(&id)
    }

    pub fn len(&self) -> usize {
        self.open.len()
    }
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table {
            last_id: 0,
            open: BTreeMap::new(),
        }
    }
}

/// The environment's tables. What is left in them is freed with it; pollers end before, by their clean-up hooks.
#[derive(Default)]
pub struct Instance {
    pub pollers: Table<*mut Poller>,
    pub images: Table<Image>,
    pub keymaps: Table<Keymap>,
    pub states: Table<State>,
}

/// Runs `use_instance` on the environment's tables. It must not call JavaScript, nor this function.
pub fn with_instance<T>(env: napi_env, use_instance: impl FnOnce(&mut Instance) -> T) -> Result<T> {
    let mut data = ptr::null_mut();
    // SAFETY: `data` is a valid place for the result.
    check(unsafe { napi_get_instance_data(env, &mut data) })?;
    if data.is_null() {
        data = Box::into_raw(Box::<Instance>::default()).cast();
        // SAFETY: `free` takes the box back when the environment goes.
        check(unsafe { napi_set_instance_data(env, data, free, ptr::null_mut()) })?;
    }
    // SAFETY: only this function sets the instance data; one thread, and `use_instance` does not come back here.
    Ok(use_instance(unsafe { &mut *data.cast::<Instance>() }))
}

extern "C" fn free(_env: napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: made by Box::into_raw in `with_instance`, freed once.
    drop(unsafe { Box::from_raw(data.cast::<Instance>()) });
}
