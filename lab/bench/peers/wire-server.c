/*
 * The least a server on libwayland-server can be: it makes the objects it is asked for, counts requests and does nothing else.
 * Usage: wire-server NAME (in XDG_RUNTIME_DIR). Says "ready", then answers lines on stdin: "count" and "memory". Ends with stdin.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wayland-server.h>

static uint64_t requests;

static void *make(struct wl_client *client, const struct wl_interface *interface, uint32_t version, uint32_t id,
                  const void *implementation) {
  struct wl_resource *resource = wl_resource_create(client, interface, (int)version, id);
  if (resource == NULL) wl_client_post_no_memory(client);
  else wl_resource_set_implementation(resource, implementation, NULL, NULL);
  return resource;
}

static void make_child(struct wl_resource *parent, const struct wl_interface *interface, uint32_t id,
                       const void *implementation) {
  requests++;
  make(wl_resource_get_client(parent), interface, (uint32_t)wl_resource_get_version(parent), id, implementation);
}

static void destroy(struct wl_client *client, struct wl_resource *resource) {
  (void)client;
  requests++;
  wl_resource_destroy(resource);
}

#define IGNORED(name, ...)                                                          \
  static void name(struct wl_client *client, struct wl_resource *resource, __VA_ARGS__)

IGNORED(rectangle, int32_t x, int32_t y, int32_t width, int32_t height) {
  (void)client, (void)resource, (void)x, (void)y, (void)width, (void)height;
  requests++;
}
IGNORED(attach, struct wl_resource *buffer, int32_t x, int32_t y) {
  (void)client, (void)resource, (void)buffer, (void)x, (void)y;
  requests++;
}
IGNORED(frame, uint32_t id) {
  (void)client;
  make_child(resource, &wl_callback_interface, id, NULL);
}
IGNORED(take_object, struct wl_resource *object) {
  (void)client, (void)resource, (void)object;
  requests++;
}
IGNORED(take_int, int32_t value) {
  (void)client, (void)resource, (void)value;
  requests++;
}
IGNORED(offset, int32_t x, int32_t y) {
  (void)client, (void)resource, (void)x, (void)y;
  requests++;
}
static void commit(struct wl_client *client, struct wl_resource *resource) {
  (void)client, (void)resource;
  requests++;
}

static const struct wl_surface_interface surface = {
    .destroy = destroy,
    .attach = attach,
    .damage = rectangle,
    .frame = frame,
    .set_opaque_region = take_object,
    .set_input_region = take_object,
    .commit = commit,
    .set_buffer_transform = take_int,
    .set_buffer_scale = take_int,
    .damage_buffer = rectangle,
    .offset = offset,
};
static const struct wl_region_interface region = {.destroy = destroy, .add = rectangle, .subtract = rectangle};
static const struct wl_buffer_interface buffer = {.destroy = destroy};

static void create_surface(struct wl_client *client, struct wl_resource *resource, uint32_t id) {
  (void)client;
  make_child(resource, &wl_surface_interface, id, &surface);
}
static void create_region(struct wl_client *client, struct wl_resource *resource, uint32_t id) {
  (void)client;
  make_child(resource, &wl_region_interface, id, &region);
}
static const struct wl_compositor_interface compositor = {create_surface, create_region};

IGNORED(create_buffer, uint32_t id, int32_t at, int32_t width, int32_t height, int32_t stride, uint32_t format) {
  (void)client, (void)at, (void)width, (void)height, (void)stride, (void)format;
  make_child(resource, &wl_buffer_interface, id, &buffer);
}
static const struct wl_shm_pool_interface pool = {.create_buffer = create_buffer, .destroy = destroy, .resize = take_int};

IGNORED(create_pool, uint32_t id, int32_t fd, int32_t size) {
  (void)client, (void)size;
  close(fd);
  make_child(resource, &wl_shm_pool_interface, id, &pool);
}
static const struct wl_shm_interface shm = {.create_pool = create_pool};

static void bind_compositor(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
  (void)data;
  requests++;
  make(client, &wl_compositor_interface, version, id, &compositor);
}

static void bind_shm(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
  (void)data;
  requests++;
  struct wl_resource *resource = make(client, &wl_shm_interface, version, id, &shm);
  if (resource == NULL) return;
  wl_shm_send_format(resource, WL_SHM_FORMAT_ARGB8888);
  wl_shm_send_format(resource, WL_SHM_FORMAT_XRGB8888);
}

static unsigned long resident_bytes(void) {
  unsigned long total = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%lu %lu", &total, &resident) != 2) exit(1);
  fclose(file);
  return resident * (unsigned long)sysconf(_SC_PAGESIZE);
}

static int on_command(int fd, uint32_t mask, void *data) {
  static char line[64];
  static size_t length;
  (void)mask;
  for (;;) {
    ssize_t count = read(fd, line + length, 1);
    if (count <= 0) {
      wl_display_terminate(data);
      return 0;
    }
    if (line[length] == '\n') break;
    if (length + 2 < sizeof line) length++;
  }
  line[length] = 0;
  length = 0;
  if (strcmp(line, "count") == 0) printf("{\"requests\":%llu}\n", (unsigned long long)requests);
  else if (strcmp(line, "memory") == 0)
    printf("{\"residentBytes\":%lu,\"heapBytes\":%zu}\n", resident_bytes(), mallinfo2().uordblks);
  fflush(stdout);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  struct wl_display *display = wl_display_create();
  if (display == NULL || wl_display_add_socket(display, argv[1]) < 0) {
    perror("wl_display_add_socket");
    return 1;
  }
  wl_global_create(display, &wl_compositor_interface, 4, NULL, bind_compositor);
  wl_global_create(display, &wl_shm_interface, 1, NULL, bind_shm);
  wl_event_loop_add_fd(wl_display_get_event_loop(display), 0, WL_EVENT_READABLE, on_command, display);
  printf("ready\n");
  fflush(stdout);
  wl_display_run(display);
  wl_display_destroy_clients(display);
  wl_display_destroy(display);
  return 0;
}
