//! sync_files: fences as descriptors (`linux/sync_file.h`, `drivers/dma-buf/sync_file.c`).

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::ioctl::{ioctl, iow, iowr};
use crate::libc;
use crate::napi::{napi_env, napi_value};
use crate::value::{self, undefined};
use std::mem::{size_of, MaybeUninit};
use std::os::raw::c_int;
use std::slice;

pub const FUNCTIONS: &[Function] = &[
    function("syncFileInfo", info),
    function("syncFileEnd", end),
    function("syncFileMerge", merge),
    function("syncFileSetDeadline", set_deadline),
];

const SYNC: u8 = b'>';
const NAME_BYTES: usize = 32;

/// Most sync_files have one fence: room for this many is tried before their number is asked for.
const USUAL_FENCES: usize = 8;

/// How often a number of fences that changes under us is asked for again.
const ATTEMPTS: usize = 4;

#[repr(C)]
struct Merge {
    name: [u8; NAME_BYTES],
    second: i32,
    fence: i32,
    flags: u32,
    pad: u32,
}
const _: () = assert!(size_of::<Merge>() == 48);

#[repr(C)]
#[derive(Clone, Copy)]
struct FenceInfo {
    object_name: [u8; NAME_BYTES],
    driver_name: [u8; NAME_BYTES],
    status: i32,
    flags: u32,
    timestamp_ns: u64,
}
const _: () = assert!(size_of::<FenceInfo>() == 80);

#[repr(C)]
struct FileInfo {
    name: [u8; NAME_BYTES],
    status: i32,
    flags: u32,
    fence_count: u32,
    pad: u32,
    fences: *mut FenceInfo,
}
const _: () = assert!(size_of::<FileInfo>() == 56);

#[repr(C)]
struct SetDeadline {
    deadline_ns: u64,
    pad: u64,
}
const _: () = assert!(size_of::<SetDeadline>() == 16);

fn info(call: &Call) -> Result<napi_value> {
    with_info(call.i32(0, "fd")?, |info, fences| {
        described(call.env, info, fences)
    })
}

/// How all of it has ended, in one number and one time: what every wait asks, without the objects and strings of `info`.
fn end(call: &Call) -> Result<napi_value> {
    let timestamp = call.u64s(1, "timestampNs")?.first(1)?;
    let (status, latest_ns) = ended(call.i32(0, "fd")?)?;
    // SAFETY: `first` has checked that the array holds one; no JavaScript has run since.
    unsafe { timestamp.write(latest_ns) };
    value::int(call.env, status)
}

/// The status of all fences together, 0 while any is active, and when the last of them signalled.
pub fn ended(sync_file: c_int) -> Result<(c_int, u64)> {
    with_info(sync_file, |info, fences| {
        let mut status = info.status;
        let mut latest_ns = 0;
        for fence in fences {
            if fence.status == 0 {
                // The overall status may tell an error while another fence is still active.
                return Ok((0, 0));
            }
            if fence.status < 0 && status >= 0 {
                status = fence.status;
            }
            latest_ns = latest_ns.max(fence.timestamp_ns);
        }
        Ok((status, latest_ns))
    })
}

/// Gives what FILE_INFO says, with all of its fences.
fn with_info<T>(fd: c_int, tell: impl Fn(&FileInfo, &[FenceInfo]) -> Result<T>) -> Result<T> {
    // The kernel says how much of it is filled: zeroing it for each fence would be for nothing.
    let mut usual = [MaybeUninit::<FenceInfo>::uninit(); USUAL_FENCES];
    match file_info(fd, &mut usual) {
        Err(Error::System { errno, .. }) if errno == libc::EINVAL => {}
        Err(error) => return Err(error),
        Ok((info, fences)) => return tell(&info, fences),
    }
    // EINVAL is how the kernel says that there are more.
    let mut last = Error::system("ioctl(SYNC_IOC_FILE_INFO)", libc::EINVAL);
    for _ in 0..ATTEMPTS {
        let count = file_info(fd, &mut [])?.0.fence_count;
        let mut all = vec![MaybeUninit::<FenceInfo>::uninit(); count as usize];
        match file_info(fd, &mut all) {
            Ok((info, fences)) => return tell(&info, fences),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What FILE_INFO says, and the fences it has filled in. With an empty slice: the number of fences only.
fn file_info(fd: c_int, room: &mut [MaybeUninit<FenceInfo>]) -> Result<(FileInfo, &[FenceInfo])> {
    let mut info = FileInfo {
        name: [0; NAME_BYTES],
        status: 0,
        flags: 0,
        fence_count: room.len() as u32,
        pad: 0,
        fences: room.as_mut_ptr().cast(),
    };
    let request = iowr::<FileInfo>(SYNC, 4);
    ioctl(fd, "ioctl(SYNC_IOC_FILE_INFO)", request, &mut info)?;
    let filled = room.len().min(info.fence_count as usize);
    // SAFETY: `drivers/dma-buf/sync_file.c` fills in as many as it says, or none and says EINVAL.
    let fences = unsafe { slice::from_raw_parts(room.as_ptr().cast(), filled) };
    Ok((info, fences))
}

fn described(env: napi_env, info: &FileInfo, fences: &[FenceInfo]) -> Result<napi_value> {
    let fences = fences
        .iter()
        .map(|fence| {
            value::object(
                env,
                &[
                    ("status", value::int(env, fence.status)?),
                    ("timestampNs", value::bigint(env, fence.timestamp_ns)?),
                    ("driverName", text(env, &fence.driver_name)?),
                    ("objectName", text(env, &fence.object_name)?),
                ],
            )
        })
        .collect::<Result<Vec<napi_value>>>()?;
    value::object(
        env,
        &[
            ("name", text(env, &info.name)?),
            ("status", value::int(env, info.status)?),
            ("fences", value::array(env, &fences)?),
        ],
    )
}

/// A name in a fixed field, up to its NUL.
fn text(env: napi_env, field: &[u8; NAME_BYTES]) -> Result<napi_value> {
    let length = field.iter().position(|&byte| byte == 0);
    let used = &field[..length.unwrap_or(NAME_BYTES)];
    value::string(env, &String::from_utf8_lossy(used))
}

fn merge(call: &Call) -> Result<napi_value> {
    let first = call.i32(0, "first")?;
    let mut merge = Merge {
        name: [0; NAME_BYTES],
        second: call.i32(1, "second")?,
        fence: -1,
        flags: 0,
        pad: 0,
    };
    let name = call.string(2, "name")?;
    let room = &mut merge.name[..NAME_BYTES - 1];
    for (place, byte) in room.iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    let request = iowr::<Merge>(SYNC, 3);
    ioctl(first, "ioctl(SYNC_IOC_MERGE)", request, &mut merge)?;
    value::int(call.env, merge.fence)
}

fn set_deadline(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut deadline = SetDeadline {
        deadline_ns: call.u64(1, "deadlineNs")?,
        pad: 0,
    };
    let request = iow::<SetDeadline>(SYNC, 5);
    ioctl(fd, "ioctl(SYNC_IOC_SET_DEADLINE)", request, &mut deadline)?;
    undefined()
}
