/*
 * A client of a desktop: toplevels of wl_shm buffers. Needs no generated code: the few parts of xdg-shell it uses are written out
 * (xdg-shell.xml, version 1).
 * Besides the measured tests, `SOCKET first-frame` tells when the first frame callback came, also when the server is not up yet,
 * and `SOCKET hold` shows a window until stdin ends.
 */
#define _GNU_SOURCE
#include <fcntl.h>

#include "measure.h"

#include <poll.h>
#include <sys/mman.h>
#include <wayland-client.h>

static const struct wl_interface xdg_surface_interface, xdg_toplevel_interface;
static const struct wl_interface *get_surface_types[] = {&xdg_surface_interface, &wl_surface_interface};
static const struct wl_interface *get_toplevel_types[] = {&xdg_toplevel_interface};
static const struct wl_interface *no_types[4];

static const struct wl_message wm_base_requests[] = {
    {"destroy", "", no_types},
    {"create_positioner", "n", no_types},
    {"get_xdg_surface", "no", get_surface_types},
    {"pong", "u", no_types},
};
static const struct wl_message wm_base_events[] = {{"ping", "u", no_types}};
static const struct wl_interface xdg_wm_base_interface = {"xdg_wm_base", 1, 4, wm_base_requests, 1, wm_base_events};

static const struct wl_message xdg_surface_requests[] = {
    {"destroy", "", no_types},
    {"get_toplevel", "n", get_toplevel_types},
    {"get_popup", "n?oo", no_types},
    {"set_window_geometry", "iiii", no_types},
    {"ack_configure", "u", no_types},
};
static const struct wl_message xdg_surface_events[] = {{"configure", "u", no_types}};
static const struct wl_interface xdg_surface_interface = {"xdg_surface", 1, 5, xdg_surface_requests, 1, xdg_surface_events};

static const struct wl_message xdg_toplevel_requests[] = {{"destroy", "", no_types}};
static const struct wl_message xdg_toplevel_events[] = {{"configure", "iia", no_types}, {"close", "", no_types}};
static const struct wl_interface xdg_toplevel_interface = {"xdg_toplevel", 1, 1, xdg_toplevel_requests, 2, xdg_toplevel_events};

enum { GET_XDG_SURFACE = 2, PONG = 3, GET_TOPLEVEL = 1, ACK_CONFIGURE = 4 };

struct client {
  struct wl_display *display;
  struct wl_compositor *compositor;
  struct wl_shm *shm;
  struct wl_proxy *wm_base;
};

struct window {
  struct client *client;
  struct wl_surface *surface;
  struct wl_buffer *buffers[2];
  int width, height, next, configured;
  /* For windows that draw by themselves, see animate. */
  int awaits_frame;
  uint64_t *frames;
};

static void on_ping(void *data, struct wl_proxy *wm_base, uint32_t serial) {
  wl_proxy_marshal_flags(wm_base, PONG, NULL, 1, 0, serial);
  (void)data;
}
static void (*const wm_base_listener[])(void) = {(void (*)(void))on_ping};

static void on_global(void *data, struct wl_registry *registry, uint32_t name, const char *interface, uint32_t version) {
  struct client *client = data;
  if (strcmp(interface, "wl_compositor") == 0)
    client->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
  else if (strcmp(interface, "wl_shm") == 0)
    client->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
  else if (strcmp(interface, "xdg_wm_base") == 0) {
    client->wm_base = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
    wl_proxy_add_listener(client->wm_base, (void (**)(void))wm_base_listener, client);
  }
  (void)version;
}
static void on_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
  (void)data, (void)registry, (void)name;
}
static const struct wl_registry_listener registry_listener = {on_global, on_global_remove};

static void round_trip(struct client *client) {
  if (wl_display_roundtrip(client->display) < 0) fail("round trip");
}

static int try_connect(struct client *client, const char *path) {
  client->display = wl_display_connect(path);
  if (client->display == NULL) return 0;
  struct wl_registry *registry = wl_display_get_registry(client->display);
  wl_registry_add_listener(registry, &registry_listener, client);
  round_trip(client);
  errno = 0;
  if (!client->compositor || !client->shm || !client->wm_base) fail("the server is no desktop");
  return 1;
}

static void on_configure(void *data, struct wl_proxy *xdg_surface, uint32_t serial) {
  struct window *window = data;
  wl_proxy_marshal_flags(xdg_surface, ACK_CONFIGURE, NULL, 1, 0, serial);
  window->configured = 1;
}
static void (*const xdg_surface_listener[])(void) = {(void (*)(void))on_configure};

static void on_toplevel_configure(void *data, struct wl_proxy *toplevel, int32_t width, int32_t height, struct wl_array *states) {
  (void)data, (void)toplevel, (void)width, (void)height, (void)states;
}
static void on_close(void *data, struct wl_proxy *toplevel) {
  (void)data, (void)toplevel;
}
static void (*const toplevel_listener[])(void) = {(void (*)(void))on_toplevel_configure, (void (*)(void))on_close};

static void make_buffers(struct window *window) {
  int stride = window->width * 4, size = stride * window->height;
  int memory = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0 || ftruncate(memory, 2 * size) < 0) fail("memfd");
  // As toolkits do.
  if (fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) < 0) fail("F_ADD_SEALS");
  uint8_t *pixels = mmap(NULL, 2 * (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (pixels == MAP_FAILED) fail("mmap");
  memset(pixels, 0x40, (size_t)size);
  memset(pixels + size, 0xc0, (size_t)size);
  munmap(pixels, 2 * (size_t)size);
  struct wl_shm_pool *pool = wl_shm_create_pool(window->client->shm, memory, 2 * size);
  for (int index = 0; index < 2; index++)
    window->buffers[index] =
        wl_shm_pool_create_buffer(pool, index * size, window->width, window->height, stride, WL_SHM_FORMAT_XRGB8888);
  wl_shm_pool_destroy(pool);
  close(memory);
}

static void draw(struct window *window) {
  wl_surface_attach(window->surface, window->buffers[window->next], 0, 0);
  wl_surface_damage_buffer(window->surface, 0, 0, window->width, window->height);
  window->next ^= 1;
}

static struct window *open_window(struct client *client, int width, int height) {
  struct window *window = calloc(1, sizeof *window);
  if (window == NULL) fail("calloc");
  *window = (struct window){.client = client, .width = width, .height = height};
  window->surface = wl_compositor_create_surface(client->compositor);
  struct wl_proxy *xdg_surface = wl_proxy_marshal_flags(client->wm_base, GET_XDG_SURFACE, &xdg_surface_interface, 1, 0, NULL,
                                                        window->surface);
  wl_proxy_add_listener(xdg_surface, (void (**)(void))xdg_surface_listener, window);
  struct wl_proxy *toplevel =
      wl_proxy_marshal_flags(xdg_surface, GET_TOPLEVEL, &xdg_toplevel_interface, 1, 0, NULL);
  wl_proxy_add_listener(toplevel, (void (**)(void))toplevel_listener, window);
  wl_surface_commit(window->surface);
  while (!window->configured)
    if (wl_display_dispatch(client->display) < 0) fail("dispatch");
  make_buffers(window);
  draw(window);
  wl_surface_commit(window->surface);
  return window;
}

static void on_frame(void *data, struct wl_callback *callback, uint32_t time) {
  (*(int *)data)++;
  wl_callback_destroy(callback);
  (void)time;
}
static const struct wl_callback_listener frame_listener = {on_frame};

/* Draws and waits for the frame callback. */
static void draw_frame(struct window *window) {
  int done = 0;
  wl_callback_add_listener(wl_surface_frame(window->surface), &frame_listener, &done);
  draw(window);
  wl_surface_commit(window->surface);
  while (!done)
    if (wl_display_dispatch(window->client->display) < 0) fail("dispatch");
}

static struct client *new_client(const char *path) {
  struct client *client = calloc(1, sizeof *client);
  if (client == NULL) fail("calloc");
  if (!try_connect(client, path)) fail("cannot connect to %s", path);
  return client;
}

static void *prepare_small(const char *path) {
  struct window *window = open_window(new_client(path), 64, 64);
  round_trip(window->client);
  return window;
}

static void *prepare_large(const char *path) {
  struct window *window = open_window(new_client(path), 1024, 640);
  round_trip(window->client);
  return window;
}

/* As fast as the server takes them, one round trip a commit. */
static uint64_t run_commits(void *data, uint64_t iterations) {
  struct window *window = data;
  for (uint64_t index = 0; index < iterations; index++) {
    draw(window);
    wl_surface_commit(window->surface);
    round_trip(window->client);
  }
  return iterations;
}

/* At the pace of the frame callbacks. */
static uint64_t run_frames(void *data, uint64_t iterations) {
  for (uint64_t index = 0; index < iterations; index++) draw_frame(data);
  return iterations;
}

struct many {
  struct client *client;
  struct window *windows[100];
};

static void *prepare_many(const char *path) {
  struct many *many = calloc(1, sizeof *many);
  if (many == NULL) fail("calloc");
  many->client = new_client(path);
  for (int index = 0; index < 100; index++) many->windows[index] = open_window(many->client, 64, 64);
  round_trip(many->client);
  return many;
}

static void animate(struct window *window);

static void on_window_frame(void *data, struct wl_callback *callback, uint32_t time) {
  struct window *window = data;
  wl_callback_destroy(callback);
  window->awaits_frame = 0;
  if (window->frames == NULL) return;
  (*window->frames)++;
  animate(window);
  (void)time;
}
static const struct wl_callback_listener window_frame_listener = {on_window_frame};

/* Draws, and again with each frame callback, as long as there is a counter. */
static void animate(struct window *window) {
  if (window->awaits_frame) return;
  window->awaits_frame = 1;
  wl_callback_add_listener(wl_surface_frame(window->surface), &window_frame_listener, window);
  draw(window);
  wl_surface_commit(window->surface);
}

/* Handles what comes within the time, which may be nothing. */
static void dispatch_for(struct wl_display *display, uint64_t end_ns) {
  for (;;) {
    while (wl_display_prepare_read(display) != 0)
      if (wl_display_dispatch_pending(display) < 0) fail("dispatch");
    if (wl_display_flush(display) < 0 && errno != EAGAIN) fail("flush");
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    struct pollfd ready = {.fd = wl_display_get_fd(display), .events = POLLIN};
    int left_ms = now < end_ns ? (int)((end_ns - now + 999999) / 1000000) : 0;
    if (poll(&ready, 1, left_ms) <= 0) {
      wl_display_cancel_read(display);
      if (now_ns(CLOCK_MONOTONIC) >= end_ns) return;
      continue;
    }
    if (wl_display_read_events(display) < 0 || wl_display_dispatch_pending(display) < 0) fail("dispatch");
  }
}

/*
 * A hundred windows, each at the pace of its own frame callbacks, for as long as `iterations` frames of 60 Hz take. Ends by time,
 * because there are servers that send none to windows nobody sees. Counts frame callbacks.
 */
static uint64_t run_frames_many(void *data, uint64_t iterations) {
  struct many *many = data;
  uint64_t frames = 0;
  for (int index = 0; index < 100; index++) {
    many->windows[index]->frames = &frames;
    animate(many->windows[index]);
  }
  dispatch_for(many->client->display, now_ns(CLOCK_MONOTONIC) + iterations * 1000000000u / 60);
  for (int index = 0; index < 100; index++) many->windows[index]->frames = NULL;
  return frames;
}

/* Nothing but round trips: what a commit with one costs at least. */
static uint64_t run_syncs(void *data, uint64_t iterations) {
  struct window *window = data;
  for (uint64_t index = 0; index < iterations; index++) round_trip(window->client);
  return iterations;
}

/* A commit on each of a hundred windows, then a round trip. */
static uint64_t run_many(void *data, uint64_t iterations) {
  struct many *many = data;
  for (uint64_t index = 0; index < iterations; index++) {
    for (int at = 0; at < 100; at++) {
      draw(many->windows[at]);
      wl_surface_commit(many->windows[at]->surface);
    }
    round_trip(many->client);
  }
  return iterations * 100;
}

static void first_frame(const char *path) {
  struct client client = {0};
  struct timespec pause = {.tv_nsec = 1000000};
  for (int attempt = 0; !try_connect(&client, path); attempt++) {
    if (attempt == 20000) fail("no server at %s", path);
    nanosleep(&pause, NULL);
  }
  draw_frame(open_window(&client, 64, 64));
  printf("{\"atNs\":%" PRIu64 "}\n", now_ns(CLOCK_MONOTONIC));
}

static void hold(const char *path) {
  struct window *window = open_window(new_client(path), 64, 64);
  draw_frame(window);
  printf("{\"server\":%d}\n", server_at(path));
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
}

static const struct client_test tests[] = {
    {"commits", prepare_small, run_commits},
    {"frames", prepare_large, run_frames},
    {"many", prepare_many, run_many},
    {"many-frames", prepare_many, run_frames_many},
    {"syncs", prepare_small, run_syncs},
};

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc == 3 && strcmp(argv[2], "first-frame") == 0) first_frame(argv[1]);
  else if (argc == 3 && strcmp(argv[2], "hold") == 0) hold(argv[1]);
  else return run_named(argc, argv, tests, sizeof tests / sizeof *tests);
  return 0;
}
