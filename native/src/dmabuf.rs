//! dma-bufs and where to get them without a GPU: `linux/dma-buf.h`, `linux/udmabuf.h`, `linux/dma-heap.h`.

use crate::call::{function, Call, Function};
use crate::error::Result;
use crate::ioctl::{ioctl, iow, iowr};
use crate::napi::napi_value;
use crate::value::{self, undefined};
use std::mem::size_of;

pub const FUNCTIONS: &[Function] = &[
    function("dmabufSync", sync),
    function("dmabufExportSyncFile", export_sync_file),
    function("dmabufImportSyncFile", import_sync_file),
    function("udmabufCreate", udmabuf_create),
    function("dmaHeapAlloc", dma_heap_alloc),
];

const DMA_BUF: u8 = b'b';
const UDMABUF: u8 = b'u';
const DMA_HEAP: u8 = b'H';
const UDMABUF_FLAGS_CLOEXEC: u32 = 1;
const O_RDWR_CLOEXEC: u32 = 0o2000002;

#[repr(C)]
struct Sync {
    flags: u64,
}
const _: () = assert!(size_of::<Sync>() == 8);

#[repr(C)]
struct SyncFile {
    flags: u32,
    fd: i32,
}
const _: () = assert!(size_of::<SyncFile>() == 8);

#[repr(C)]
struct UdmabufCreate {
    memfd: i32,
    flags: u32,
    offset: u64,
    size: u64,
}
const _: () = assert!(size_of::<UdmabufCreate>() == 24);

#[repr(C)]
struct DmaHeapAllocation {
    length: u64,
    fd: u32,
    fd_flags: u32,
    heap_flags: u64,
}
const _: () = assert!(size_of::<DmaHeapAllocation>() == 24);

fn sync(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut sync = Sync {
        flags: u64::from(call.bits(1, "flags")?),
    };
    let request = iow::<Sync>(DMA_BUF, 0);
    ioctl(fd, "ioctl(DMA_BUF_IOCTL_SYNC)", request, &mut sync)?;
    undefined()
}

fn export_sync_file(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut export = SyncFile {
        flags: call.bits(1, "flags")?,
        fd: -1,
    };
    let request = iowr::<SyncFile>(DMA_BUF, 2);
    let name = "ioctl(DMA_BUF_IOCTL_EXPORT_SYNC_FILE)";
    ioctl(fd, name, request, &mut export)?;
    value::int(call.env, export.fd)
}

fn import_sync_file(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut import = SyncFile {
        fd: call.i32(1, "syncFileFd")?,
        flags: call.bits(2, "flags")?,
    };
    let request = iow::<SyncFile>(DMA_BUF, 3);
    let name = "ioctl(DMA_BUF_IOCTL_IMPORT_SYNC_FILE)";
    ioctl(fd, name, request, &mut import)?;
    undefined()
}

fn udmabuf_create(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut create = UdmabufCreate {
        memfd: call.i32(1, "memfd")?,
        flags: call.bits(2, "flags")? | UDMABUF_FLAGS_CLOEXEC,
        offset: call.size(3, "offsetBytes")? as u64,
        size: call.size(4, "sizeBytes")? as u64,
    };
    let request = iow::<UdmabufCreate>(UDMABUF, 0x42);
    let dmabuf = ioctl(fd, "ioctl(UDMABUF_CREATE)", request, &mut create)?;
    value::int(call.env, dmabuf)
}

fn dma_heap_alloc(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut allocation = DmaHeapAllocation {
        length: call.size(1, "sizeBytes")? as u64,
        fd: 0,
        fd_flags: O_RDWR_CLOEXEC,
        heap_flags: 0,
    };
    let request = iowr::<DmaHeapAllocation>(DMA_HEAP, 0);
    ioctl(fd, "ioctl(DMA_HEAP_IOCTL_ALLOC)", request, &mut allocation)?;
    value::uint(call.env, allocation.fd)
}
