// SPDX-License-Identifier: GPL-2.0
/*
 * syncobjdev: /dev/syncobj for an unpatched kernel, so that the proposed interface can be tried before there is one with it.
 *
 * Built on what drm.ko exports. Two things it does not export had to be found otherwise:
 * - whether a file is a syncobj: by its f_op, learned from a syncobj made when the module is loaded;
 * - being told when a point gets a fence: by putting an entry of drm_syncobj.c's own private type on the syncobj's list.
 *   See struct eventfd_entry; it is the same from 6.6 to 7.3.
 * WAIT (and TRANSFER with WAIT_FOR_SUBMIT) look once a jiffy instead of being woken: nothing here is timed by them.
 */
#include <linux/dma-fence-chain.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/dma-fence.h>
#include <linux/eventfd.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>
#include <drm/drm_utils.h>
#include <uapi/drm/drm.h>

#include "syncobjdev.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#error "drm_syncobj.c has no eventfd entries before 6.6"
#endif

/* As long as drm_syncobj.c itself waits for a submission in TRANSFER. */
#define SUBMIT_TIMEOUT (5 * HZ)

static const struct file_operations *syncobj_fops;

/* ---- syncobjs from descriptors ---- */

static struct drm_syncobj *syncobj_from_fd(int fd)
{
	struct drm_syncobj *syncobj = ERR_PTR(-EBADF);
	struct file *file = fget(fd);

	if (!file)
		return syncobj;
	if (file->f_op == syncobj_fops) {
		syncobj = file->private_data;
		drm_syncobj_get(syncobj);
	}
	fput(file);
	return syncobj;
}

/* The arrays of one ioctl, copied in. */
struct syncobj_array {
	u32 count;
	struct drm_syncobj **syncobjs;
	u64 *points;
};

static void array_put(struct syncobj_array *array)
{
	while (array->count > 0)
		drm_syncobj_put(array->syncobjs[--array->count]);
	kfree(array->syncobjs);
	kfree(array->points);
}

/* @points 0: all zero. On success the caller owes array_put(). */
static int array_get(struct syncobj_array *array, u64 fds, u64 points, u32 count)
{
	int *numbers;
	int ret = 0;

	memset(array, 0, sizeof(*array));
	numbers = memdup_array_user(u64_to_user_ptr(fds), count, sizeof(*numbers));
	if (IS_ERR(numbers))
		return PTR_ERR(numbers);

	array->points = points ? memdup_array_user(u64_to_user_ptr(points), count, sizeof(u64)) :
				 kcalloc(count, sizeof(u64), GFP_KERNEL);
	if (IS_ERR(array->points)) {
		ret = PTR_ERR(array->points);
		array->points = NULL;
		goto out;
	}
	array->syncobjs = kcalloc(count, sizeof(*array->syncobjs), GFP_KERNEL);
	if (!array->points || !array->syncobjs) {
		ret = -ENOMEM;
		goto out;
	}

	while (array->count < count) {
		struct drm_syncobj *syncobj = syncobj_from_fd(numbers[array->count]);

		if (IS_ERR(syncobj)) {
			ret = PTR_ERR(syncobj);
			goto out;
		}
		array->syncobjs[array->count++] = syncobj;
	}
out:
	kfree(numbers);
	if (ret)
		array_put(array);
	return ret;
}

/* ---- points ---- */

/* The fence of a submitted point, with a reference; -EINVAL when it has none yet. */
static struct dma_fence *point_fence(struct drm_syncobj *syncobj, u64 point)
{
	struct dma_fence *fence = drm_syncobj_fence_get(syncobj);
	int ret;

	if (!fence)
		return ERR_PTR(-EINVAL);
	ret = dma_fence_chain_find_seqno(&fence, point);
	if (ret) {
		dma_fence_put(fence);
		return ERR_PTR(ret);
	}
	/* No fence and no error: the point has passed and its link was collected. */
	return fence ?: dma_fence_get_stub();
}

static struct dma_fence *point_fence_when_submitted(struct drm_syncobj *syncobj, u64 point)
{
	unsigned long end = jiffies + SUBMIT_TIMEOUT;

	for (;;) {
		struct dma_fence *fence = point_fence(syncobj, point);

		if (!IS_ERR(fence) || PTR_ERR(fence) != -EINVAL)
			return fence;
		if (time_after(jiffies, end))
			return ERR_PTR(-ETIME);
		if (signal_pending(current))
			return ERR_PTR(-ERESTARTSYS);
		schedule_timeout_interruptible(1);
	}
}

/* Point 0 is the whole payload, as for binary syncobjs. */
static int point_set(struct drm_syncobj *syncobj, u64 point, struct dma_fence *fence)
{
	struct dma_fence_chain *chain;

	if (point == 0) {
		drm_syncobj_replace_fence(syncobj, fence);
		return 0;
	}
	chain = dma_fence_chain_alloc();
	if (!chain)
		return -ENOMEM;
	drm_syncobj_add_point(syncobj, chain, fence, point);
	return 0;
}

/* Always a link of the chain, point 0 too: as DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL does. */
static int point_signal(struct drm_syncobj *syncobj, u64 point)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();
	struct dma_fence *stub;

	if (!chain)
		return -ENOMEM;
	stub = dma_fence_get_stub();
	drm_syncobj_add_point(syncobj, chain, stub, point);
	dma_fence_put(stub);
	return 0;
}

static u64 highest_submitted(struct drm_syncobj *syncobj)
{
	struct dma_fence *fence = drm_syncobj_fence_get(syncobj);
	u64 point = to_dma_fence_chain(fence) ? fence->seqno : 0;

	dma_fence_put(fence);
	return point;
}

static u64 highest_signalled(struct drm_syncobj *syncobj)
{
	struct dma_fence *fence = drm_syncobj_fence_get(syncobj);
	struct dma_fence *link, *oldest;
	u64 point = 0;

	if (!to_dma_fence_chain(fence))
		goto out;
	/* The walk drops signalled links: the oldest one it meets tells how far the timeline got. */
	oldest = dma_fence_get(fence);
	dma_fence_chain_for_each(link, fence) {
		if (link->context != fence->context) {
			dma_fence_put(link);	/* points were added out of order */
			break;
		}
		dma_fence_put(oldest);
		oldest = dma_fence_get(link);
	}
	point = dma_fence_is_signaled(oldest) ? oldest->seqno :
						to_dma_fence_chain(oldest)->prev_seqno;
	dma_fence_put(oldest);
out:
	dma_fence_put(fence);
	return point;
}

/* ---- eventfds ---- */

/*
 * struct syncobj_eventfd_entry of drm_syncobj.c, member by member: drm.ko takes entries off the list, arms and frees them
 * (with kfree) when a point gets its fence.
 */
struct eventfd_entry {
	struct list_head node;
	struct dma_fence *fence;
	struct dma_fence_cb fence_cb;
	struct drm_syncobj *syncobj;
	struct eventfd_ctx *ev_fd_ctx;
	u64 point;
	u32 flags;
};

static void eventfd_entry_fire(struct eventfd_entry *entry)
{
	eventfd_signal(entry->ev_fd_ctx);
	eventfd_ctx_put(entry->ev_fd_ctx);
	dma_fence_put(entry->fence);
	kfree(entry);
}

static void eventfd_entry_fence_signalled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	eventfd_entry_fire(container_of(callback, struct eventfd_entry, fence_cb));
}

static int eventfd_arm(struct drm_syncobj *syncobj, int eventfd, u64 point, u32 flags)
{
	struct eventfd_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	struct dma_fence *fence;

	if (!entry)
		return -ENOMEM;
	INIT_LIST_HEAD(&entry->node);
	entry->ev_fd_ctx = eventfd_ctx_fdget(eventfd);
	if (IS_ERR(entry->ev_fd_ctx)) {
		int ret = PTR_ERR(entry->ev_fd_ctx);

		kfree(entry);
		return ret;
	}
	entry->syncobj = syncobj;
	entry->point = point;
	entry->flags = flags;

	/* Under the lock a point cannot be submitted between our look and our entry on the list. */
	spin_lock(&syncobj->lock);
	fence = point_fence(syncobj, point);
	if (IS_ERR(fence)) {
		list_add_tail(&entry->node, &syncobj->ev_fd_list);
		goto out;
	}
	entry->fence = fence;
	if (flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE ||
	    dma_fence_add_callback(fence, &entry->fence_cb, eventfd_entry_fence_signalled))
		eventfd_entry_fire(entry);
out:
	spin_unlock(&syncobj->lock);
	return 0;
}

/* ---- ioctls ---- */

static long ioctl_create(struct syncobj_create_args *args)
{
	struct drm_syncobj *syncobj;
	int ret;

	if (args->flags & ~DRM_SYNCOBJ_CREATE_SIGNALED)
		return -EINVAL;
	ret = drm_syncobj_create(&syncobj, args->flags, NULL);
	if (ret)
		return ret;
	ret = drm_syncobj_get_fd(syncobj, &args->fd);
	drm_syncobj_put(syncobj);
	return ret;
}

/* Counts the points of @array that are done; @first gets the index of the first one. */
static int count_done(struct syncobj_array *array, u32 flags, u32 *first)
{
	const u32 may_be_missing = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
				   DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	int done = 0;
	u32 i;

	for (i = 0; i < array->count; i++) {
		struct dma_fence *fence = point_fence(array->syncobjs[i], array->points[i]);
		bool finished;

		if (IS_ERR(fence)) {
			if (!(flags & may_be_missing))
				return PTR_ERR(fence);
			continue;
		}
		finished = flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE ||
			   dma_fence_is_signaled(fence);
		dma_fence_put(fence);
		if (finished && done++ == 0)
			*first = i;
	}
	return done;
}

static long ioctl_wait(struct syncobj_wait_args *args)
{
	const u32 known_flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL |
				DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
				DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE |
				DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE;
	struct syncobj_array array;
	int wanted, done;
	long ret;

	if (args->pad || args->flags & ~known_flags)
		return -EINVAL;
	if (!args->count)
		return 0;
	ret = array_get(&array, args->fds, args->points, args->count);
	if (ret)
		return ret;

	wanted = args->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL ? array.count : 1;
	for (;;) {
		done = count_done(&array, args->flags, &args->first_signaled);
		ret = min(done, 0);
		if (done < 0 || done >= wanted)
			break;
		ret = -ETIME;
		if (ktime_get_ns() >= (u64)max(args->timeout_nsec, 0))
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		schedule_timeout_interruptible(1);
	}
	array_put(&array);
	return ret;
}

static long ioctl_reset(struct syncobj_array_args *args)
{
	struct syncobj_array array;
	int ret;
	u32 i;

	if (!args->count || args->flags || args->points)
		return -EINVAL;
	ret = array_get(&array, args->fds, 0, args->count);
	if (ret)
		return ret;
	for (i = 0; i < array.count; i++)
		drm_syncobj_replace_fence(array.syncobjs[i], NULL);
	array_put(&array);
	return 0;
}

static long ioctl_signal(struct syncobj_array_args *args)
{
	struct syncobj_array array;
	int ret;
	u32 i;

	if (!args->count || args->flags)
		return -EINVAL;
	ret = array_get(&array, args->fds, args->points, args->count);
	if (ret)
		return ret;
	for (i = 0; i < array.count && !ret; i++)
		ret = point_signal(array.syncobjs[i], array.points[i]);
	array_put(&array);
	return ret;
}

static long ioctl_query(struct syncobj_array_args *args)
{
	struct syncobj_array array;
	int ret;
	u32 i;

	if (!args->count || args->flags & ~DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED)
		return -EINVAL;
	ret = array_get(&array, args->fds, 0, args->count);
	if (ret)
		return ret;
	for (i = 0; i < array.count; i++)
		array.points[i] = args->flags ? highest_submitted(array.syncobjs[i]) :
						highest_signalled(array.syncobjs[i]);
	if (copy_to_user(u64_to_user_ptr(args->points), array.points, array.count * sizeof(u64)))
		ret = -EFAULT;
	array_put(&array);
	return ret;
}

static long ioctl_transfer(struct syncobj_transfer_args *args)
{
	struct drm_syncobj *source, *target;
	struct dma_fence *fence, *flat;
	long ret = 0;

	if (args->pad || args->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
		return -EINVAL;
	source = syncobj_from_fd(args->src_fd);
	if (IS_ERR(source))
		return PTR_ERR(source);
	target = syncobj_from_fd(args->dst_fd);
	if (IS_ERR(target)) {
		ret = PTR_ERR(target);
		goto out_source;
	}

	fence = args->flags ? point_fence_when_submitted(source, args->src_point) :
			      point_fence(source, args->src_point);
	if (IS_ERR(fence)) {
		ret = PTR_ERR(fence);
		goto out_target;
	}
	if (args->dst_point) {
		/* A chain must not contain a chain. */
		flat = dma_fence_unwrap_merge(fence);
		dma_fence_put(fence);
		fence = flat;
	}
	if (fence) {
		ret = point_set(target, args->dst_point, fence);
		dma_fence_put(fence);
	} else {
		ret = -ENOMEM;
	}
out_target:
	drm_syncobj_put(target);
out_source:
	drm_syncobj_put(source);
	return ret;
}

static long ioctl_eventfd(struct syncobj_eventfd_args *args)
{
	struct drm_syncobj *syncobj;
	int ret;

	if (args->pad || args->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE)
		return -EINVAL;
	syncobj = syncobj_from_fd(args->syncobj_fd);
	if (IS_ERR(syncobj))
		return PTR_ERR(syncobj);
	ret = eventfd_arm(syncobj, args->eventfd, args->point, args->flags);
	drm_syncobj_put(syncobj);
	return ret;
}

static long ioctl_export(struct syncobj_sync_file_args *args)
{
	struct drm_syncobj *syncobj = syncobj_from_fd(args->syncobj_fd);
	struct sync_file *sync_file;
	struct dma_fence *fence;
	int fd;

	if (IS_ERR(syncobj))
		return PTR_ERR(syncobj);
	fence = point_fence(syncobj, args->point);
	drm_syncobj_put(syncobj);
	if (IS_ERR(fence))
		return PTR_ERR(fence);

	sync_file = sync_file_create(fence);
	dma_fence_put(fence);
	if (!sync_file)
		return -ENOMEM;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		fput(sync_file->file);
		return fd;
	}
	fd_install(fd, sync_file->file);
	args->sync_file_fd = fd;
	return 0;
}

static long ioctl_import(struct syncobj_sync_file_args *args)
{
	struct drm_syncobj *syncobj = syncobj_from_fd(args->syncobj_fd);
	struct dma_fence *fence;
	long ret = -EINVAL;

	if (IS_ERR(syncobj))
		return PTR_ERR(syncobj);
	fence = sync_file_get_fence(args->sync_file_fd);
	if (fence) {
		ret = point_set(syncobj, args->point, fence);
		dma_fence_put(fence);
	}
	drm_syncobj_put(syncobj);
	return ret;
}

/* Every argument struct, large enough for any command. */
union syncobj_args {
	struct syncobj_create_args create;
	struct syncobj_wait_args wait;
	struct syncobj_array_args array;
	struct syncobj_transfer_args transfer;
	struct syncobj_eventfd_args eventfd;
	struct syncobj_sync_file_args sync_file;
};

static long run_command(unsigned int command, union syncobj_args *args)
{
	switch (command) {
	case SYNCOBJ_IOCTL_CREATE:
		return ioctl_create(&args->create);
	case SYNCOBJ_IOCTL_WAIT:
		return ioctl_wait(&args->wait);
	case SYNCOBJ_IOCTL_RESET:
		return ioctl_reset(&args->array);
	case SYNCOBJ_IOCTL_SIGNAL:
		return ioctl_signal(&args->array);
	case SYNCOBJ_IOCTL_QUERY:
		return ioctl_query(&args->array);
	case SYNCOBJ_IOCTL_TRANSFER:
		return ioctl_transfer(&args->transfer);
	case SYNCOBJ_IOCTL_EVENTFD:
		return ioctl_eventfd(&args->eventfd);
	case SYNCOBJ_IOCTL_EXPORT_SYNC_FILE:
		return ioctl_export(&args->sync_file);
	case SYNCOBJ_IOCTL_IMPORT_SYNC_FILE:
		return ioctl_import(&args->sync_file);
	default:
		return -ENOTTY;
	}
}

static long syncobjdev_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	void __user *user_args = (void __user *)argument;
	size_t size = _IOC_SIZE(command);
	union syncobj_args args;
	long ret;

	if (_IOC_TYPE(command) != _IOC_TYPE(SYNCOBJ_IOCTL_CREATE) || size > sizeof(args))
		return -ENOTTY;
	memset(&args, 0, sizeof(args));
	if (copy_from_user(&args, user_args, size))
		return -EFAULT;
	ret = run_command(command, &args);
	if (!ret && _IOC_DIR(command) & _IOC_READ && copy_to_user(user_args, &args, size))
		return -EFAULT;
	return ret;
}

static const struct file_operations syncobjdev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = syncobjdev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice syncobjdev_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "syncobj",
	.fops = &syncobjdev_fops,
	.mode = 0666,
};

/* What the f_op of a syncobj file is, from one that exists for a moment. */
static int __init learn_syncobj_fops(void)
{
	struct drm_syncobj *syncobj;
	struct file *file;
	int fd, ret;

	ret = drm_syncobj_create(&syncobj, 0, NULL);
	if (ret)
		return ret;
	ret = drm_syncobj_get_fd(syncobj, &fd);
	drm_syncobj_put(syncobj);
	if (ret)
		return ret;
	file = fget(fd);
	if (file) {
		syncobj_fops = file->f_op;
		fput(file);
	}
	close_fd(fd);
	return syncobj_fops ? 0 : -EBADF;
}

static int __init syncobjdev_init(void)
{
	int ret = learn_syncobj_fops();

	return ret ?: misc_register(&syncobjdev_device);
}
module_init(syncobjdev_init);
/* No module_exit: an armed eventfd's callback lies in this code and there is no way to find them all. */

MODULE_DESCRIPTION("The proposed /dev/syncobj, for tests");
MODULE_LICENSE("GPL");
