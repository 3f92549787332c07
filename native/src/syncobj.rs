//! DRM syncobjs: `drm.h`, `drivers/gpu/drm/drm_syncobj.c`.

use crate::call::{function, Call, Function};
use crate::drm::DRM;
use crate::error::Result;
use crate::ioctl::{ioctl, iowr};
use crate::napi::napi_value;
use crate::value::{self, undefined};
use std::mem::size_of;
use std::os::raw::c_int;

pub const FUNCTIONS: &[Function] = &[
    function("syncobjCreate", create),
    function("syncobjDestroy", destroy),
    function("syncobjHandleToFd", handle_to_fd),
    function("syncobjFdToHandle", fd_to_handle),
    function("syncobjEventfd", eventfd),
    function("syncobjQuery", query),
    function("syncobjTimelineSignal", timeline_signal),
    function("syncobjTimelineWait", timeline_wait),
    function("syncobjTransfer", transfer),
    function("syncobjReset", reset),
    function("syncobjSignal", signal),
];

#[repr(C)]
struct Create {
    handle: u32,
    flags: u32,
}
const _: () = assert!(size_of::<Create>() == 8);

#[repr(C)]
struct Destroy {
    handle: u32,
    pad: u32,
}
const _: () = assert!(size_of::<Destroy>() == 8);

/// With `point` (the TIMELINE flags), which kernels before it take as well: DRM ignores what is beyond their own struct.
#[repr(C)]
struct Handle {
    handle: u32,
    flags: u32,
    fd: i32,
    pad: u32,
    point: u64,
}
const _: () = assert!(size_of::<Handle>() == 24);

#[repr(C)]
struct Eventfd {
    handle: u32,
    flags: u32,
    point: u64,
    fd: i32,
    pad: u32,
}
const _: () = assert!(size_of::<Eventfd>() == 24);

#[repr(C)]
struct TimelineArray {
    handles: *const u32,
    points: *mut u64,
    count: u32,
    flags: u32,
}
const _: () = assert!(size_of::<TimelineArray>() == 24);

#[repr(C)]
struct TimelineWait {
    handles: *const u32,
    points: *const u64,
    timeout_ns: i64,
    count: u32,
    flags: u32,
    first_signaled: u32,
    pad: u32,
    deadline_ns: u64,
}
const _: () = assert!(size_of::<TimelineWait>() == 48);

#[repr(C)]
struct Transfer {
    source_handle: u32,
    target_handle: u32,
    source_point: u64,
    target_point: u64,
    flags: u32,
    pad: u32,
}
const _: () = assert!(size_of::<Transfer>() == 32);

#[repr(C)]
struct Array {
    handles: *const u32,
    count: u32,
    pad: u32,
}
const _: () = assert!(size_of::<Array>() == 16);

fn create(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut create = Create {
        handle: 0,
        flags: call.bits(1, "flags")?,
    };
    let request = iowr::<Create>(DRM, 0xbf);
    ioctl(fd, "ioctl(SYNCOBJ_CREATE)", request, &mut create)?;
    value::uint(call.env, create.handle)
}

fn destroy(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut destroy = Destroy {
        handle: call.u32(1, "handle")?,
        pad: 0,
    };
    let request = iowr::<Destroy>(DRM, 0xc0);
    ioctl(fd, "ioctl(SYNCOBJ_DESTROY)", request, &mut destroy)?;
    undefined()
}

fn handle_to_fd(call: &Call) -> Result<napi_value> {
    let fd = exported(
        call.i32(0, "fd")?,
        call.u32(1, "handle")?,
        call.bits(2, "flags")?,
        call.u64(3, "point")?,
    )?;
    value::int(call.env, fd)
}

/// `DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE` and `_TIMELINE`.
const EXPORT_SYNC_FILE: u32 = 1;
const TIMELINE: u32 = 2;

/// The fence of a point as a sync_file, with the TIMELINE flag.
pub fn exported_point(fd: c_int, handle: u32, point: u64) -> Result<c_int> {
    exported(fd, handle, EXPORT_SYNC_FILE | TIMELINE, point)
}

/// The fence of a binary syncobj as a sync_file.
pub fn exported_fence(fd: c_int, handle: u32) -> Result<c_int> {
    exported(fd, handle, EXPORT_SYNC_FILE, 0)
}

fn exported(fd: c_int, handle: u32, flags: u32, point: u64) -> Result<c_int> {
    let mut handle = Handle {
        handle,
        flags,
        fd: -1,
        pad: 0,
        point,
    };
    let request = iowr::<Handle>(DRM, 0xc1);
    ioctl(fd, "ioctl(SYNCOBJ_HANDLE_TO_FD)", request, &mut handle)?;
    Ok(handle.fd)
}

fn fd_to_handle(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut handle = Handle {
        fd: call.i32(1, "syncobjFd")?,
        flags: call.bits(2, "flags")?,
        handle: call.u32(3, "handle")?,
        pad: 0,
        point: call.u64(4, "point")?,
    };
    let request = iowr::<Handle>(DRM, 0xc2);
    ioctl(fd, "ioctl(SYNCOBJ_FD_TO_HANDLE)", request, &mut handle)?;
    value::uint(call.env, handle.handle)
}

fn eventfd(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut eventfd = Eventfd {
        handle: call.u32(1, "handle")?,
        point: call.u64(2, "point")?,
        flags: call.bits(3, "flags")?,
        fd: call.i32(4, "eventfd")?,
        pad: 0,
    };
    let request = iowr::<Eventfd>(DRM, 0xcf);
    ioctl(fd, "ioctl(SYNCOBJ_EVENTFD)", request, &mut eventfd)?;
    undefined()
}

/// The arrays in arguments 1 and 2, which must hold the count in argument 3.
fn timeline_array(call: &Call, flags: u32) -> Result<TimelineArray> {
    let count = call.u32(3, "count")?;
    Ok(TimelineArray {
        handles: call.buffer_or_u32s(1, "handles")?.first(count as usize)?,
        points: call.buffer_or_u64s(2, "points")?.first(count as usize)?,
        count,
        flags,
    })
}

fn query(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut array = timeline_array(call, call.bits(4, "flags")?)?;
    let request = iowr::<TimelineArray>(DRM, 0xcb);
    ioctl(fd, "ioctl(SYNCOBJ_QUERY)", request, &mut array)?;
    undefined()
}

fn timeline_signal(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut array = timeline_array(call, 0)?;
    let request = iowr::<TimelineArray>(DRM, 0xcd);
    ioctl(fd, "ioctl(SYNCOBJ_TIMELINE_SIGNAL)", request, &mut array)?;
    undefined()
}

fn timeline_wait(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let array = timeline_array(call, call.bits(5, "flags")?)?;
    let mut wait = TimelineWait {
        handles: array.handles,
        points: array.points,
        timeout_ns: call.time_ns(4, "timeoutNs")?,
        count: array.count,
        flags: array.flags,
        first_signaled: 0,
        pad: 0,
        deadline_ns: 0,
    };
    let request = iowr::<TimelineWait>(DRM, 0xca);
    ioctl(fd, "ioctl(SYNCOBJ_TIMELINE_WAIT)", request, &mut wait)?;
    value::uint(call.env, wait.first_signaled)
}

fn transfer(call: &Call) -> Result<napi_value> {
    transferred(
        call.i32(0, "fd")?,
        call.u32(1, "sourceHandle")?,
        call.u64(2, "sourcePoint")?,
        call.u32(3, "targetHandle")?,
        call.u64(4, "targetPoint")?,
        call.bits(5, "flags")?,
    )?;
    undefined()
}

/// TRANSFER.
pub fn transferred(
    fd: c_int,
    source_handle: u32,
    source_point: u64,
    target_handle: u32,
    target_point: u64,
    flags: u32,
) -> Result<()> {
    let mut transfer = Transfer {
        source_handle,
        target_handle,
        source_point,
        target_point,
        flags,
        pad: 0,
    };
    let request = iowr::<Transfer>(DRM, 0xcc);
    ioctl(fd, "ioctl(SYNCOBJ_TRANSFER)", request, &mut transfer)?;
    Ok(())
}

fn array(call: &Call) -> Result<Array> {
    let count = call.u32(2, "count")?;
    Ok(Array {
        handles: call.u32s(1, "handles")?.first(count as usize)?,
        count,
        pad: 0,
    })
}

fn reset(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let request = iowr::<Array>(DRM, 0xc4);
    ioctl(fd, "ioctl(SYNCOBJ_RESET)", request, &mut array(call)?)?;
    undefined()
}

fn signal(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let request = iowr::<Array>(DRM, 0xc5);
    ioctl(fd, "ioctl(SYNCOBJ_SIGNAL)", request, &mut array(call)?)?;
    undefined()
}
