//! ioctl(2): how request numbers are made (`asm-generic/ioctl.h`), and the function for any flat struct.

use crate::call::{function, Call, Function};
use crate::error::Result;
use crate::libc::{self, system};
use crate::napi::napi_value;
use crate::value;
use std::mem::size_of;
use std::os::raw::{c_int, c_ulong};

pub const FUNCTIONS: &[Function] = &[function("ioctl", any)];

const WRITE: c_ulong = 1;
const READ: c_ulong = 2;

const fn request(direction: c_ulong, kind: u8, number: u8, size: usize) -> c_ulong {
    direction << 30 | (size as c_ulong) << 16 | (kind as c_ulong) << 8 | number as c_ulong
}

/// `_IO`
pub const fn io(kind: u8, number: u8) -> c_ulong {
    request(0, kind, number, 0)
}

/// `_IOW`
pub const fn iow<T>(kind: u8, number: u8) -> c_ulong {
    request(WRITE, kind, number, size_of::<T>())
}

/// `_IOWR`
pub const fn iowr<T>(kind: u8, number: u8) -> c_ulong {
    request(READ | WRITE, kind, number, size_of::<T>())
}

/// Runs an ioctl whose argument is `argument`, read and written in place.
pub fn ioctl<T>(
    fd: c_int,
    name: &'static str,
    request: c_ulong,
    argument: &mut T,
) -> Result<c_int> {
    let argument: *mut T = argument;
    // SAFETY: the request's size is that of T, so the kernel stays inside `argument`.
    system(name, || unsafe { libc::ioctl(fd, request, argument) })
}

/// Runs an ioctl without an argument.
pub fn ioctl_plain(fd: c_int, name: &'static str, request: c_ulong) -> Result<c_int> {
    // SAFETY: no memory is involved.
    system(name, || unsafe { libc::ioctl(fd, request, 0 as c_ulong) })
}

/// `ioctl(fd, request, argument)`. The array must hold as many bytes as the request says the kernel touches; a request
/// that names no size gets no argument.
fn any(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let request = c_ulong::from(call.bits(1, "request")?);
    let argument = call.bytes(2, "argument")?;
    let needed = (request >> 16 & 0x3fff) as usize;
    let pointer = match needed {
        0 => std::ptr::null_mut(),
        _ => argument.first(needed)?,
    };
    // SAFETY: `pointer` has as many bytes as the request says, or is null.
    let result = system("ioctl", || unsafe { libc::ioctl(fd, request, pointer) })?;
    value::int(call.env, result)
}
