/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/fencelab: fences that end when, and how, user space says.
 *
 * sw_sync could do most of this but Debian's kernels leave it out, and vgem's fences cannot fail.
 */
#ifndef _UAPI_FENCELAB_H
#define _UAPI_FENCELAB_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* All fences of one open file made with this flag share a context, like the jobs of one hardware ring. */
#define FENCELAB_SHARED_CONTEXT (1u << 0)

/**
 * struct fencelab_create - make a pending fence
 * @fd: out: a sync_file with the fence, close-on-exec
 * @id: out: names the fence in FENCELAB_IOCTL_SIGNAL on this open file
 * @flags: FENCELAB_SHARED_CONTEXT or 0
 * @pad: must be 0
 */
struct fencelab_create {
	__s32 fd;
	__u32 id;
	__u32 flags;
	__u32 pad;
};

/**
 * struct fencelab_signal - end a pending fence
 * @id: from struct fencelab_create; it is used up by this
 * @error: 0, or a negative errno the fence ends with
 */
struct fencelab_signal {
	__u32 id;
	__s32 error;
};

/* Closing the file ends what is still pending with -ECANCELED, as a driver does when a context is destroyed. */
#define FENCELAB_IOCTL_CREATE _IOWR('F', 1, struct fencelab_create)
#define FENCELAB_IOCTL_SIGNAL _IOW('F', 2, struct fencelab_signal)

#endif
