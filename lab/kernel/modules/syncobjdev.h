/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The user interface of /dev/syncobj as posted to dri-devel in May 2026 (v1): DRM syncobjs by file descriptor, no GPU needed.
 *
 * Flags have the values of their DRM counterparts (drm.h): DRM_SYNCOBJ_CREATE_SIGNALED, DRM_SYNCOBJ_WAIT_FLAGS_*,
 * DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED. Arrays are given by address: __s32 descriptors, __u64 points.
 * A descriptor that is no syncobj is EBADF, a point that has no fence yet EINVAL.
 */
#ifndef _UAPI_SYNCOBJDEV_H
#define _UAPI_SYNCOBJDEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct syncobj_create_args {
	__s32 fd;		/* out */
	__u32 flags;
};

struct syncobj_wait_args {
	__u64 fds;
	__u64 points;		/* 0: all points are 0 */
	__s64 timeout_nsec;	/* CLOCK_MONOTONIC, absolute; 0 polls */
	__u32 count;
	__u32 flags;
	__u32 first_signaled;	/* out */
	__u32 pad;
	__u64 deadline_nsec;	/* with WAIT_DEADLINE: a hint to the drivers */
};

struct syncobj_array_args {
	__u64 fds;
	__u64 points;		/* unused, 0, for RESET */
	__u32 count;
	__u32 flags;		/* QUERY only */
};

struct syncobj_transfer_args {
	__s32 src_fd;
	__s32 dst_fd;
	__u64 src_point;
	__u64 dst_point;	/* 0 replaces the whole payload */
	__u32 flags;		/* WAIT_FOR_SUBMIT */
	__u32 pad;
};

struct syncobj_eventfd_args {
	__s32 syncobj_fd;
	__s32 eventfd;
	__u64 point;
	__u32 flags;		/* WAIT_AVAILABLE */
	__u32 pad;
};

struct syncobj_sync_file_args {
	__s32 syncobj_fd;
	__s32 sync_file_fd;	/* out for EXPORT */
	__u64 point;
};

#define SYNCOBJ_IOCTL_CREATE		_IOWR(0xCD, 0, struct syncobj_create_args)
#define SYNCOBJ_IOCTL_WAIT		_IOWR(0xCD, 1, struct syncobj_wait_args)
#define SYNCOBJ_IOCTL_RESET		_IOW(0xCD, 2, struct syncobj_array_args)
#define SYNCOBJ_IOCTL_SIGNAL		_IOW(0xCD, 3, struct syncobj_array_args)
#define SYNCOBJ_IOCTL_QUERY		_IOW(0xCD, 4, struct syncobj_array_args)
#define SYNCOBJ_IOCTL_TRANSFER		_IOW(0xCD, 5, struct syncobj_transfer_args)
#define SYNCOBJ_IOCTL_EVENTFD		_IOW(0xCD, 6, struct syncobj_eventfd_args)
#define SYNCOBJ_IOCTL_EXPORT_SYNC_FILE	_IOWR(0xCD, 7, struct syncobj_sync_file_args)
#define SYNCOBJ_IOCTL_IMPORT_SYNC_FILE	_IOW(0xCD, 8, struct syncobj_sync_file_args)

#endif
