//! CLOCK_MONOTONIC and timerfd(2), and the count of syscalls.

use crate::call::{function, Call, Function};
use crate::error::Result;
use crate::libc::{self, system};
use crate::napi::napi_value;
use crate::value::{self, undefined};

pub const FUNCTIONS: &[Function] = &[
    function("monotonicNs", monotonic_ns),
    function("syscalls", syscalls),
    function("timerfd", timerfd),
    function("timerfdSet", timerfd_set),
];

const NS_PER_S: i64 = 1_000_000_000;

fn monotonic_ns(call: &Call) -> Result<napi_value> {
    let mut now = libc::timespec::default();
    // SAFETY: `now` is a valid place for the result; with it, and a clock that every kernel has, the call cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    value::bigint(call.env, (now.tv_sec * NS_PER_S + now.tv_nsec) as u64)
}

fn syscalls(call: &Call) -> Result<napi_value> {
    value::double(call.env, libc::syscalls() as f64)
}

fn timerfd(call: &Call) -> Result<napi_value> {
    // SAFETY: no memory is involved.
    let fd = system("timerfd_create", || unsafe {
        libc::timerfd_create(
            libc::CLOCK_MONOTONIC,
            libc::TFD_CLOEXEC | libc::TFD_NONBLOCK,
        )
    })?;
    value::int(call.env, fd)
}

fn timerfd_set(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let deadline = call.time_ns(1, "deadlineNs")?;
    let new = libc::itimerspec {
        it_interval: libc::timespec::default(),
        it_value: libc::timespec {
            tv_sec: deadline / NS_PER_S,
            tv_nsec: deadline % NS_PER_S,
        },
    };
    // SAFETY: `new` is valid for the call; the old setting is not asked for.
    system("timerfd_settime", || unsafe {
        libc::timerfd_settime(fd, libc::TFD_TIMER_ABSTIME, &new, std::ptr::null_mut())
    })?;
    undefined()
}
