/** Flags of open(2) (include/uapi/asm-generic/fcntl.h); node's own constants lack O_CLOEXEC. */
export const O_RDONLY = 0;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_CLOEXEC = 0o2_000_000;
