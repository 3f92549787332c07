/*
 * The least that waiting for points of DRM syncobj timelines can be: one epoll loop and the ioctls. What ours is measured against.
 * Usage: sync-loop IMPORT-NODE CLIENT-NODE MODE COUNT, where the nodes are render nodes of two devices and MODE is
 *   submitted  a point that has signalled: from the first ioctl to the fence's info
 *   signal     an armed, unsubmitted point: from the signalling ioctl to the fence's info
 *   rehome     COUNT timelines imported into the second device and queried
 * Prints one line of JSON with times in nanoseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* include/uapi/drm/drm.h, written out because distributions ship older headers than kernels. */
struct syncobj_create { __u32 handle, flags; };
struct syncobj_handle { __u32 handle, flags; __s32 fd; __u32 pad; __u64 point; };
struct syncobj_transfer { __u32 source, target; __u64 source_point, target_point; __u32 flags, pad; };
struct syncobj_points { __u64 handles, points; __u32 count, flags; };
struct syncobj_eventfd { __u32 handle, flags; __u64 point; __s32 fd; __u32 pad; };
/* include/uapi/linux/sync_file.h */
struct fence_info { char object[32], driver[32]; __s32 status; __u32 flags; __u64 timestamp_ns; };
struct file_info { char name[32]; __s32 status; __u32 flags, count, pad; __u64 fences; };

#define SYNCOBJ_CREATE _IOWR('d', 0xbf, struct syncobj_create)
#define SYNCOBJ_HANDLE_TO_FD _IOWR('d', 0xc1, struct syncobj_handle)
#define SYNCOBJ_FD_TO_HANDLE _IOWR('d', 0xc2, struct syncobj_handle)
#define SYNCOBJ_QUERY _IOWR('d', 0xcb, struct syncobj_points)
#define SYNCOBJ_TRANSFER _IOWR('d', 0xcc, struct syncobj_transfer)
#define SYNCOBJ_TIMELINE_SIGNAL _IOWR('d', 0xcd, struct syncobj_points)
#define SYNCOBJ_EVENTFD _IOWR('d', 0xcf, struct syncobj_eventfd)
#define SYNC_FILE_INFO _IOWR('>', 4, struct file_info)

enum { EXPORT_SYNC_FILE = 1, POINT_OF_TIMELINE = 2, WAIT_AVAILABLE = 4, LAST_SUBMITTED = 1, WARM_UP = 50 };

static int import_device, client_device;
static __u32 scratch;
static int direct;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static __u32 create(int device) {
  struct syncobj_create args = {0};
  if (ioctl(device, SYNCOBJ_CREATE, &args) < 0) fail("SYNCOBJ_CREATE");
  return args.handle;
}

static int share(int device, __u32 handle) {
  struct syncobj_handle args = {.handle = handle, .fd = -1};
  if (ioctl(device, SYNCOBJ_HANDLE_TO_FD, &args) < 0) fail("SYNCOBJ_HANDLE_TO_FD");
  return args.fd;
}

static __u32 import(int device, int fd) {
  struct syncobj_handle args = {.fd = fd};
  if (ioctl(device, SYNCOBJ_FD_TO_HANDLE, &args) < 0) fail("SYNCOBJ_FD_TO_HANDLE");
  return args.handle;
}

static void signal_point(__u32 handle, uint64_t point) {
  struct syncobj_points args = {.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count = 1};
  if (ioctl(client_device, SYNCOBJ_TIMELINE_SIGNAL, &args) < 0) fail("SYNCOBJ_TIMELINE_SIGNAL");
}

/* The fence of a point as a sync_file, or -1 when it has none yet. */
static int export_point(__u32 handle, uint64_t point) {
  struct syncobj_handle args = {.handle = handle, .flags = EXPORT_SYNC_FILE, .fd = -1};
  if (direct) {
    args.flags |= POINT_OF_TIMELINE;
    args.point = point;
  } else {
    struct syncobj_transfer transfer = {.source = handle, .target = scratch, .source_point = point};
    if (ioctl(import_device, SYNCOBJ_TRANSFER, &transfer) < 0) return -1;
    args.handle = scratch;
  }
  return ioctl(import_device, SYNCOBJ_HANDLE_TO_FD, &args) < 0 ? -1 : args.fd;
}

static void read_and_close(int sync_file) {
  struct fence_info fences[8];
  struct file_info args = {.count = 8, .fences = (uintptr_t)fences};
  if (ioctl(sync_file, SYNC_FILE_INFO, &args) < 0) fail("SYNC_IOC_FILE_INFO");
  if (args.status != 1 || args.count != 1 || fences[0].status != 1) fail("the fence has not signalled");
  close(sync_file);
}

static void query(__u32 *handles, uint64_t *points, uint32_t count, __u32 flags) {
  struct syncobj_points args = {.handles = (uintptr_t)handles, .points = (uintptr_t)points, .count = count, .flags = flags};
  if (ioctl(import_device, SYNCOBJ_QUERY, &args) < 0) fail("SYNCOBJ_QUERY");
}

/* Whether the kernel exports points of timelines without a detour (after Linux 6.12). */
static void probe(void) {
  __u32 handle = create(client_device);
  signal_point(handle, 1);
  __u32 imported = import(import_device, share(client_device, handle));
  direct = 1;
  int sync_file = export_point(imported, 1);
  if (sync_file < 0) direct = 0;
  else close(sync_file);
}

static uint64_t submitted_once(__u32 ours, __u32 theirs, uint64_t point) {
  signal_point(theirs, point);
  uint64_t start = now_ns();
  int sync_file = export_point(ours, point);
  if (sync_file < 0) fail("export of a submitted point");
  read_and_close(sync_file);
  return now_ns() - start;
}

static uint64_t signal_once(__u32 ours, __u32 theirs, uint64_t point, int epoll, int event) {
  struct syncobj_eventfd arm = {.handle = ours, .flags = WAIT_AVAILABLE, .point = point, .fd = event};
  if (ioctl(import_device, SYNCOBJ_EVENTFD, &arm) < 0) fail("SYNCOBJ_EVENTFD");
  if (export_point(ours, point) >= 0) fail("the point has a fence too early");
  uint64_t start = now_ns();
  signal_point(theirs, point);
  struct epoll_event ready;
  if (epoll_wait(epoll, &ready, 1, 1000) != 1) fail("no wake-up");
  int sync_file = export_point(ours, point);
  if (sync_file < 0) fail("export after the wake-up");
  read_and_close(sync_file);
  return now_ns() - start;
}

static int ascending(const void *first, const void *second) {
  uint64_t a = *(const uint64_t *)first, b = *(const uint64_t *)second;
  return a < b ? -1 : a > b;
}

static void print_times(uint64_t *times, size_t count) {
  qsort(times, count, sizeof *times, ascending);
  printf("{\"p50Ns\":%" PRIu64 ",\"p99Ns\":%" PRIu64 "}\n", times[count / 2], times[count * 99 / 100]);
}

static void rehome(size_t count) {
  int *fds = calloc(count, sizeof *fds);
  __u32 *handles = calloc(count, sizeof *handles);
  uint64_t *points = calloc(count, sizeof *points);
  if (fds == NULL || handles == NULL || points == NULL) fail("calloc");
  for (size_t index = 0; index < count; index++) fds[index] = share(client_device, create(client_device));
  uint64_t start = now_ns();
  for (size_t index = 0; index < count; index++) handles[index] = import(import_device, fds[index]);
  query(handles, points, (uint32_t)count, LAST_SUBMITTED);
  uint64_t took = now_ns() - start;
  print_times(&took, 1);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  import_device = open(argv[1], O_RDWR | O_CLOEXEC);
  client_device = open(argv[2], O_RDWR | O_CLOEXEC);
  if (import_device < 0 || client_device < 0) fail("open");
  size_t count = strtoul(argv[4], NULL, 10);
  if (count == 0) return 2;
  scratch = create(import_device);
  probe();
  if (strcmp(argv[3], "rehome") == 0) {
    rehome(count);
    return 0;
  }
  int epoll = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event interest = {.events = EPOLLIN | EPOLLET};
  if (epoll < 0 || event < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &interest) < 0) fail("epoll");
  __u32 theirs = create(client_device), ours = import(import_device, share(client_device, theirs));
  uint64_t *times = calloc(count, sizeof *times);
  if (times == NULL) fail("calloc");
  int submitted = strcmp(argv[3], "submitted") == 0;
  for (size_t index = 0; index < WARM_UP + count; index++) {
    uint64_t took = submitted ? submitted_once(ours, theirs, index + 1) : signal_once(ours, theirs, index + 1, epoll, event);
    if (index >= WARM_UP) times[index - WARM_UP] = took;
  }
  print_times(times, count);
  return 0;
}
