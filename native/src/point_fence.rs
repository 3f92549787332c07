//! What a wait asks of a point, in one call: its fence as a sync_file, and, when that has signalled, how it ended.
//!
//! The question and the answer are in one block of memory: each number of its own would cost as much as one of the syscalls.

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::libc::close_quietly;
use crate::napi::napi_value;
use crate::sync_file;
use crate::syncobj;
use crate::value::undefined;
use std::mem::size_of;

pub const FUNCTIONS: &[Function] = &[function("syncobjTakeFence", take_fence)];

/// As `devices/linux/point-fence.ts` writes and reads it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Block {
    device: i32,
    handle: u32,
    /// 0: export with the TIMELINE flag. Else a syncobj that the fence is transferred to first.
    scratch: u32,
    /// Not 0: ask the fence whether it has signalled.
    look: u32,
    point: u64,
    /// Answers: of the last fence to signal.
    timestamp_ns: u64,
    /// 0: the call went well.
    errno: i32,
    /// Whether it was the transfer that failed.
    in_transfer: u32,
    /// Owned by the caller; -1 when the fence has ended.
    sync_file: i32,
    /// 0: not looked at, or active.
    status: i32,
}
const _: () = assert!(size_of::<Block>() == 48);

fn take_fence(call: &Call) -> Result<napi_value> {
    let place = call
        .buffer_or_bytes(0, "block")?
        .first(size_of::<Block>())?;
    let place = place.cast::<Block>();
    // SAFETY: `first` has checked that the buffer holds a block.
    let mut block = unsafe { place.read() };
    take(&mut block)?;
    // SAFETY: as above; no JavaScript has run since.
    unsafe { place.write(block) };
    undefined()
}

fn take(block: &mut Block) -> Result<()> {
    block.errno = 0;
    block.in_transfer = 0;
    block.sync_file = -1;
    block.status = 0;
    let mut handle = block.handle;
    if block.scratch != 0 {
        let transferred =
            syncobj::transferred(block.device, handle, block.point, block.scratch, 0, 0);
        if let Err(error) = transferred {
            block.in_transfer = 1;
            return fail(block, error);
        }
        handle = block.scratch;
    }
    let exported = match block.scratch {
        0 => syncobj::exported_point(block.device, handle, block.point),
        _ => syncobj::exported_fence(block.device, handle),
    };
    match exported {
        Ok(sync_file) => block.sync_file = sync_file,
        Err(error) => return fail(block, error),
    }
    if block.look == 0 {
        return Ok(());
    }
    // ENOMEM: whoever polls it comes to the same, later.
    let (status, timestamp_ns) = sync_file::ended(block.sync_file).unwrap_or((0, 0));
    if status != 0 {
        close_quietly(block.sync_file);
        block.sync_file = -1;
        block.status = status;
        block.timestamp_ns = timestamp_ns;
    }
    Ok(())
}

/// No fence yet is an everyday answer, and an exception costs many times the ioctls.
fn fail(block: &mut Block, error: Error) -> Result<()> {
    match error {
        Error::System { errno, .. } => {
            block.errno = errno;
            Ok(())
        }
        error => Err(error),
    }
}
