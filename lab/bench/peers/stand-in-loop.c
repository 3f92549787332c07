/*
 * As many syscalls as sync-loop.c makes for a point, but such as there are without DRM.
 *
 * usage: stand-in-loop submitted|signal COUNT
 * Prints {"p50Ns":…,"p99Ns":…}.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 50 };

static int device;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void any_ioctl(int fd) {
  int bytes;
  if (ioctl(fd, FIONREAD, &bytes) < 0) fail("ioctl");
}

/* TRANSFER, HANDLE_TO_FD, FILE_INFO, close. */
static void read_fence(void) {
  any_ioctl(device);
  int sync_file = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  struct pollfd readable = {.fd = sync_file, .events = POLLIN};
  if (sync_file < 0 || poll(&readable, 1, 0) != 1) fail("eventfd");
  close(sync_file);
}

static uint64_t submitted_once(void) {
  any_ioctl(device);
  uint64_t start = now_ns();
  read_fence();
  return now_ns() - start;
}

static uint64_t signal_once(int epoll, int event) {
  uint64_t one = 1;
  struct epoll_event ready;
  any_ioctl(device); /* EVENTFD */
  any_ioctl(device); /* TRANSFER, too early */
  uint64_t start = now_ns();
  if (write(event, &one, sizeof one) != sizeof one) fail("write");
  if (epoll_wait(epoll, &ready, 1, 1000) != 1) fail("no wake-up");
  read_fence();
  return now_ns() - start;
}

static int ascending(const void *first, const void *second) {
  uint64_t a = *(const uint64_t *)first, b = *(const uint64_t *)second;
  return a < b ? -1 : a > b;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t count = strtoul(argv[2], NULL, 10);
  int sockets[2], submitted = strcmp(argv[1], "submitted") == 0;
  if (count == 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) return 2;
  device = sockets[0];
  int epoll = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event interest = {.events = EPOLLIN | EPOLLET};
  if (epoll < 0 || event < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &interest) < 0) fail("epoll");
  uint64_t *times = calloc(count, sizeof *times);
  if (times == NULL) fail("calloc");
  for (size_t index = 0; index < WARM_UP + count; index++) {
    uint64_t took = submitted ? submitted_once() : signal_once(epoll, event);
    if (index >= WARM_UP) times[index - WARM_UP] = took;
  }
  qsort(times, count, sizeof *times, ascending);
  printf("{\"p50Ns\":%" PRIu64 ",\"p99Ns\":%" PRIu64 "}\n", times[count / 2], times[count * 99 / 100]);
  return 0;
}
