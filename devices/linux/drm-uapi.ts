/** Numbers of the kernel's interface that the ports need. Each with the header that defines it. */

// include/uapi/drm/drm.h: drm_get_cap
export const DRM_CAP_SYNCOBJ = 0x13;
export const DRM_CAP_SYNCOBJ_TIMELINE = 0x14;

// include/uapi/drm/drm.h: drm_syncobj_handle (the TIMELINE flags came after Linux 6.12)
export const FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE = 0x1;
export const FD_TO_HANDLE_FLAGS_TIMELINE = 0x2;
export const HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE = 0x1;
export const HANDLE_TO_FD_FLAGS_TIMELINE = 0x2;

// include/uapi/drm/drm.h: drm_syncobj_wait, shared by drm_syncobj_eventfd
export const WAIT_FLAGS_WAIT_AVAILABLE = 0x4;

// include/uapi/drm/drm.h: drm_syncobj_timeline_array
export const QUERY_FLAGS_LAST_SUBMITTED = 0x1;

// include/uapi/linux/dma-buf.h: dma_buf_export_sync_file
export const DMA_BUF_SYNC_READ = 0x1;
export const DMA_BUF_SYNC_WRITE = 0x2;

// lib/kobject_uevent.c; systemd's src/libsystemd/sd-device/device-monitor.c
export const UEVENT_GROUP_KERNEL = 1;
export const UEVENT_GROUP_UDEV = 2;
