//! DRM core, PRIME, dumb buffers and vgem's fences: `drm.h`, `drm_mode.h`, `vgem_drm.h`.

use crate::call::{function, Call, Function};
use crate::error::Result;
use crate::ioctl::{io, ioctl, ioctl_plain, iow, iowr};
use crate::napi::napi_value;
use crate::value::{self, undefined};
use std::mem::size_of;

pub const FUNCTIONS: &[Function] = &[
    function("drmVersion", version),
    function("drmGetCap", get_cap),
    function("drmSetMaster", set_master),
    function("drmDropMaster", drop_master),
    function("drmPrimeHandleToFd", prime_handle_to_fd),
    function("drmPrimeFdToHandle", prime_fd_to_handle),
    function("drmGemClose", gem_close),
    function("drmCreateDumb", create_dumb),
    function("drmDestroyDumb", destroy_dumb),
    function("vgemFenceAttach", vgem_fence_attach),
    function("vgemFenceSignal", vgem_fence_signal),
];

/// DRM_IOCTL_BASE
pub const DRM: u8 = b'd';

/// DRM_COMMAND_BASE: where the drivers' own requests begin.
const COMMAND: u8 = 0x40;

/// DRM_CLOEXEC, wanted for every descriptor we get.
const CLOEXEC: u32 = 0o2000000;

#[repr(C)]
struct Version {
    major: i32,
    minor: i32,
    patch: i32,
    name_length: usize,
    name: *mut u8,
    date_length: usize,
    date: *mut u8,
    description_length: usize,
    description: *mut u8,
}
const _: () = assert!(size_of::<Version>() == 64);

#[repr(C)]
struct GetCap {
    capability: u64,
    value: u64,
}
const _: () = assert!(size_of::<GetCap>() == 16);

#[repr(C)]
struct GemClose {
    handle: u32,
    pad: u32,
}
const _: () = assert!(size_of::<GemClose>() == 8);

#[repr(C)]
struct PrimeHandle {
    handle: u32,
    flags: u32,
    fd: i32,
}
const _: () = assert!(size_of::<PrimeHandle>() == 12);

#[repr(C)]
#[derive(Default)]
struct CreateDumb {
    height: u32,
    width: u32,
    bpp: u32,
    flags: u32,
    handle: u32,
    pitch: u32,
    size: u64,
}
const _: () = assert!(size_of::<CreateDumb>() == 32);

#[repr(C)]
struct DestroyDumb {
    handle: u32,
}
const _: () = assert!(size_of::<DestroyDumb>() == 4);

#[repr(C)]
struct VgemFenceAttach {
    handle: u32,
    flags: u32,
    out_fence: u32,
    pad: u32,
}
const _: () = assert!(size_of::<VgemFenceAttach>() == 16);

#[repr(C)]
struct VgemFenceSignal {
    fence: u32,
    flags: u32,
}
const _: () = assert!(size_of::<VgemFenceSignal>() == 8);

/// The kernel fills what there is room for and tells the whole lengths.
fn version(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut name = [0u8; 128];
    let mut description = [0u8; 256];
    let mut version = Version {
        major: 0,
        minor: 0,
        patch: 0,
        name_length: name.len(),
        name: name.as_mut_ptr(),
        date_length: 0,
        date: std::ptr::null_mut(),
        description_length: description.len(),
        description: description.as_mut_ptr(),
    };
    ioctl(
        fd,
        "ioctl(VERSION)",
        iowr::<Version>(DRM, 0x00),
        &mut version,
    )?;
    let text = |bytes: &[u8], length: usize| {
        let used = &bytes[..length.min(bytes.len())];
        value::string(call.env, &String::from_utf8_lossy(used))
    };
    let env = call.env;
    value::object(
        env,
        &[
            ("name", text(&name, version.name_length)?),
            (
                "description",
                text(&description, version.description_length)?,
            ),
            ("major", value::int(env, version.major)?),
            ("minor", value::int(env, version.minor)?),
            ("patch", value::int(env, version.patch)?),
        ],
    )
}

fn get_cap(call: &Call) -> Result<napi_value> {
    let mut cap = GetCap {
        capability: u64::from(call.u32(1, "capability")?),
        value: 0,
    };
    let fd = call.i32(0, "fd")?;
    ioctl(fd, "ioctl(GET_CAP)", iowr::<GetCap>(DRM, 0x0c), &mut cap)?;
    value::bigint(call.env, cap.value)
}

fn set_master(call: &Call) -> Result<napi_value> {
    ioctl_plain(call.i32(0, "fd")?, "ioctl(SET_MASTER)", io(DRM, 0x1e))?;
    undefined()
}

fn drop_master(call: &Call) -> Result<napi_value> {
    ioctl_plain(call.i32(0, "fd")?, "ioctl(DROP_MASTER)", io(DRM, 0x1f))?;
    undefined()
}

fn prime_handle_to_fd(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut prime = PrimeHandle {
        handle: call.u32(1, "handle")?,
        flags: call.bits(2, "flags")? | CLOEXEC,
        fd: -1,
    };
    let request = iowr::<PrimeHandle>(DRM, 0x2d);
    ioctl(fd, "ioctl(PRIME_HANDLE_TO_FD)", request, &mut prime)?;
    value::int(call.env, prime.fd)
}

fn prime_fd_to_handle(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut prime = PrimeHandle {
        handle: 0,
        flags: 0,
        fd: call.i32(1, "dmabufFd")?,
    };
    let request = iowr::<PrimeHandle>(DRM, 0x2e);
    ioctl(fd, "ioctl(PRIME_FD_TO_HANDLE)", request, &mut prime)?;
    value::uint(call.env, prime.handle)
}

fn gem_close(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut close = GemClose {
        handle: call.u32(1, "handle")?,
        pad: 0,
    };
    ioctl(
        fd,
        "ioctl(GEM_CLOSE)",
        iow::<GemClose>(DRM, 0x09),
        &mut close,
    )?;
    undefined()
}

fn create_dumb(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut dumb = CreateDumb {
        width: call.u32(1, "width")?,
        height: call.u32(2, "height")?,
        bpp: call.u32(3, "bpp")?,
        ..CreateDumb::default()
    };
    let request = iowr::<CreateDumb>(DRM, 0xb2);
    ioctl(fd, "ioctl(MODE_CREATE_DUMB)", request, &mut dumb)?;
    let env = call.env;
    value::object(
        env,
        &[
            ("handle", value::uint(env, dumb.handle)?),
            ("strideBytes", value::uint(env, dumb.pitch)?),
            ("sizeBytes", value::double(env, dumb.size as f64)?),
        ],
    )
}

fn destroy_dumb(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut dumb = DestroyDumb {
        handle: call.u32(1, "handle")?,
    };
    let request = iowr::<DestroyDumb>(DRM, 0xb4);
    ioctl(fd, "ioctl(MODE_DESTROY_DUMB)", request, &mut dumb)?;
    undefined()
}

fn vgem_fence_attach(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut attach = VgemFenceAttach {
        handle: call.u32(1, "handle")?,
        flags: call.bits(2, "flags")?,
        out_fence: 0,
        pad: 0,
    };
    let request = iowr::<VgemFenceAttach>(DRM, COMMAND + 1);
    ioctl(fd, "ioctl(VGEM_FENCE_ATTACH)", request, &mut attach)?;
    value::uint(call.env, attach.out_fence)
}

fn vgem_fence_signal(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut signal = VgemFenceSignal {
        fence: call.u32(1, "fence")?,
        flags: 0,
    };
    let request = iow::<VgemFenceSignal>(DRM, COMMAND + 2);
    ioctl(fd, "ioctl(VGEM_FENCE_SIGNAL)", request, &mut signal)?;
    undefined()
}
