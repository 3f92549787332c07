/* Measuring a server from its client: wall time, and the CPU time of the process at the other end of a socket. */
#ifndef SYNCLINE_BENCH_MEASURE_H
#define SYNCLINE_BENCH_MEASURE_H

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How many requests a client has made that handlers of the server get to see: all but those to wl_display. */
static uint64_t requests_made;

static void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, errno ? " (%s)\n" : "\n", strerror(errno));
  exit(1);
}

static uint64_t now_ns(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) < 0) fail("clock_gettime");
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

struct usage {
  uint64_t wall_ns;
  /* All threads of the server, those that have ended included. */
  uint64_t cpu_ns;
  /* Its main thread alone, as the scheduler counts it. */
  uint64_t main_ns;
};

static uint64_t main_thread_ns(pid_t pid) {
  char path[64], line[128];
  snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, pid);
  FILE *file = fopen(path, "r");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) fail("cannot read %s", path);
  fclose(file);
  return strtoull(line, NULL, 10);
}

static struct usage usage_of(pid_t pid) {
  clockid_t clock;
  if (clock_getcpuclockid(pid, &clock) != 0) fail("no CPU clock of process %d", pid);
  struct usage usage = {.cpu_ns = now_ns(clock), .main_ns = main_thread_ns(pid)};
  usage.wall_ns = now_ns(CLOCK_MONOTONIC);
  return usage;
}

/* Gives the server the moment it takes to come to rest: what it does after its last answer is work for us as well. */
static void let_rest(void) {
  struct timespec pause = {.tv_nsec = 2000000};
  nanosleep(&pause, NULL);
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail("socket path too long: %s", path);
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect %s", path);
  return fd;
}

/* The process that listens at `path`. */
static pid_t server_at(const char *path) {
  int fd = connect_to(path);
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) fail("SO_PEERCRED");
  close(fd);
  return peer.pid;
}

/* One client of a run: `prepare` connects and does what is not measured, `run` is measured. */
struct client_test {
  const char *name;
  void *(*prepare)(const char *socket_path);
  /* Returns the number of messages it sent. */
  uint64_t (*run)(void *client, uint64_t iterations);
};

static void write_all(int fd, const void *bytes, size_t size) {
  for (const char *at = bytes; size > 0;) {
    ssize_t count = write(fd, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("write");
    at += count;
    size -= (size_t)count;
  }
}

static void read_all(int fd, void *bytes, size_t size) {
  for (char *at = bytes; size > 0;) {
    ssize_t count = read(fd, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read");
    if (count == 0) {
      errno = 0;
      fail("the other end has gone");
    }
    at += count;
    size -= (size_t)count;
  }
}

struct child_result {
  uint64_t messages, requests, client_cpu_ns;
};

/* A child's life: get ready, tell so, wait for the start, run, tell the numbers, and stay until everybody is measured. */
static void be_client(const struct client_test *test, const char *path, uint64_t warm_up,
                      uint64_t iterations, int ready, int start, int end, int results) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  void *client = test->prepare(path);
  if (warm_up > 0) test->run(client, warm_up);
  char byte = 0;
  write_all(ready, &byte, 1);
  read_all(start, &byte, 1);
  uint64_t cpu_before_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
  struct child_result result = {.messages = test->run(client, iterations)};
  result.client_cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_before_ns;
  result.requests = requests_made;
  write_all(results, &result, sizeof result);
  read_all(end, &byte, 1);
  _exit(0);
}

/* Runs `clients` processes at once and prints one line of JSON with the sum of what they did. */
static void run_clients(const struct client_test *test, const char *path, int clients,
                        uint64_t warm_up, uint64_t iterations) {
  int ready[2], start[2], end[2], results[2];
  if (pipe(ready) < 0 || pipe(start) < 0 || pipe(end) < 0 || pipe(results) < 0) fail("pipe");
  pid_t server = server_at(path);
  for (int index = 0; index < clients; index++) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) be_client(test, path, warm_up, iterations, ready[1], start[0], end[0], results[1]);
  }
  /* Only the children hold this end now, so the death of all of them ends the waiting below. */
  close(ready[1]);
  close(results[1]);
  char bytes[256] = {0};
  for (int index = 0; index < clients; index++) read_all(ready[0], bytes, 1);
  let_rest();
  struct usage before = usage_of(server);
  write_all(start[1], bytes, (size_t)clients);
  struct child_result sum = {0};
  for (int index = 0; index < clients; index++) {
    struct child_result result;
    read_all(results[0], &result, sizeof result);
    sum.messages += result.messages;
    sum.requests += result.requests;
    sum.client_cpu_ns += result.client_cpu_ns;
  }
  uint64_t done_ns = now_ns(CLOCK_MONOTONIC);
  let_rest();
  struct usage after = usage_of(server);
  write_all(end[1], bytes, (size_t)clients);
  for (int index = 0; index < clients; index++) wait(NULL);
  printf("{\"wallNs\":%" PRIu64 ",\"cpuNs\":%" PRIu64 ",\"mainThreadNs\":%" PRIu64 ",\"clientCpuNs\":%" PRIu64
         ",\"messages\":%" PRIu64 ",\"requests\":%" PRIu64 "}\n",
         done_ns - before.wall_ns, after.cpu_ns - before.cpu_ns, after.main_ns - before.main_ns,
         sum.client_cpu_ns, sum.messages, sum.requests);
}

/* SOCKET TEST CLIENTS WARM-UP ITERATIONS */
static int run_named(int argc, char **argv, const struct client_test *tests, size_t count) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  errno = 0;
  if (argc != 6) fail("usage: %s SOCKET TEST CLIENTS WARM-UP ITERATIONS", argv[0]);
  int clients = atoi(argv[3]);
  if (clients < 1 || clients > 256) fail("between 1 and 256 clients");
  for (size_t index = 0; index < count; index++) {
    if (strcmp(tests[index].name, argv[2]) != 0) continue;
    run_clients(&tests[index], argv[1], clients, strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
    return 0;
  }
  fail("no test named %s", argv[2]);
  return 1;
}

#endif
