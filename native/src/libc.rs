//! The C library, as far as used, for 64-bit Linux (glibc and musl), and the one place that retries EINTR.
#![allow(non_camel_case_types)]

use crate::error::{Error, Result};
use std::cell::Cell;
use std::os::raw::{c_char, c_int, c_long, c_short, c_uint, c_ulong, c_void};

pub const ENOENT: i32 = 2;
pub const EINTR: i32 = 4;
pub const EBADF: i32 = 9;
pub const EAGAIN: i32 = 11;
pub const ENOMEM: i32 = 12;
pub const EINVAL: i32 = 22;
pub const ENAMETOOLONG: i32 = 36;
pub const ENOPROTOOPT: i32 = 92;
pub const EMSGSIZE: i32 = 90;
pub const ENOTSOCK: i32 = 88;

pub const O_CLOEXEC: c_int = 0o2000000;
pub const O_NONBLOCK: c_int = 0o4000;
pub const FD_CLOEXEC: c_int = 1;
pub const F_GETFD: c_int = 1;
pub const F_SETFD: c_int = 2;
pub const F_GETFL: c_int = 3;
pub const F_SETFL: c_int = 4;
pub const F_DUPFD_CLOEXEC: c_int = 1030;
pub const F_ADD_SEALS: c_int = 1033;
pub const F_GET_SEALS: c_int = 1034;
pub const SEEK_END: c_int = 2;
pub const LOCK_EX: c_int = 2;
pub const LOCK_NB: c_int = 4;
pub const FALLOC_FL_KEEP_SIZE: c_int = 1;
pub const FALLOC_FL_PUNCH_HOLE: c_int = 2;
pub const RLIMIT_NOFILE: c_int = 7;
pub const FIONREAD: c_ulong = 0x541b;

pub const PROT_READ: c_int = 1;
pub const PROT_WRITE: c_int = 2;
pub const MAP_SHARED: c_int = 1;
pub const MAP_PRIVATE: c_int = 2;
pub const MAP_FIXED: c_int = 0x10;
pub const MAP_ANONYMOUS: c_int = 0x20;
pub const MAP_FAILED: *mut c_void = !0usize as *mut c_void;
pub const _SC_PAGESIZE: c_int = 30;
pub const MFD_CLOEXEC: c_uint = 1;

pub const EFD_CLOEXEC: c_int = O_CLOEXEC;
pub const EFD_NONBLOCK: c_int = O_NONBLOCK;
pub const TFD_CLOEXEC: c_int = O_CLOEXEC;
pub const TFD_NONBLOCK: c_int = O_NONBLOCK;
pub const TFD_TIMER_ABSTIME: c_int = 1;
pub const CLOCK_MONOTONIC: c_int = 1;

pub const AF_UNIX: c_int = 1;
pub const AF_NETLINK: c_int = 16;
pub const SOCK_STREAM: c_int = 1;
pub const SOCK_RAW: c_int = 3;
pub const SOCK_NONBLOCK: c_int = O_NONBLOCK;
pub const SOCK_CLOEXEC: c_int = O_CLOEXEC;
pub const SOL_SOCKET: c_int = 1;
pub const SO_RCVBUF: c_int = 8;
pub const SO_PASSCRED: c_int = 16;
pub const SO_TYPE: c_int = 3;
pub const SO_PEERCRED: c_int = 17;
pub const SO_ACCEPTCONN: c_int = 30;
pub const SO_DOMAIN: c_int = 39;
pub const SO_RCVBUFFORCE: c_int = 33;
pub const SO_COOKIE: c_int = 57;
pub const SO_PEERPIDFD: c_int = 77;
pub const SCM_RIGHTS: c_int = 1;
pub const SCM_CREDENTIALS: c_int = 2;
pub const MSG_CTRUNC: c_int = 8;
pub const MSG_TRUNC: c_int = 0x20;
pub const MSG_DONTWAIT: c_int = 0x40;
pub const MSG_NOSIGNAL: c_int = 0x4000;
pub const MSG_CMSG_CLOEXEC: c_int = 0x4000_0000;
pub const SHUT_RDWR: c_int = 2;

pub const SIGBUS: c_int = 7;
pub const SA_SIGINFO: c_int = 4;
pub const SA_ONSTACK: c_int = 0x0800_0000;
pub const SA_RESTART: c_int = 0x1000_0000;
pub const SIG_DFL: usize = 0;
pub const SIG_IGN: usize = 1;
pub const BUS_ADRERR: c_int = 2;
pub const RTLD_NOW: c_int = 2;
pub const RTLD_NOLOAD: c_int = 4;
pub const RTLD_NODELETE: c_int = 0x1000;

pub const EPOLL_CLOEXEC: c_int = O_CLOEXEC;
pub const EPOLLIN: u32 = 1;
pub const EPOLL_CTL_ADD: c_int = 1;
pub const EPOLL_CTL_DEL: c_int = 2;
pub const EPOLL_CTL_MOD: c_int = 3;

/// The kernel's `struct statfs` (`asm-generic/statfs.h`, 64 bits); only the type is read.
#[repr(C)]
pub struct statfs {
    pub kind: i64,
    rest: [u64; 14],
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct timespec {
    pub tv_sec: i64,
    pub tv_nsec: i64,
}

#[repr(C)]
pub struct itimerspec {
    pub it_interval: timespec,
    pub it_value: timespec,
}

#[repr(C)]
#[derive(Default)]
pub struct rlimit {
    pub soft: u64,
    pub hard: u64,
}

#[repr(C)]
pub struct iovec {
    pub base: *mut c_void,
    pub length: usize,
}

/// glibc's layout on little endian: `msg_iovlen` and `msg_controllen` are size_t. musl pads 32-bit ones to the same places.
#[repr(C)]
pub struct msghdr {
    pub name: *mut c_void,
    pub name_length: u32,
    pub iov: *mut iovec,
    pub iov_count: usize,
    pub control: *mut c_void,
    pub control_length: usize,
    pub flags: c_int,
}

/// What precedes the data of a control message; the data follows at once on 64 bits.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cmsghdr {
    pub length: usize,
    pub level: c_int,
    pub kind: c_int,
}

/// `struct ucred`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct ucred {
    pub pid: i32,
    pub uid: u32,
    pub gid: u32,
}

#[repr(C)]
pub struct sockaddr_un {
    pub family: u16,
    pub path: [u8; 108],
}

#[repr(C)]
#[derive(Default)]
pub struct sockaddr_nl {
    pub family: u16,
    pub pad: u16,
    pub pid: u32,
    pub groups: u32,
}

/// The kernel packs it on x86-64 only.
#[cfg_attr(target_arch = "x86_64", repr(C, packed))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C))]
#[derive(Clone, Copy, Default)]
pub struct epoll_event {
    pub events: u32,
    pub data: u64,
}

/// The C library's `struct sigaction` (not the kernel's); `handler` is a function pointer, SIG_DFL or SIG_IGN.
#[repr(C)]
#[derive(Default)]
pub struct sigaction {
    pub handler: usize,
    pub mask: [u64; 16],
    pub flags: c_int,
    pub restorer: usize,
}

/// The head of `siginfo_t`, as a memory fault fills it.
#[repr(C)]
pub struct siginfo {
    pub signal: c_int,
    pub errno: c_int,
    pub code: c_int,
    pub address: *mut c_void,
}

/// `Dl_info`
#[repr(C)]
pub struct dl_info {
    pub file_name: *const c_char,
    pub file_base: *mut c_void,
    pub symbol_name: *const c_char,
    pub symbol_address: *mut c_void,
}

impl Default for dl_info {
    fn default() -> dl_info {
        dl_info {
            file_name: std::ptr::null(),
            file_base: std::ptr::null_mut(),
            symbol_name: std::ptr::null(),
            symbol_address: std::ptr::null_mut(),
        }
    }
}

#[repr(C)]
pub struct pollfd {
    pub fd: c_int,
    pub events: c_short,
    pub revents: c_short,
}

const _: () = assert!(std::mem::size_of::<statfs>() == 120);
const _: () = assert!(std::mem::size_of::<msghdr>() == 56);
const _: () = assert!(std::mem::size_of::<cmsghdr>() == 16);
const _: () = assert!(std::mem::size_of::<sigaction>() == 152);
const _: () = assert!(std::mem::size_of::<sockaddr_un>() == 110);
const _: () = assert!(std::mem::size_of::<sockaddr_nl>() == 12);
#[cfg(target_arch = "x86_64")]
const _: () = assert!(std::mem::size_of::<epoll_event>() == 12);

extern "C" {
    pub fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    pub fn close(fd: c_int) -> c_int;
    pub fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    pub fn fstatfs(fd: c_int, into: *mut statfs) -> c_int;
    pub fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    pub fn pread(fd: c_int, into: *mut c_void, length: usize, offset: i64) -> isize;
    pub fn pwrite(fd: c_int, from: *const c_void, length: usize, offset: i64) -> isize;
    pub fn read(fd: c_int, into: *mut c_void, length: usize) -> isize;
    pub fn write(fd: c_int, from: *const c_void, length: usize) -> isize;
    pub fn ftruncate(fd: c_int, length: i64) -> c_int;
    pub fn lseek(fd: c_int, offset: i64, whence: c_int) -> i64;
    pub fn fallocate(fd: c_int, mode: c_int, offset: i64, length: i64) -> c_int;
    pub fn flock(fd: c_int, operation: c_int) -> c_int;
    pub fn pipe2(fds: *mut c_int, flags: c_int) -> c_int;
    pub fn getrlimit(resource: c_int, limit: *mut rlimit) -> c_int;
    pub fn setrlimit(resource: c_int, limit: *const rlimit) -> c_int;
    pub fn sysconf(name: c_int) -> c_long;

    pub fn memfd_create(name: *const c_char, flags: c_uint) -> c_int;
    pub fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
    pub fn munmap(address: *mut c_void, length: usize) -> c_int;

    pub fn eventfd(initial: c_uint, flags: c_int) -> c_int;
    pub fn timerfd_create(clock: c_int, flags: c_int) -> c_int;
    pub fn timerfd_settime(
        fd: c_int,
        flags: c_int,
        new: *const itimerspec,
        old: *mut itimerspec,
    ) -> c_int;
    pub fn clock_gettime(clock: c_int, time: *mut timespec) -> c_int;

    pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    pub fn socketpair(domain: c_int, kind: c_int, protocol: c_int, fds: *mut c_int) -> c_int;
    pub fn bind(fd: c_int, address: *const c_void, length: u32) -> c_int;
    pub fn listen(fd: c_int, backlog: c_int) -> c_int;
    pub fn connect(fd: c_int, address: *const c_void, length: u32) -> c_int;
    pub fn accept4(fd: c_int, address: *mut c_void, length: *mut u32, flags: c_int) -> c_int;
    pub fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> isize;
    pub fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> isize;
    pub fn shutdown(fd: c_int, how: c_int) -> c_int;
    pub fn getsockopt(
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *mut c_void,
        length: *mut u32,
    ) -> c_int;
    pub fn setsockopt(
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *const c_void,
        length: u32,
    ) -> c_int;

    pub fn epoll_create1(flags: c_int) -> c_int;
    pub fn epoll_ctl(epoll: c_int, operation: c_int, fd: c_int, event: *mut epoll_event) -> c_int;
    pub fn poll(fds: *mut pollfd, count: c_ulong, timeout_ms: c_int) -> c_int;

    pub fn sigaction(signal: c_int, new: *const sigaction, old: *mut sigaction) -> c_int;
    pub fn raise(signal: c_int) -> c_int;
    pub fn free(memory: *mut c_void);
    pub fn dladdr(address: *const c_void, info: *mut dl_info) -> c_int;
    pub fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    pub fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;

    pub fn syscall(number: c_long, ...) -> c_long;

    pub fn __errno_location() -> *mut c_int;
}

/// The errno of the syscall that has just failed on this thread.
pub fn errno() -> i32 {
    // SAFETY: the C library gives a valid pointer to this thread's errno.
    unsafe { *__errno_location() }
}

thread_local! {
    /// Syscalls made by this thread through [`counted`]: nearly all of the addon's, and none of libuv's or node's own.
    static SYSCALLS: Cell<u64> = const { Cell::new(0) };
}

/// Runs one syscall and counts it.
pub fn counted<T>(syscall: impl FnOnce() -> T) -> T {
    SYSCALLS.with(|count| count.set(count.get() + 1));
    syscall()
}

/// How many syscalls this thread has made so far.
pub fn syscalls() -> u64 {
    SYSCALLS.with(Cell::get)
}

/// Runs a syscall wrapper, again as long as it is interrupted. The result, or the errno.
pub fn retry<T: PartialOrd + Default>(
    mut syscall: impl FnMut() -> T,
) -> std::result::Result<T, i32> {
    loop {
        let result = counted(&mut syscall);
        if result >= T::default() {
            return Ok(result);
        }
        let errno = errno();
        if errno != EINTR {
            return Err(errno);
        }
    }
}

/// As [`retry`], with the error made ready to be thrown.
pub fn system<T: PartialOrd + Default>(
    name: &'static str,
    syscall: impl FnMut() -> T,
) -> Result<T> {
    retry(syscall).map_err(|errno| Error::system(name, errno))
}

/// Closes a descriptor that was made in a call that then failed.
pub fn close_quietly(fd: c_int) {
    // SAFETY: the caller owns `fd`. Linux frees the number whatever close returns, so it is not retried.
    counted(|| unsafe { close(fd) });
}
