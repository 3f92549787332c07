/*
 * A client that writes ready-made bytes: without the cost of libwayland-client, what is left to measure is the server.
 * Besides the measured tests, `SOCKET hold-clients N` and `SOCKET hold-objects N` keep a server's memory in use until stdin ends.
 */
#define _GNU_SOURCE
#include "measure.h"

/*
 * Batches on their way: enough that neither side ever waits for the other to wake up, few enough that the answers fit the socket's
 * buffer (libwayland cuts a client whose buffer is full).
 */
enum { IN_FLIGHT = 3, RING = IN_FLIGHT + 1 };
enum { BATCH = 1000, READ_BYTES = 65536, COMPOSITOR = 3, SURFACE = 4, FIRST_FREE = 5 };

struct raw_client {
  int fd;
  uint32_t *words;
  size_t count;
  /* The ids of the last syncs of the batches on their way; how many batches were sent, and how many answered. */
  uint32_t last_syncs[RING];
  uint64_t sent, answered;
  /* Bytes of an event that came in part. */
  size_t kept;
  char *incoming;
};

static void put(struct raw_client *client, uint32_t id, uint32_t opcode, const uint32_t *args, uint32_t count) {
  client->words[client->count++] = id;
  client->words[client->count++] = ((8 + 4 * count) << 16) | opcode;
  for (uint32_t index = 0; index < count; index++) client->words[client->count++] = args[index];
}

static void put_sync(struct raw_client *client, uint32_t id) {
  put(client, 1, 0, &id, 1);
  client->last_syncs[client->sent % RING] = id;
}

static void send_batch(struct raw_client *client) {
  write_all(client->fd, client->words, client->count * 4);
  client->count = 0;
  client->sent++;
}

/*
 * Reads events until all batches but `in_flight` are answered: until wl_display.delete_id came for their last sync, which follows
 * everything the batch caused.
 */
static void wait_until(struct raw_client *client, uint64_t in_flight) {
  while (client->answered + in_flight < client->sent) {
    ssize_t count = read(client->fd, client->incoming + client->kept, READ_BYTES - client->kept);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("the server closed the connection");
    size_t end = client->kept + (size_t)count, at = 0;
    while (at + 8 <= end) {
      const uint32_t *event = (const uint32_t *)(client->incoming + at);
      size_t size = event[1] >> 16;
      if (at + size > end) break;
      errno = 0;
      if (event[0] == 1 && (event[1] & 0xffff) == 0) fail("protocol error %u on object %u", event[3], event[2]);
      if (event[0] == 1 && (event[1] & 0xffff) == 1 && event[2] == client->last_syncs[client->answered % RING])
        client->answered++;
      at += size;
    }
    client->kept = end - at;
    memmove(client->incoming, client->incoming + at, client->kept);
  }
}

/* The name of wl_compositor is asked for, once a process. */
static uint32_t compositor_name(struct raw_client *client) {
  static uint32_t known;
  if (known != 0) return known;
  uint32_t registry = 2, sync = COMPOSITOR;
  put(client, 1, 1, &registry, 1);
  put(client, 1, 0, &sync, 1);
  send_batch(client);
  for (size_t have = 0;;) {
    ssize_t count = read(client->fd, client->incoming + have, READ_BYTES - have);
    if (count <= 0) fail("no globals");
    have += (size_t)count;
    int done = 0;
    for (size_t at = 0; at + 8 <= have;) {
      const uint32_t *event = (const uint32_t *)(client->incoming + at);
      if (at + (event[1] >> 16) > have) break;
      if (event[0] == registry && strcmp((const char *)&event[4], "wl_compositor") == 0) known = event[2];
      if (event[0] == 1 && event[2] == sync) done = 1;
      at += event[1] >> 16;
    }
    if (done) break;
  }
  errno = 0;
  if (known == 0) fail("the server has no wl_compositor");
  return known;
}

static void bind_compositor(struct raw_client *client, uint32_t name) {
  uint32_t registry = 2;
  put(client, 1, 1, &registry, 1);
  uint32_t bind[8] = {name, 14, 0, 0, 0, 0, 4, COMPOSITOR};
  memcpy(&bind[2], "wl_compositor", 14);
  put(client, 2, 0, bind, 8);
  requests_made++;
}

static struct raw_client *open_client(const char *path) {
  struct raw_client *client = calloc(1, sizeof *client);
  if (client == NULL) fail("calloc");
  client->words = malloc(BATCH * 8 * 4 + 64);
  client->incoming = malloc(READ_BYTES);
  if (client->words == NULL || client->incoming == NULL) fail("malloc");
  client->fd = connect_to(path);
  return client;
}

static void *prepare(const char *path) {
  struct raw_client *asking = open_client(path);
  uint32_t name = compositor_name(asking);
  close(asking->fd);
  struct raw_client *client = open_client(path);
  bind_compositor(client, name);
  uint32_t surface = SURFACE;
  put(client, COMPOSITOR, 0, &surface, 1);
  requests_made++;
  put_sync(client, FIRST_FREE);
  send_batch(client);
  wait_until(client, 0);
  /* Ids of the batches to come must begin with the lower ones. */
  client->sent = client->answered = 0;
  return client;
}

/* A stream that never runs dry: more batches are on their way while one is answered. */
static uint64_t run_damage(void *data, uint64_t iterations) {
  struct raw_client *client = data;
  for (uint64_t index = 0; index < iterations; index++) {
    for (uint32_t damage = 0; damage < BATCH; damage++) {
      uint32_t rectangle[4] = {damage, damage, 16, 16};
      put(client, SURFACE, 9, rectangle, 4);
    }
    put_sync(client, FIRST_FREE + (uint32_t)(client->sent % RING));
    send_batch(client);
    wait_until(client, IN_FLIGHT);
  }
  wait_until(client, 0);
  requests_made += iterations * BATCH;
  return iterations * (BATCH + 1);
}

static uint64_t run_syncs(void *data, uint64_t iterations) {
  struct raw_client *client = data;
  for (uint64_t index = 0; index < iterations; index++) {
    uint32_t base = FIRST_FREE + (uint32_t)(client->sent % RING) * BATCH;
    for (uint32_t sync = 0; sync < BATCH; sync++) put_sync(client, base + sync);
    send_batch(client);
    wait_until(client, IN_FLIGHT);
  }
  wait_until(client, 0);
  return iterations * BATCH;
}

/* Half a batch of surfaces made, then the same destroyed. */
static uint64_t run_objects(void *data, uint64_t iterations) {
  struct raw_client *client = data;
  for (uint64_t index = 0; index < iterations; index++) {
    uint32_t base = FIRST_FREE + (uint32_t)(client->sent % RING) * (BATCH / 2 + 1);
    for (uint32_t object = 0; object < BATCH / 2; object++) {
      uint32_t id = base + object;
      put(client, COMPOSITOR, 0, &id, 1);
    }
    for (uint32_t object = 0; object < BATCH / 2; object++) put(client, base + object, 0, NULL, 0);
    put_sync(client, base + BATCH / 2);
    send_batch(client);
    wait_until(client, IN_FLIGHT);
  }
  wait_until(client, 0);
  requests_made += iterations * BATCH;
  return iterations * (BATCH + 1);
}

static void hold(void) {
  printf("{\"requests\":%" PRIu64 "}\n", requests_made);
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
}

static void raise_fd_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) fail("setrlimit");
}

/* `count` connections that have bound a global and then do nothing. */
static void hold_clients(const char *path, uint32_t count) {
  raise_fd_limit();
  struct raw_client *client = open_client(path);
  uint32_t name = compositor_name(client);
  client->sent = client->answered = 0;
  for (uint32_t index = 0; index < count; index++) {
    client->fd = connect_to(path);
    bind_compositor(client, name);
    put_sync(client, SURFACE);
    send_batch(client);
    wait_until(client, 0);
  }
  hold();
}

/* `count` objects on one connection, surfaces and regions in turn. */
static void hold_objects(const char *path, uint32_t count) {
  struct raw_client *client = prepare(path);
  for (uint32_t made = 0; made < count;) {
    /* The sync takes the id after the last object, which the next batch then takes over. */
    for (uint32_t index = 0; index < BATCH && made < count; index++, made++) {
      uint32_t id = FIRST_FREE + made;
      put(client, COMPOSITOR, made & 1, &id, 1);
      requests_made++;
    }
    put_sync(client, FIRST_FREE + made);
    send_batch(client);
    wait_until(client, 0);
  }
  hold();
}

static const struct client_test tests[] = {
    {"damage", prepare, run_damage},
    {"syncs", prepare, run_syncs},
    {"objects", prepare, run_objects},
};

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc == 4 && strcmp(argv[2], "hold-clients") == 0) hold_clients(argv[1], (uint32_t)atoi(argv[3]));
  else if (argc == 4 && strcmp(argv[2], "hold-objects") == 0) hold_objects(argv[1], (uint32_t)atoi(argv[3]));
  else return run_named(argc, argv, tests, sizeof tests / sizeof *tests);
  return 0;
}
