//! The syscalls of each turn, past the C library's functions for them: those are cancellation points, which takes two atomic
//! operations a call in a process with threads. They set errno as those do, and are counted by who calls them.

use crate::libc::{epoll_event, msghdr, syscall};
use std::os::raw::{c_int, c_long, c_void};
use std::ptr;

/// Numbers of the three (`asm/unistd_64.h`, `asm-generic/unistd.h`).
#[cfg(target_arch = "x86_64")]
mod number {
    use std::os::raw::c_long;
    pub const SENDTO: c_long = 44;
    pub const RECVMSG: c_long = 47;
    pub const EPOLL_PWAIT: c_long = 281;
}
#[cfg(not(target_arch = "x86_64"))]
mod number {
    use std::os::raw::c_long;
    pub const SENDTO: c_long = 206;
    pub const RECVMSG: c_long = 212;
    pub const EPOLL_PWAIT: c_long = 22;
}

/// # Safety
/// As sendto(2) without an address.
pub unsafe fn send(fd: c_int, from: *const c_void, length: usize, flags: c_int) -> isize {
    let nobody = ptr::null::<c_void>();
    let (fd, flags) = (c_long::from(fd), c_long::from(flags));
    syscall(number::SENDTO, fd, from, length, flags, nobody, 0usize) as isize
}

/// # Safety
/// As recvmsg(2).
pub unsafe fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> isize {
    let (fd, flags) = (c_long::from(fd), c_long::from(flags));
    syscall(number::RECVMSG, fd, message, flags) as isize
}

/// # Safety
/// As epoll_wait(2).
pub unsafe fn epoll_wait(
    epoll: c_int,
    events: *mut epoll_event,
    max: c_int,
    timeout_ms: c_int,
) -> c_int {
    let no_mask = ptr::null::<c_void>();
    let (epoll, max) = (c_long::from(epoll), c_long::from(max));
    let timeout = c_long::from(timeout_ms);
    syscall(
        number::EPOLL_PWAIT,
        epoll,
        events,
        max,
        timeout,
        no_mask,
        0usize,
    ) as c_int
}
