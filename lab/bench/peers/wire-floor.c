/*
 * The floor under every server of the bench `wire`: it answers what the clients wait for, with the same system calls (one epoll_wait,
 * one recvmsg, one sendmsg a turn), and leaves out all that makes a server: it checks nothing, limits nothing, and of an object it
 * knows the kind alone. What is left is the client's time and the kernel's, which no server can be faster than.
 * Usage: wire-floor NAME (in XDG_RUNTIME_DIR). Says "ready", then answers "count" on stdin. Ends with stdin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, MAX_FDS = 253, ARGB8888 = 0, XRGB8888 = 1 };
enum kind { NOTHING, DISPLAY, REGISTRY, COMPOSITOR, SHM, POOL, BUFFER, SURFACE, REGION };

struct client {
  int fd;
  size_t kept;
  uint32_t count;
  uint8_t *kinds;
  uint32_t words[READ_BYTES / 4];
};

static uint64_t requests;
static uint32_t answers[READ_BYTES];
static size_t answered;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void event(uint32_t id, uint32_t opcode, uint32_t argument) {
  answers[answered++] = id;
  answers[answered++] = 12 << 16 | opcode;
  answers[answered++] = argument;
}

static void global(uint32_t registry, uint32_t name, const char *interface, uint32_t version) {
  uint32_t length = (uint32_t)strlen(interface) + 1, words = (length + 3) / 4;
  uint32_t *at = &answers[answered];
  memset(at, 0, (5 + words) * 4);
  at[0] = registry;
  at[1] = (5 + words) * 4 << 16;
  at[2] = name;
  at[3] = length;
  memcpy(&at[4], interface, length);
  at[4 + words] = version;
  answered += 5 + words;
}

static void make(struct client *client, uint32_t id, enum kind kind) {
  if (id >= client->count) {
    client->count = 2 * id + 64;
    client->kinds = realloc(client->kinds, client->count);
    if (client->kinds == NULL) fail("realloc");
  }
  client->kinds[id] = kind;
}

static void destroy(uint32_t id) { event(1, 1, id); }

static void bind_global(struct client *client, const uint32_t *args) {
  uint32_t id = args[3 + (args[1] + 3) / 4];
  make(client, id, args[0] == 1 ? COMPOSITOR : SHM);
  if (args[0] == 1) return;
  event(id, 0, ARGB8888);
  event(id, 0, XRGB8888);
}

static void request(struct client *client, uint32_t id, uint32_t opcode, const uint32_t *args) {
  enum kind kind = id == 1 ? DISPLAY : client->kinds[id];
  if (kind != DISPLAY) requests++;
  if (kind == DISPLAY && opcode == 0) {
    event(args[0], 0, 0);
    destroy(args[0]);
  } else if (kind == DISPLAY) {
    make(client, args[0], REGISTRY);
    global(args[0], 1, "wl_compositor", 4);
    global(args[0], 2, "wl_shm", 1);
  } else if (kind == REGISTRY) bind_global(client, args);
  else if (kind == COMPOSITOR) make(client, args[0], opcode == 0 ? SURFACE : REGION);
  else if (kind == SHM) make(client, args[0], POOL);
  else if (kind == POOL && opcode == 0) make(client, args[0], BUFFER);
  else if (kind == POOL && opcode == 1) destroy(id);
  else if (kind != POOL && opcode == 0) destroy(id);
}

static void close_fds(struct msghdr *message) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
    size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fds[MAX_FDS];
    memcpy(fds, CMSG_DATA(at), count * sizeof(int));
    for (size_t index = 0; index < count; index++) close(fds[index]);
  }
}

/* False when the client has gone. */
static int serve(struct client *client) {
  static char control[CMSG_SPACE(MAX_FDS * sizeof(int))];
  struct iovec part = {(char *)client->words + client->kept, READ_BYTES - client->kept};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t received = recvmsg(client->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0 && errno == EAGAIN) return 1;
  if (received <= 0) return 0;
  close_fds(&message);
  size_t end = (client->kept + (size_t)received) / 4, at = 0;
  while (at + 2 <= end) {
    const uint32_t *words = &client->words[at];
    size_t size = words[1] >> 18;
    if (size < 2 || at + size > end) break;
    request(client, words[0], words[1] & 0xffff, words + 2);
    at += size;
  }
  client->kept += (size_t)received - at * 4;
  memmove(client->words, &client->words[at], client->kept);
  size_t bytes = answered * 4;
  answered = 0;
  return bytes == 0 || send(client->fd, answers, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

static void answer_command(void) {
  static char line[64];
  ssize_t count = read(0, line, sizeof line - 1);
  if (count <= 0) exit(0);
  printf("{\"requests\":%llu}\n", (unsigned long long)requests);
  fflush(stdout);
}

static int listen_at(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", getenv("XDG_RUNTIME_DIR"), name);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0) fail("listen");
  return fd;
}

static void watch(int epoll, int fd, void *data) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  static int listener, command;
  listener = listen_at(argv[1]);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener, &listener);
  watch(epoll, 0, &command);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[32];
    int count = epoll_wait(epoll, events, 32, -1);
    for (int index = 0; index < count; index++) {
      struct client *client = events[index].data.ptr;
      if (events[index].data.ptr == &command) answer_command();
      else if (events[index].data.ptr == &listener) {
        client = calloc(1, sizeof *client);
        if (client == NULL) fail("calloc");
        client->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client->fd < 0) fail("accept");
        watch(epoll, client->fd, client);
      } else if (!serve(client)) {
        close(client->fd);
        free(client->kinds);
        free(client);
      }
    }
  }
}
