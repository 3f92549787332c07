// SPDX-License-Identifier: GPL-2.0
/*
 * fencelab: pending fences that user space signals, with an error of its choice.
 *
 * Stands in for the driver of a GPU that was pulled out and ends its jobs with -ENODEV: no emulated GPU does that.
 */
#include <linux/dma-fence.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>

#include "fencelab.h"

struct fencelab_fence {
	struct dma_fence base;	/* first: the fence core frees by its address */
	spinlock_t lock;
};

/* One open file. */
struct fencelab_file {
	struct mutex lock;	/* protects @pending and @last_seqno */
	struct idr pending;	/* id -> struct dma_fence, one reference each */
	u64 shared_context;
	u64 last_seqno;
};

static const char *fencelab_driver_name(struct dma_fence *fence)
{
	return "fencelab";
}

static const char *fencelab_timeline_name(struct dma_fence *fence)
{
	return "lab";
}

static const struct dma_fence_ops fencelab_fence_ops = {
	.get_driver_name = fencelab_driver_name,
	.get_timeline_name = fencelab_timeline_name,
};

static struct dma_fence *fencelab_fence_create(u64 context, u64 seqno)
{
	struct fencelab_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fencelab_fence_ops, &fence->lock, context, seqno);
	return &fence->base;
}

static void fencelab_fence_end(struct dma_fence *fence, int error)
{
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static int fencelab_open(struct inode *inode, struct file *file)
{
	struct fencelab_file *lab = kzalloc(sizeof(*lab), GFP_KERNEL);

	if (!lab)
		return -ENOMEM;
	mutex_init(&lab->lock);
	idr_init_base(&lab->pending, 1);
	lab->shared_context = dma_fence_context_alloc(1);
	file->private_data = lab;
	return 0;
}

static int fencelab_release(struct inode *inode, struct file *file)
{
	struct fencelab_file *lab = file->private_data;
	struct dma_fence *fence;
	int id;

	idr_for_each_entry(&lab->pending, fence, id)
		fencelab_fence_end(fence, -ECANCELED);
	idr_destroy(&lab->pending);
	mutex_destroy(&lab->lock);
	kfree(lab);
	return 0;
}

/* Registers @fence (taking over the reference) and returns its id or an errno. */
static int fencelab_add_pending(struct fencelab_file *lab, struct dma_fence *fence)
{
	int id;

	mutex_lock(&lab->lock);
	id = idr_alloc(&lab->pending, fence, 1, 0, GFP_KERNEL);
	mutex_unlock(&lab->lock);
	return id;
}

static struct dma_fence *fencelab_take_pending(struct fencelab_file *lab, u32 id)
{
	struct dma_fence *fence;

	mutex_lock(&lab->lock);
	fence = idr_remove(&lab->pending, id);
	mutex_unlock(&lab->lock);
	return fence;
}

static struct dma_fence *fencelab_new_fence(struct fencelab_file *lab, u32 flags)
{
	struct dma_fence *fence;

	if (!(flags & FENCELAB_SHARED_CONTEXT))
		return fencelab_fence_create(dma_fence_context_alloc(1), 1);

	mutex_lock(&lab->lock);
	fence = fencelab_fence_create(lab->shared_context, lab->last_seqno + 1);
	if (fence)
		lab->last_seqno++;
	mutex_unlock(&lab->lock);
	return fence;
}

static long fencelab_create(struct fencelab_file *lab, void __user *argument)
{
	struct fencelab_create args;
	struct sync_file *sync_file;
	struct dma_fence *fence;
	int fd, id, ret;

	if (copy_from_user(&args, argument, sizeof(args)))
		return -EFAULT;
	if (args.flags & ~FENCELAB_SHARED_CONTEXT || args.pad)
		return -EINVAL;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;

	fence = fencelab_new_fence(lab, args.flags);
	if (!fence) {
		ret = -ENOMEM;
		goto err_fd;
	}
	sync_file = sync_file_create(fence);
	if (!sync_file) {
		dma_fence_put(fence);
		ret = -ENOMEM;
		goto err_fd;
	}
	id = fencelab_add_pending(lab, fence);
	if (id < 0) {
		dma_fence_put(fence);
		ret = id;
		goto err_sync_file;
	}

	args.fd = fd;
	args.id = id;
	if (copy_to_user(argument, &args, sizeof(args))) {
		/* Another thread may have guessed the id and signalled it already. */
		fence = fencelab_take_pending(lab, id);
		if (fence)
			fencelab_fence_end(fence, -ECANCELED);
		ret = -EFAULT;
		goto err_sync_file;
	}
	/* Only now can user space see the descriptor: nothing fails any more. */
	fd_install(fd, sync_file->file);
	return 0;

err_sync_file:
	fput(sync_file->file);
err_fd:
	put_unused_fd(fd);
	return ret;
}

static long fencelab_signal(struct fencelab_file *lab, void __user *argument)
{
	struct fencelab_signal args;
	struct dma_fence *fence;

	if (copy_from_user(&args, argument, sizeof(args)))
		return -EFAULT;
	if (args.error > 0 || args.error < -MAX_ERRNO)
		return -EINVAL;

	fence = fencelab_take_pending(lab, args.id);
	if (!fence)
		return -ENOENT;
	fencelab_fence_end(fence, args.error);
	return 0;
}

static long fencelab_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	switch (command) {
	case FENCELAB_IOCTL_CREATE:
		return fencelab_create(file->private_data, (void __user *)argument);
	case FENCELAB_IOCTL_SIGNAL:
		return fencelab_signal(file->private_data, (void __user *)argument);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations fencelab_fops = {
	.owner = THIS_MODULE,
	.open = fencelab_open,
	.release = fencelab_release,
	.unlocked_ioctl = fencelab_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice fencelab_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fencelab",
	.fops = &fencelab_fops,
	.mode = 0666,
};

static int __init fencelab_init(void)
{
	return misc_register(&fencelab_device);
}
module_init(fencelab_init);
/* No module_exit: fences in sync_files and syncobjs outlive the file and call back into this code for their names. */

MODULE_DESCRIPTION("Fences signalled from user space, with errors");
MODULE_LICENSE("GPL");
