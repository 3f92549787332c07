//! eventfd(2).

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::libc::{self, retry, system};
use crate::napi::napi_value;
use crate::value::{self, undefined};

pub const FUNCTIONS: &[Function] = &[
    function("eventfd", create),
    function("eventfdWrite", write),
    function("eventfdRead", read),
];

fn create(call: &Call) -> Result<napi_value> {
    let initial = call.u32(0, "initial")?;
    // SAFETY: no memory is involved.
    let fd = system("eventfd", || unsafe {
        libc::eventfd(initial, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)
    })?;
    value::int(call.env, fd)
}

fn write(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let count = call.u64(1, "value")?.to_ne_bytes();
    // SAFETY: `count` has the 8 bytes an eventfd takes.
    system("write", || unsafe {
        libc::write(fd, count.as_ptr().cast(), count.len())
    })?;
    undefined()
}

fn read(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut count = [0u8; 8];
    // SAFETY: `count` has the 8 bytes an eventfd gives.
    match retry(|| unsafe { libc::read(fd, count.as_mut_ptr().cast(), count.len()) }) {
        Ok(_) => value::bigint(call.env, u64::from_ne_bytes(count)),
        Err(libc::EAGAIN) => value::null(call.env),
        Err(errno) => Err(Error::system("read", errno)),
    }
}
