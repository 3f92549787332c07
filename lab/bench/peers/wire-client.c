/* A client on libwayland-client that keeps a server busy in one way at a time. */
#define _GNU_SOURCE
#include "measure.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <wayland-client.h>

enum { PIPELINED_SYNCS = 64, DAMAGES_IN_A_BURST = 1000, POOL_BYTES = 64 * 64 * 4 };

struct client {
  const char *path;
  struct wl_display *display;
  struct wl_compositor *compositor;
  struct wl_shm *shm;
  struct wl_surface *surface;
  int memory;
};

static void on_global(void *data, struct wl_registry *registry, uint32_t name, const char *interface, uint32_t version) {
  struct client *client = data;
  if (strcmp(interface, "wl_compositor") == 0)
    client->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
  else if (strcmp(interface, "wl_shm") == 0)
    client->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
  else return;
  requests_made++;
  (void)version;
}

static void on_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
  (void)data, (void)registry, (void)name;
}

static const struct wl_registry_listener registry_listener = {on_global, on_global_remove};

static void round_trip(struct client *client) {
  if (wl_display_roundtrip(client->display) < 0) fail("round trip");
}

static void connect_client(struct client *client) {
  client->display = wl_display_connect(client->path);
  if (client->display == NULL) fail("cannot connect to %s", client->path);
  struct wl_registry *registry = wl_display_get_registry(client->display);
  wl_registry_add_listener(registry, &registry_listener, client);
  round_trip(client);
  wl_registry_destroy(registry);
  errno = 0;
  if (client->compositor == NULL || client->shm == NULL) fail("the server lacks wl_compositor or wl_shm");
}

static void *prepare(const char *path) {
  struct client *client = calloc(1, sizeof *client);
  if (client == NULL) fail("calloc");
  client->path = path;
  connect_client(client);
  client->surface = wl_compositor_create_surface(client->compositor);
  requests_made++;
  client->memory = memfd_create("bench", MFD_CLOEXEC);
  if (client->memory < 0 || ftruncate(client->memory, POOL_BYTES) < 0) fail("memfd");
  round_trip(client);
  return client;
}

static uint64_t run_sync(void *data, uint64_t iterations) {
  for (uint64_t index = 0; index < iterations; index++) round_trip(data);
  return iterations;
}

static void on_done(void *data, struct wl_callback *callback, uint32_t serial) {
  (*(uint64_t *)data)++;
  wl_callback_destroy(callback);
  (void)serial;
}

static const struct wl_callback_listener count_listener = {on_done};

static uint64_t run_pipelined(void *data, uint64_t iterations) {
  struct client *client = data;
  uint64_t done = 0, sent = 0;
  for (uint64_t index = 0; index < iterations; index++) {
    for (int sync = 0; sync < PIPELINED_SYNCS; sync++, sent++)
      wl_callback_add_listener(wl_display_sync(client->display), &count_listener, &done);
    while (done < sent)
      if (wl_display_dispatch(client->display) < 0) fail("dispatch");
  }
  return sent;
}

static uint64_t run_damage(void *data, uint64_t iterations) {
  struct client *client = data;
  for (uint64_t index = 0; index < iterations; index++) {
    for (int damage = 0; damage < DAMAGES_IN_A_BURST; damage++)
      wl_surface_damage_buffer(client->surface, damage, damage, 16, 16);
    round_trip(client);
  }
  requests_made += iterations * DAMAGES_IN_A_BURST;
  return iterations * (DAMAGES_IN_A_BURST + 1);
}

/* 50 surfaces with a region each, six requests for a pair. */
static uint64_t run_objects(void *data, uint64_t iterations) {
  struct client *client = data;
  for (uint64_t index = 0; index < iterations; index++) {
    for (int pair = 0; pair < 50; pair++) {
      struct wl_surface *surface = wl_compositor_create_surface(client->compositor);
      struct wl_region *region = wl_compositor_create_region(client->compositor);
      wl_region_add(region, 0, 0, 16, 16);
      wl_surface_set_opaque_region(surface, region);
      wl_region_destroy(region);
      wl_surface_destroy(surface);
    }
    round_trip(client);
  }
  requests_made += iterations * 300;
  return iterations * 301;
}

/* A pool, a buffer in it, and both destroyed: one descriptor travels. */
static uint64_t run_pools(void *data, uint64_t iterations) {
  struct client *client = data;
  for (uint64_t index = 0; index < iterations; index++) {
    for (int pool_index = 0; pool_index < 10; pool_index++) {
      struct wl_shm_pool *pool = wl_shm_create_pool(client->shm, client->memory, POOL_BYTES);
      struct wl_buffer *buffer = wl_shm_pool_create_buffer(pool, 0, 64, 64, 256, WL_SHM_FORMAT_XRGB8888);
      wl_shm_pool_destroy(pool);
      wl_buffer_destroy(buffer);
    }
    round_trip(client);
  }
  requests_made += iterations * 40;
  return iterations * 41;
}

/* Connect, registry with two binds, round trip, disconnect: one "message" is all of it. */
static uint64_t run_connect(void *data, uint64_t iterations) {
  struct client *client = data;
  for (uint64_t index = 0; index < iterations; index++) {
    struct client visitor = {.path = client->path};
    connect_client(&visitor);
    round_trip(&visitor);
    wl_shm_destroy(visitor.shm);
    wl_compositor_destroy(visitor.compositor);
    wl_display_disconnect(visitor.display);
  }
  return iterations;
}

static const struct client_test tests[] = {
    {"sync", prepare, run_sync},       {"pipelined", prepare, run_pipelined}, {"damage", prepare, run_damage},
    {"objects", prepare, run_objects}, {"pools", prepare, run_pools},         {"connect", prepare, run_connect},
};

int main(int argc, char **argv) {
  return run_named(argc, argv, tests, sizeof tests / sizeof *tests);
}
