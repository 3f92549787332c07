//! Unix sockets: pairs, listening, connecting, and who is on the other side.

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::files::pair;
use crate::ioctl;
use crate::libc::{self, close_quietly, retry, system};
use crate::napi::napi_value;
use crate::value::{self, undefined};
use std::mem::size_of;
use std::os::raw::{c_int, c_void};

pub const FUNCTIONS: &[Function] = &[
    function("socketPair", socket_pair),
    function("listenUnix", listen_unix),
    function("connectUnix", connect_unix),
    function("shutdown", shutdown),
    function("listensOnUnix", listens_on_unix),
    function("peerCredentials", peer_credentials),
    function("peerPidfd", peer_pidfd),
    function("socketCookie", socket_cookie),
    function("bytesReadable", bytes_readable),
];

const FLAGS: c_int = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;

fn socket_pair(call: &Call) -> Result<napi_value> {
    let mut fds = [-1; 2];
    // SAFETY: room for the two descriptors.
    system("socketpair", || unsafe {
        libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_STREAM | FLAGS,
            0,
            fds.as_mut_ptr(),
        )
    })?;
    pair(call, fds)
}

fn listen_unix(call: &Call) -> Result<napi_value> {
    let backlog = call.i32(1, "backlog")?;
    let fd = with_address(call, "bind", |fd, address, length| {
        // SAFETY: `address` is valid for `length` bytes.
        retry(|| unsafe { libc::bind(fd, address, length) })
    })?;
    // SAFETY: no memory is involved.
    if let Err(errno) = retry(|| unsafe { libc::listen(fd, backlog) }) {
        close_quietly(fd);
        return Err(Error::system("listen", errno));
    }
    value::int(call.env, fd)
}

fn connect_unix(call: &Call) -> Result<napi_value> {
    let fd = with_address(call, "connect", |fd, address, length| {
        // SAFETY: `address` is valid for `length` bytes.
        retry(|| unsafe { libc::connect(fd, address, length) })
    })?;
    value::int(call.env, fd)
}

/// Makes a stream socket and gives it the address in argument 0. Nothing is left open on failure.
fn with_address(
    call: &Call,
    syscall: &'static str,
    apply: impl FnOnce(c_int, *const c_void, u32) -> std::result::Result<c_int, i32>,
) -> Result<c_int> {
    let path = call.c_string(0, "path")?;
    let bytes = path.as_bytes_with_nul();
    let shown = path.to_string_lossy();
    let mut address = libc::sockaddr_un {
        family: libc::AF_UNIX as u16,
        path: [0; 108],
    };
    match address.path.get_mut(..bytes.len()) {
        Some(place) => place.copy_from_slice(bytes),
        None => return Err(Error::system_on(syscall, libc::ENAMETOOLONG, &shown)),
    }
    // SAFETY: no memory is involved.
    let fd = system("socket", || unsafe {
        libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | FLAGS, 0)
    })?;
    let address: *const libc::sockaddr_un = &address;
    apply(fd, address.cast(), size_of::<libc::sockaddr_un>() as u32).map_err(|errno| {
        close_quietly(fd);
        Error::system_on(syscall, errno, &shown)
    })?;
    Ok(fd)
}

fn shutdown(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    // SAFETY: no memory is involved.
    system("shutdown", || unsafe {
        libc::shutdown(fd, libc::SHUT_RDWR)
    })?;
    undefined()
}

/// Reads a socket option of a plain type.
fn option<T: Copy>(fd: c_int, name: c_int, mut value: T) -> std::result::Result<T, i32> {
    let place: *mut T = &mut value;
    let mut length = size_of::<T>() as u32;
    // SAFETY: `place` has room for `length` bytes of a type any bytes are valid for.
    retry(|| unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, place.cast(), &mut length) })?;
    Ok(value)
}

/// Whether it is a listening SOCK_STREAM socket of AF_UNIX. What is no socket is none.
fn listens_on_unix(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let wanted = [
        (libc::SO_ACCEPTCONN, 1),
        (libc::SO_DOMAIN, libc::AF_UNIX),
        (libc::SO_TYPE, libc::SOCK_STREAM),
    ];
    for (name, value) in wanted {
        match option(fd, name, 0 as c_int) {
            Ok(found) if found == value => {}
            Ok(_) | Err(libc::ENOTSOCK) => return value::boolean(call.env, false),
            Err(errno) => return Err(Error::system("getsockopt", errno)),
        }
    }
    value::boolean(call.env, true)
}

fn peer_credentials(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let into = call.u32s(1, "into")?;
    into.first(3)?;
    let peer = option(fd, libc::SO_PEERCRED, libc::ucred::default())
        .map_err(|errno| Error::system("getsockopt(SO_PEERCRED)", errno))?;
    // Into an array: to make an object costs more than the syscall, and every client is asked for.
    into.write(0, peer.pid as u32);
    into.write(1, peer.uid);
    into.write(2, peer.gid);
    undefined()
}

fn peer_pidfd(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    match option(fd, libc::SO_PEERPIDFD, -1 as c_int) {
        Ok(pidfd) => value::int(call.env, pidfd),
        Err(libc::ENOPROTOOPT) => value::null(call.env),
        Err(errno) => Err(Error::system("getsockopt(SO_PEERPIDFD)", errno)),
    }
}

/// SO_COOKIE: a number no other socket of this boot has; the same through every copy of the descriptor.
fn socket_cookie(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let cookie = option(fd, libc::SO_COOKIE, 0u64)
        .map_err(|errno| Error::system("getsockopt(SO_COOKIE)", errno))?;
    value::bigint(call.env, cookie)
}

fn bytes_readable(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let mut count: c_int = 0;
    ioctl::ioctl(fd, "ioctl(FIONREAD)", libc::FIONREAD, &mut count)?;
    value::int(call.env, count)
}
