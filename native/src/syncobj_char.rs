//! /dev/syncobj as posted in May 2026 (`linux/syncobj.h` of that series): syncobjs as descriptors, no DRM device.
//!
//! Its WAIT is left out: it blocks, and the eventfd does the same for an event loop.

use crate::call::{function, Call, Function};
use crate::error::Result;
use crate::ioctl::{ioctl, iow, iowr};
use crate::napi::napi_value;
use crate::value::{self, undefined};
use std::mem::size_of;

pub const FUNCTIONS: &[Function] = &[
    function("syncobjCharCreate", create),
    function("syncobjCharSignal", signal),
    function("syncobjCharQuery", query),
    function("syncobjCharReset", reset),
    function("syncobjCharTransfer", transfer),
    function("syncobjCharEventfd", eventfd),
    function("syncobjCharExportSyncFile", export_sync_file),
    function("syncobjCharImportSyncFile", import_sync_file),
];

const SYNCOBJ: u8 = 0xcd;

#[repr(C)]
struct Create {
    fd: i32,
    flags: u32,
}
const _: () = assert!(size_of::<Create>() == 8);

#[repr(C)]
struct Array {
    fds: *const i32,
    points: *mut u64,
    count: u32,
    flags: u32,
}
const _: () = assert!(size_of::<Array>() == 24);

#[repr(C)]
struct Transfer {
    source_fd: i32,
    target_fd: i32,
    source_point: u64,
    target_point: u64,
    flags: u32,
    pad: u32,
}
const _: () = assert!(size_of::<Transfer>() == 32);

#[repr(C)]
struct Eventfd {
    syncobj_fd: i32,
    eventfd: i32,
    point: u64,
    flags: u32,
    pad: u32,
}
const _: () = assert!(size_of::<Eventfd>() == 24);

#[repr(C)]
struct SyncFile {
    syncobj_fd: i32,
    sync_file_fd: i32,
    point: u64,
}
const _: () = assert!(size_of::<SyncFile>() == 16);

fn create(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut create = Create {
        fd: -1,
        flags: call.bits(1, "flags")?,
    };
    let request = iowr::<Create>(SYNCOBJ, 0);
    ioctl(fd, "ioctl(SYNCOBJ_IOC_CREATE)", request, &mut create)?;
    value::int(call.env, create.fd)
}

/// The arrays in arguments 1 and 2, which must hold the count in argument 3.
fn array(call: &Call, flags: u32) -> Result<Array> {
    let count = call.u32(3, "count")?;
    Ok(Array {
        fds: call.i32s(1, "syncobjFds")?.first(count as usize)?,
        points: call.u64s(2, "points")?.first(count as usize)?,
        count,
        flags,
    })
}

fn signal(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let request = iow::<Array>(SYNCOBJ, 3);
    ioctl(
        fd,
        "ioctl(SYNCOBJ_IOC_SIGNAL)",
        request,
        &mut array(call, 0)?,
    )?;
    undefined()
}

fn query(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut array = array(call, call.bits(4, "flags")?)?;
    let request = iow::<Array>(SYNCOBJ, 4);
    ioctl(fd, "ioctl(SYNCOBJ_IOC_QUERY)", request, &mut array)?;
    undefined()
}

fn reset(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let count = call.u32(2, "count")?;
    let mut array = Array {
        fds: call.i32s(1, "syncobjFds")?.first(count as usize)?,
        points: std::ptr::null_mut(),
        count,
        flags: 0,
    };
    let request = iow::<Array>(SYNCOBJ, 2);
    ioctl(fd, "ioctl(SYNCOBJ_IOC_RESET)", request, &mut array)?;
    undefined()
}

fn transfer(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut transfer = Transfer {
        source_fd: call.i32(1, "sourceFd")?,
        source_point: call.u64(2, "sourcePoint")?,
        target_fd: call.i32(3, "targetFd")?,
        target_point: call.u64(4, "targetPoint")?,
        flags: call.bits(5, "flags")?,
        pad: 0,
    };
    let request = iow::<Transfer>(SYNCOBJ, 5);
    ioctl(fd, "ioctl(SYNCOBJ_IOC_TRANSFER)", request, &mut transfer)?;
    undefined()
}

fn eventfd(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut eventfd = Eventfd {
        syncobj_fd: call.i32(1, "syncobjFd")?,
        point: call.u64(2, "point")?,
        flags: call.bits(3, "flags")?,
        eventfd: call.i32(4, "eventfd")?,
        pad: 0,
    };
    let request = iow::<Eventfd>(SYNCOBJ, 6);
    ioctl(fd, "ioctl(SYNCOBJ_IOC_EVENTFD)", request, &mut eventfd)?;
    undefined()
}

fn export_sync_file(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut sync_file = SyncFile {
        syncobj_fd: call.i32(1, "syncobjFd")?,
        sync_file_fd: -1,
        point: call.u64(2, "point")?,
    };
    let request = iowr::<SyncFile>(SYNCOBJ, 7);
    let name = "ioctl(SYNCOBJ_IOC_EXPORT_SYNC_FILE)";
    ioctl(fd, name, request, &mut sync_file)?;
    value::int(call.env, sync_file.sync_file_fd)
}

fn import_sync_file(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut sync_file = SyncFile {
        syncobj_fd: call.i32(1, "syncobjFd")?,
        point: call.u64(2, "point")?,
        sync_file_fd: call.i32(3, "syncFileFd")?,
    };
    let request = iow::<SyncFile>(SYNCOBJ, 8);
    let name = "ioctl(SYNCOBJ_IOC_IMPORT_SYNC_FILE)";
    ioctl(fd, name, request, &mut sync_file)?;
    undefined()
}
