//! Kernel and udev device events: NETLINK_KOBJECT_UEVENT (`lib/kobject_uevent.c`).

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::libc::{self, close_quietly, iovec, msghdr, retry, sockaddr_nl, system, ucred};
use crate::napi::napi_value;
use crate::socket_message::header;
use crate::value::{self, undefined};
use std::mem::size_of;
use std::os::raw::c_int;
use std::ptr;

pub const FUNCTIONS: &[Function] = &[
    function("ueventSocket", socket),
    function("ueventReceive", receive),
    function("ueventSend", send),
];

const NETLINK_KOBJECT_UEVENT: c_int = 15;

/// The multicast group of the kernel's own messages; udev sends to group 2.
const KERNEL_GROUP: u32 = 1;

/// An unplug storm while the process is busy must not overflow (ENOBUFS): a message has about 300 bytes.
const RECEIVE_BUFFER_BYTES: c_int = 4 << 20;

/// How many messages of strangers one call throws away before it lets the event loop go on.
const MAX_DROPPED: usize = 64;

fn address(groups: u32) -> sockaddr_nl {
    sockaddr_nl {
        family: libc::AF_NETLINK as u16,
        groups,
        ..sockaddr_nl::default()
    }
}

fn set_option(fd: c_int, name: c_int, option: c_int) -> std::result::Result<c_int, i32> {
    let option: *const c_int = &option;
    // SAFETY: `option` has the given size.
    retry(|| unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            name,
            option.cast(),
            size_of::<c_int>() as u32,
        )
    })
}

fn socket(call: &Call) -> Result<napi_value> {
    let groups = call.u32(0, "groups")?;
    let kind = libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is involved.
    let fd = system("socket", || unsafe {
        libc::socket(libc::AF_NETLINK, kind, NETLINK_KOBJECT_UEVENT)
    })?;
    set_up(fd, groups).map_err(|error| {
        close_quietly(fd);
        error
    })?;
    value::int(call.env, fd)
}

fn set_up(fd: c_int, groups: u32) -> Result<()> {
    // FORCE wants CAP_NET_ADMIN; without it the system's limit holds, which is all there is to be had.
    if set_option(fd, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES).is_err() {
        let _ = set_option(fd, libc::SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    }
    set_option(fd, libc::SO_PASSCRED, 1)
        .map_err(|errno| Error::system("setsockopt(SO_PASSCRED)", errno))?;
    let address: *const sockaddr_nl = &address(groups);
    // SAFETY: `address` has the given size.
    system("bind", || unsafe {
        libc::bind(fd, address.cast(), size_of::<sockaddr_nl>() as u32)
    })?;
    Ok(())
}

/// One trustworthy datagram: its bytes, or -errno. -EMSGSIZE: it did not fit; -ENOBUFS: some were lost, look at sysfs anew.
fn receive(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let into = call.bytes(1, "into")?;
    for _ in 0..MAX_DROPPED {
        match receive_one(fd, into.as_ptr(), into.len()) {
            Ok(Some(count)) => return value::double(call.env, count as f64),
            Ok(None) => {}
            Err(errno) => return value::int(call.env, -errno),
        }
    }
    value::int(call.env, -libc::EAGAIN)
}

/// None: not from the kernel or root.
fn receive_one(fd: c_int, into: *mut u8, length: usize) -> std::result::Result<Option<usize>, i32> {
    let mut sender = sockaddr_nl::default();
    let mut control = [0u64; 8];
    let mut part = iovec {
        base: into.cast(),
        length,
    };
    let mut message = msghdr {
        name: (&mut sender as *mut sockaddr_nl).cast(),
        name_length: size_of::<sockaddr_nl>() as u32,
        iov: &mut part,
        iov_count: 1,
        control: control.as_mut_ptr().cast(),
        control_length: size_of::<[u64; 8]>(),
        flags: 0,
    };
    // SAFETY: `message` points to `sender`, `into` and `control`, with their lengths.
    let count = retry(|| unsafe { libc::recvmsg(fd, &mut message, libc::MSG_DONTWAIT) })?;
    let mut bytes = [0u8; size_of::<[u64; 8]>()];
    for (place, word) in bytes.chunks_exact_mut(8).zip(control) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    let used = message.control_length.min(bytes.len());
    let from_root = credentials(&bytes[..used]).map_or(false, |sender| sender.uid == 0);
    let trusted = match sender.groups {
        KERNEL_GROUP => sender.pid == 0 && from_root,
        0 => false,
        _ => from_root,
    };
    if !trusted {
        return Ok(None);
    }
    if message.flags & libc::MSG_TRUNC != 0 {
        return Err(libc::EMSGSIZE);
    }
    Ok(Some(count as usize))
}

fn credentials(control: &[u8]) -> Option<ucred> {
    let (found, length) = header(control)?;
    if found.level != libc::SOL_SOCKET || found.kind != libc::SCM_CREDENTIALS {
        return None;
    }
    let data = control.get(size_of::<libc::cmsghdr>()..length)?;
    let word =
        |index: usize| -> Option<[u8; 4]> { data.get(4 * index..4 * index + 4)?.try_into().ok() };
    Some(ucred {
        pid: i32::from_ne_bytes(word(0)?),
        uid: u32::from_ne_bytes(word(1)?),
        gid: u32::from_ne_bytes(word(2)?),
    })
}

fn send(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let from = call.bytes(1, "from")?;
    let mut target = address(call.u32(2, "groups")?);
    let mut part = iovec {
        base: from.as_ptr().cast(),
        length: from.len(),
    };
    let message = msghdr {
        name: (&mut target as *mut sockaddr_nl).cast(),
        name_length: size_of::<sockaddr_nl>() as u32,
        iov: &mut part,
        iov_count: 1,
        control: ptr::null_mut(),
        control_length: 0,
        flags: 0,
    };
    // SAFETY: `message` points to `target` and the array, with their lengths.
    system("sendmsg", || unsafe { libc::sendmsg(fd, &message, 0) })?;
    undefined()
}
