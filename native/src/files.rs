//! Files and descriptors: open, stat, read and write at an offset, seals, locks, limits.

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::libc::{self, retry, system};
use crate::napi::napi_value;
use crate::value::{self, undefined};
use std::fs::Metadata;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::raw::c_int;
use std::os::unix::fs::MetadataExt;
use std::os::unix::io::FromRawFd;

pub const FUNCTIONS: &[Function] = &[
    function("open", open),
    function("close", close),
    function("dup", dup),
    function("fstat", fstat),
    function("fileIdentity", file_identity),
    function("fileSystemType", file_system_type),
    function("pread", pread),
    function("pwrite", pwrite),
    function("write", write),
    function("ftruncate", ftruncate),
    function("seekEnd", seek_end),
    function("fallocatePunchHole", punch_hole),
    function("setNonBlocking", set_non_blocking),
    function("setCloseOnExec", set_close_on_exec),
    function("getSeals", get_seals),
    function("addSeals", add_seals),
    function("tryLock", try_lock),
    function("pipe", pipe),
    function("getNofileLimit", get_nofile_limit),
    function("setNofileLimit", set_nofile_limit),
];

fn open(call: &Call) -> Result<napi_value> {
    let path = call.c_string(0, "path")?;
    let flags = call.i32(1, "flags")? | libc::O_CLOEXEC;
    let mode = call.u32(2, "mode")?;
    // SAFETY: `path` is a NUL-terminated string.
    let fd = retry(|| unsafe { libc::open(path.as_ptr(), flags, mode) })
        .map_err(|errno| Error::system_on("open", errno, &path.to_string_lossy()))?;
    value::int(call.env, fd)
}

/// Not retried: the number is free even when close(2) was interrupted.
fn close(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    // SAFETY: the caller owns `fd`.
    if libc::counted(|| unsafe { libc::close(fd) }) < 0 {
        return Err(Error::system("close", libc::errno()));
    }
    undefined()
}

fn dup(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    // SAFETY: F_DUPFD_CLOEXEC takes the lowest number wanted.
    let copy = system("fcntl(F_DUPFD_CLOEXEC)", || unsafe {
        libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0 as c_int)
    })?;
    value::int(call.env, copy)
}

fn fstat(call: &Call) -> Result<napi_value> {
    let stat = metadata(call)?;
    let env = call.env;
    value::object(
        env,
        &[
            ("dev", value::bigint(env, stat.dev())?),
            ("ino", value::bigint(env, stat.ino())?),
            ("mode", value::uint(env, stat.mode())?),
            ("rdev", value::bigint(env, stat.rdev())?),
            ("sizeBytes", value::double(env, stat.size() as f64)?),
        ],
    )
}

/// The part of fstat that tells one file from another, without an object to carry it: ten times as fast.
fn file_identity(call: &Call) -> Result<napi_value> {
    let stat = metadata(call)?;
    value::wide_bigint(call.env, stat.dev(), stat.ino())
}

/// fstatfs(2): which kind of file system (`linux/magic.h`).
fn file_system_type(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut stat = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: room for what the kernel writes.
    system("fstatfs", || unsafe {
        libc::fstatfs(fd, stat.as_mut_ptr())
    })?;
    // SAFETY: filled by the call. The numbers have 32 bits.
    let kind = unsafe { stat.assume_init() }.kind;
    value::uint(call.env, kind as u32)
}

fn metadata(call: &Call) -> Result<Metadata> {
    let fd = call.i32(0, "fd")?;
    let failed = |errno| Error::system("fstat", errno);
    if fd < 0 {
        return Err(failed(libc::EBADF));
    }
    // SAFETY: never dropped, so the borrowed `fd` is not closed; a closed one is answered by EBADF.
    let file = ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(fd) });
    file.metadata()
        .map_err(|error| failed(error.raw_os_error().unwrap_or(libc::EINVAL)))
}

fn pread(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let into = call.bytes(1, "into")?;
    let offset = call.size(2, "offsetBytes")? as i64;
    // SAFETY: `into` is writable for its length.
    let count = system("pread", || unsafe {
        libc::pread(fd, into.as_ptr().cast(), into.len(), offset)
    })?;
    value::double(call.env, count as f64)
}

fn pwrite(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let from = call.bytes(1, "from")?;
    let offset = call.size(2, "offsetBytes")? as i64;
    // SAFETY: `from` is readable for its length.
    let count = system("pwrite", || unsafe {
        libc::pwrite(fd, from.as_ptr().cast(), from.len(), offset)
    })?;
    value::double(call.env, count as f64)
}

/// For what has no offset: a pipe.
fn write(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let from = call.bytes(1, "from")?;
    // SAFETY: `from` is readable for its length.
    let count = system("write", || unsafe {
        libc::write(fd, from.as_ptr().cast(), from.len())
    })?;
    value::double(call.env, count as f64)
}

fn ftruncate(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let size = call.size(1, "sizeBytes")? as i64;
    // SAFETY: no memory is involved.
    system("ftruncate", || unsafe { libc::ftruncate(fd, size) })?;
    undefined()
}

fn seek_end(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    // SAFETY: no memory is involved.
    let end = system("lseek", || unsafe { libc::lseek(fd, 0, libc::SEEK_END) })?;
    value::double(call.env, end as f64)
}

fn punch_hole(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let offset = call.size(1, "offsetBytes")? as i64;
    let length = call.size(2, "lengthBytes")? as i64;
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: no memory is involved.
    system("fallocate", || unsafe {
        libc::fallocate(fd, mode, offset, length)
    })?;
    undefined()
}

fn set_non_blocking(call: &Call) -> Result<napi_value> {
    let on = call.boolean(1, "nonBlocking")?;
    set_flag(call, (libc::F_GETFL, libc::F_SETFL), libc::O_NONBLOCK, on)
}

fn set_close_on_exec(call: &Call) -> Result<napi_value> {
    let on = call.boolean(1, "closeOnExec")?;
    set_flag(call, (libc::F_GETFD, libc::F_SETFD), libc::FD_CLOEXEC, on)
}

fn set_flag(call: &Call, (get, set): (c_int, c_int), flag: c_int, on: bool) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    // SAFETY: these commands take and return plain integers.
    let old = system("fcntl", || unsafe { libc::fcntl(fd, get) })?;
    let new = if on { old | flag } else { old & !flag };
    // SAFETY: as above.
    system("fcntl", || unsafe { libc::fcntl(fd, set, new) })?;
    undefined()
}

fn get_seals(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    // SAFETY: no memory is involved.
    let seals = system("fcntl(F_GET_SEALS)", || unsafe {
        libc::fcntl(fd, libc::F_GET_SEALS)
    })?;
    value::int(call.env, seals)
}

fn add_seals(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let seals = call.i32(1, "seals")?;
    // SAFETY: no memory is involved.
    system("fcntl(F_ADD_SEALS)", || unsafe {
        libc::fcntl(fd, libc::F_ADD_SEALS, seals)
    })?;
    undefined()
}

fn try_lock(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    // SAFETY: no memory is involved.
    match retry(|| unsafe { libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB) }) {
        Ok(_) => value::boolean(call.env, true),
        Err(libc::EAGAIN) => value::boolean(call.env, false),
        Err(errno) => Err(Error::system("flock", errno)),
    }
}

fn pipe(call: &Call) -> Result<napi_value> {
    let mut fds = [-1; 2];
    // SAFETY: room for the two descriptors.
    system("pipe2", || unsafe {
        libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC)
    })?;
    pair(call, fds)
}

/// Two descriptors as a JavaScript array.
pub fn pair(call: &Call, fds: [c_int; 2]) -> Result<napi_value> {
    let env = call.env;
    value::array(env, &[value::int(env, fds[0])?, value::int(env, fds[1])?])
}

fn nofile_limit() -> Result<libc::rlimit> {
    let mut limit = libc::rlimit::default();
    // SAFETY: `limit` is a valid place for the result.
    system("getrlimit", || unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit)
    })?;
    Ok(limit)
}

fn get_nofile_limit(call: &Call) -> Result<napi_value> {
    let limit = nofile_limit()?;
    let env = call.env;
    value::object(
        env,
        &[
            ("soft", value::double(env, limit.soft as f64)?),
            ("hard", value::double(env, limit.hard as f64)?),
        ],
    )
}

fn set_nofile_limit(call: &Call) -> Result<napi_value> {
    let soft = call.size(0, "soft")? as u64;
    let limit = libc::rlimit {
        soft,
        hard: nofile_limit()?.hard,
    };
    // SAFETY: `limit` is valid for the call.
    system("setrlimit", || unsafe {
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit)
    })?;
    undefined()
}
