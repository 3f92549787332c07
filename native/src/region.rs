//! The memory of typed arrays and ArrayBuffers, borrowed for a call.

use crate::error::{Error, Result};
use crate::napi::*;
use std::mem::size_of;
use std::os::raw::{c_int, c_void};
use std::ptr;

/// The elements of a typed array, valid until JavaScript runs again. Raw, because JavaScript may pass one array twice.
#[derive(Clone, Copy)]
pub struct Region<T> {
    start: *mut T,
    length: usize,
}

impl<T: Copy> Region<T> {
    fn new(data: *mut c_void, length: usize) -> Region<T> {
        // A detached or empty array has no data: a dangling, aligned pointer is never read with length 0.
        if data.is_null() {
            return Region {
                start: ptr::NonNull::dangling().as_ptr(),
                length: 0,
            };
        }
        Region {
            start: data.cast(),
            length,
        }
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn as_ptr(&self) -> *mut T {
        self.start
    }

    /// The pointer to `[offset, offset + length)`, or a RangeError.
    pub fn range(&self, offset: usize, length: usize) -> Result<*mut T> {
        match offset.checked_add(length) {
            // SAFETY: `offset` is at most the length of the array.
            Some(end) if end <= self.length => Ok(unsafe { self.start.add(offset) }),
            _ => Err(Error::Range(format!(
                "offset {} and length {} exceed the array's {}",
                offset, length, self.length
            ))),
        }
    }

    /// The pointer to the first `count` elements, or a RangeError.
    pub fn first(&self, count: usize) -> Result<*mut T> {
        self.range(0, count)
    }

    /// Writes one element; one out of range is dropped.
    pub fn write(&self, index: usize, value: T) {
        if index < self.length {
            // SAFETY: inside the array, whose elements are aligned.
            unsafe { self.start.add(index).write(value) }
        }
    }
}

/// The memory of `value` when it is an ArrayBuffer: aligned for any element.
pub fn array_buffer<T: Copy>(env: napi_env, value: napi_value) -> Option<Region<T>> {
    let mut size_bytes = 0;
    let mut data = ptr::null_mut();
    // SAFETY: both pointers are valid for the call; a value of another type is answered by the status.
    let status = unsafe { napi_get_arraybuffer_info(env, value, &mut data, &mut size_bytes) };
    if status != NAPI_OK {
        return None;
    }
    Some(Region::new(data, size_bytes / size_of::<T>()))
}

/// The elements of `value` when it is a typed array of that kind.
pub fn region<T: Copy>(env: napi_env, value: napi_value, kind: c_int) -> Option<Region<T>> {
    let mut found = -1;
    let mut length = 0;
    let mut data = ptr::null_mut();
    // SAFETY: all pointers are valid for the call; a value of another type is answered by the status.
    let status = unsafe {
        napi_get_typedarray_info(
            env,
            value,
            &mut found,
            &mut length,
            &mut data,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if status != NAPI_OK || found != kind {
        return None;
    }
    Some(Region::new(data, length))
}
