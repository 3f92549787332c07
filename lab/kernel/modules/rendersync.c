// SPDX-License-Identifier: GPL-2.0
/*
 * rendersync: a DRM device that can do nothing but syncobjs.
 *
 * A syncobj belongs to no GPU, yet each of its ioctls goes through the file of one and fails once that GPU is gone.
 * This node is always there: the "container" a compositor imports its clients' timelines into.
 *
 * It can be pulled out like a GPU, also while open:
 *	echo rendersync.0 > /sys/bus/platform/drivers/rendersync/unbind    (and bind)
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/version.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>

#define RENDERSYNC_NAME "rendersync"

static const struct file_operations rendersync_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

static const struct drm_driver rendersync_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.fops = &rendersync_fops,
	.name = RENDERSYNC_NAME,
	.desc = "syncobjs without a GPU",
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	.date = "20261123",
#endif
	.major = 1,
	.minor = 0,
};

static int rendersync_probe(struct platform_device *pdev)
{
	struct drm_device *drm = drm_dev_alloc(&rendersync_driver, &pdev->dev);
	int ret;

	if (IS_ERR(drm))
		return PTR_ERR(drm);
	ret = drm_dev_register(drm, 0);
	if (ret) {
		drm_dev_put(drm);
		return ret;
	}
	platform_set_drvdata(pdev, drm);
	return 0;
}

static void rendersync_remove(struct platform_device *pdev)
{
	struct drm_device *drm = platform_get_drvdata(pdev);

	/* Not drm_dev_unregister(): only unplug makes later ioctls of open files answer ENODEV. */
	drm_dev_unplug(drm);
	drm_dev_put(drm);
}

static struct platform_driver rendersync_platform_driver = {
	.probe = rendersync_probe,
	.remove = rendersync_remove,
	.driver.name = RENDERSYNC_NAME,
};

static struct platform_device *rendersync_device;

static int __init rendersync_init(void)
{
	int ret = platform_driver_register(&rendersync_platform_driver);

	if (ret)
		return ret;
	rendersync_device = platform_device_register_simple(RENDERSYNC_NAME, 0, NULL, 0);
	if (IS_ERR(rendersync_device)) {
		platform_driver_unregister(&rendersync_platform_driver);
		return PTR_ERR(rendersync_device);
	}
	return 0;
}
module_init(rendersync_init);

static void __exit rendersync_exit(void)
{
	platform_device_unregister(rendersync_device);
	platform_driver_unregister(&rendersync_platform_driver);
}
module_exit(rendersync_exit);

MODULE_DESCRIPTION("DRM render node with syncobjs only");
MODULE_LICENSE("GPL");
