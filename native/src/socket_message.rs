//! The hot path of the wire: accept, recvmsg, send and sendmsg without allocation, errno as a negative result.

use crate::call::{function, Call, Function};
use crate::direct;
use crate::error::{Error, Result};
use crate::libc::{self, cmsghdr, iovec, msghdr, retry};
use crate::napi::napi_value;
use crate::value;
use std::mem::{size_of, MaybeUninit};
use std::os::raw::c_int;
use std::{ptr, slice};

pub const FUNCTIONS: &[Function] = &[
    function("accept", accept),
    function("recvmsg", recvmsg),
    function("send", send),
    function("sendmsg", sendmsg),
];

/// SCM_MAX_FD (`include/net/scm.h`): more never travel in one message.
const MAX_FDS: usize = 253;

const SEND_FLAGS: c_int = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;

const HEADER_BYTES: usize = size_of::<cmsghdr>();

/// Space of one SCM_RIGHTS message with [`MAX_FDS`] descriptors, aligned as CMSG_SPACE does.
#[repr(C, align(8))]
struct Control([u8; (HEADER_BYTES + MAX_FDS * 4 + 7) & !7]);

fn accept(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: the peer's address is not asked for.
    let accepted = retry(|| unsafe { libc::accept4(fd, ptr::null_mut(), ptr::null_mut(), flags) });
    value::int(call.env, accepted.unwrap_or_else(|errno| -errno))
}

fn recvmsg(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let into = call.buffer_or_bytes(1, "into")?;
    let length = call.size(3, "length")?;
    let start = into.range(call.size(2, "offset")?, length)?;
    let fds = call.buffer_or_i32s(4, "fds")?;
    fds.first(1 + MAX_FDS)?;

    // The kernel says how much of it is filled: zeroing a kilobyte for each message would be for nothing.
    let mut control = MaybeUninit::<Control>::uninit();
    let mut part = iovec {
        base: start.cast(),
        length,
    };
    let mut message = msghdr {
        name: ptr::null_mut(),
        name_length: 0,
        iov: &mut part,
        iov_count: 1,
        control: control.as_mut_ptr().cast(),
        control_length: size_of::<Control>(),
        flags: 0,
    };
    let flags = libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;
    fds.write(0, 0);
    // SAFETY: `message` points to the array's range and to `control`, with their lengths.
    match retry(|| unsafe { direct::recvmsg(fd, &mut message, flags) }) {
        Ok(count) => {
            let used = message.control_length.min(size_of::<Control>());
            // SAFETY: the kernel has filled that much, but for the padding behind an odd number of descriptors, which is not looked at.
            let used = unsafe { slice::from_raw_parts(control.as_ptr().cast::<u8>(), used) };
            let mut received = 0;
            each_fd(used, |fd| {
                if received < MAX_FDS {
                    received += 1;
                    fds.write(received, fd);
                } else {
                    libc::close_quietly(fd);
                }
            });
            fds.write(0, received as i32);
            fds.write(
                1 + MAX_FDS,
                i32::from(message.flags & libc::MSG_CTRUNC != 0),
            );
            transferred(call, count)
        }
        Err(errno) => value::int(call.env, -errno),
    }
}

/// A number of bytes: a small integer where it is one, so that nothing is allocated.
fn transferred(call: &Call, count: isize) -> Result<napi_value> {
    match i32::try_from(count) {
        Ok(small) => value::int(call.env, small),
        Err(_) => value::double(call.env, count as f64),
    }
}

/// Calls back for each descriptor in the control messages.
fn each_fd(mut control: &[u8], mut found: impl FnMut(c_int)) {
    while let Some((header, length)) = header(control) {
        if header.level == libc::SOL_SOCKET && header.kind == libc::SCM_RIGHTS {
            for bytes in control[HEADER_BYTES..length].chunks_exact(4) {
                found(c_int::from_ne_bytes([
                    bytes[0], bytes[1], bytes[2], bytes[3],
                ]));
            }
        }
        let aligned = (length + 7) & !7;
        control = control.get(aligned..).unwrap_or(&[]);
    }
}

/// The control message at the start, and its length, which is inside `control` and at least the header's.
pub fn header(control: &[u8]) -> Option<(cmsghdr, usize)> {
    if control.len() < HEADER_BYTES {
        return None;
    }
    // SAFETY: there are enough bytes, of a type any bytes are valid for; read unaligned.
    let header = unsafe { ptr::read_unaligned(control.as_ptr() as *const cmsghdr) };
    if header.length < HEADER_BYTES {
        return None;
    }
    Some((header, header.length.min(control.len())))
}

/// As [`sendmsg`] without descriptors, which most messages go without: fewer arguments to read, for us and for the kernel.
fn send(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let from = call.buffer_or_bytes(1, "from")?;
    let length = call.size(3, "length")?;
    let start = from.range(call.size(2, "offset")?, length)?;
    // SAFETY: the range is inside the array.
    match retry(|| unsafe { direct::send(fd, start.cast(), length, SEND_FLAGS) }) {
        Ok(sent) => transferred(call, sent),
        Err(errno) => value::int(call.env, -errno),
    }
}

fn sendmsg(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let from = call.buffer_or_bytes(1, "from")?;
    let length = call.size(3, "length")?;
    let start = from.range(call.size(2, "offset")?, length)?;
    let fds = call.buffer_or_i32s(4, "fds")?;
    let count = call.size(5, "fdCount")?;
    let first = fds.first(count)?;
    if count > MAX_FDS {
        return Err(Error::Range(format!(
            "{} descriptors: one message takes at most {}",
            count, MAX_FDS
        )));
    }

    let mut control = MaybeUninit::<Control>::uninit();
    let control_length = fill_rights(&mut control, first, count);
    let mut part = iovec {
        base: start.cast(),
        length,
    };
    let message = msghdr {
        name: ptr::null_mut(),
        name_length: 0,
        iov: &mut part,
        iov_count: 1,
        control: if count == 0 {
            ptr::null_mut()
        } else {
            control.as_mut_ptr().cast()
        },
        control_length,
        flags: 0,
    };
    // SAFETY: `message` points to the array's range and to `control`, with their lengths.
    match retry(|| unsafe { libc::sendmsg(fd, &message, SEND_FLAGS) }) {
        Ok(sent) => transferred(call, sent),
        Err(errno) => value::int(call.env, -errno),
    }
}

/// Writes one SCM_RIGHTS message; its length, 0 without descriptors.
fn fill_rights(control: &mut MaybeUninit<Control>, fds: *const i32, count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    let header = cmsghdr {
        length: HEADER_BYTES + count * 4,
        level: libc::SOL_SOCKET,
        kind: libc::SCM_RIGHTS,
    };
    // SAFETY: `control` is aligned for the header and has room for it and MAX_FDS descriptors; `fds` has `count` of them.
    unsafe {
        let start = control.as_mut_ptr().cast::<u8>();
        ptr::write(start.cast::<cmsghdr>(), header);
        ptr::copy_nonoverlapping(fds.cast::<u8>(), start.add(HEADER_BYTES), count * 4);
    }
    (header.length + 7) & !7
}
