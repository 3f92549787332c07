/**
 * errno numbers by name, the same on every 64-bit architecture that node runs on (include/uapi/asm-generic/errno-base.h, errno.h).
 * The name of a number: `native.errnoName`.
 */
export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOTTY = 25;
export const EPIPE = 32;
export const ETIME = 62;
export const EPROTO = 71;
export const EMSGSIZE = 90;
export const EOPNOTSUPP = 95;
export const ENOBUFS = 105;
export const ETOOMANYREFS = 109;
export const ECANCELED = 125;
