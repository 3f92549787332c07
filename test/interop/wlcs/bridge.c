/*
 * A wlcs server module for a compositor in another process, driven over its control socket (docs/control-socket.md).
 *
 * SYNCLINE_WLCS_CONTROL and SYNCLINE_WLCS_DISPLAY are the paths of its sockets. It serves the whole run: a "reset" between tests.
 * Each operation is answered after its events are in the clients' sockets, which is the order wlcs expects of calls in one process.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <wayland-client.h>
#include <wlcs/display_server.h>
#include <wlcs/pointer.h>
#include <wlcs/touch.h>

#define ANSWER_TIMEOUT_MS 10000
#define MAX_LINE 4096
#define MAX_FDS 4096
#define MAX_GLOBALS 128

static struct {
    int control;
    int next_id;
    int next_client;
    int next_device;
    /* Client number by the descriptor wlcs was given for it. */
    int client_of_fd[MAX_FDS];
    WlcsExtensionDescriptor globals[MAX_GLOBALS];
    size_t global_count;
} bridge = {.control = -1, .next_client = 1, .next_device = 1};

static void die(char const *what) {
    fprintf(stderr, "bridge: %s: %s\n", what, strerror(errno));
    exit(70);
}

static int connect_to(char const *variable) {
    char const *path = getenv(variable);
    if (!path) {
        errno = EINVAL;
        die(variable);
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die(path);
    return fd;
}

/* Sends {"id":N,"op":"…" …} and waits for its answer; false when the compositor refused. */
static bool ask(char const *op, char const *format, ...) {
    char line[MAX_LINE];
    int length = snprintf(line, sizeof line, "{\"id\":%d,\"op\":\"%s\"", ++bridge.next_id, op);
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    length += snprintf(line + length, sizeof line - (size_t)length, "}\n");
    if (write(bridge.control, line, (size_t)length) != length) die("control socket");
    size_t got = 0;
    while (got == 0 || line[got - 1] != '\n') {
        struct pollfd readable = {.fd = bridge.control, .events = POLLIN};
        if (poll(&readable, 1, ANSWER_TIMEOUT_MS) <= 0) die("no answer");
        ssize_t count = read(bridge.control, line + got, sizeof line - 1 - got);
        if (count <= 0) die("control socket");
        got += (size_t)count;
    }
    line[got] = '\0';
    bool ok = strstr(line, "\"ok\":true") != NULL;
    if (!ok) fprintf(stderr, "bridge: %s refused: %s", op, line);
    return ok;
}

static int create_client_socket(WlcsDisplayServer *server) {
    (void)server;
    int number = bridge.next_client++;
    ask("client", ",\"client\":%d", number);
    int fd = connect_to("SYNCLINE_WLCS_DISPLAY");
    if (fd >= MAX_FDS) die("too many descriptors");
    bridge.client_of_fd[fd] = number;
    return fd;
}

static void position_window_absolute(WlcsDisplayServer *server, struct wl_display *client,
                                     struct wl_surface *surface, int x, int y) {
    (void)server;
    wl_display_flush(client);
    ask("position", ",\"client\":%d,\"surface\":%u,\"x\":%d,\"y\":%d",
        bridge.client_of_fd[wl_display_get_fd(client)], wl_proxy_get_id((struct wl_proxy *)surface), x, y);
}

/* A pointer or touch device and its number. */
struct pointer {
    WlcsPointer base;
    int device;
};

struct touch {
    WlcsTouch base;
    int device;
};

static void pointer_move_absolute(WlcsPointer *base, wl_fixed_t x, wl_fixed_t y) {
    ask("pointer_move_absolute", ",\"device\":%d,\"x\":%f,\"y\":%f", ((struct pointer *)base)->device,
        wl_fixed_to_double(x), wl_fixed_to_double(y));
}

static void pointer_move_relative(WlcsPointer *base, wl_fixed_t dx, wl_fixed_t dy) {
    ask("pointer_move_relative", ",\"device\":%d,\"dx\":%f,\"dy\":%f", ((struct pointer *)base)->device,
        wl_fixed_to_double(dx), wl_fixed_to_double(dy));
}

static void pointer_button(WlcsPointer *base, int button, bool pressed) {
    ask("pointer_button", ",\"device\":%d,\"button\":%d,\"pressed\":%s", ((struct pointer *)base)->device,
        button, pressed ? "true" : "false");
}

static void pointer_button_up(WlcsPointer *base, int button) {
    pointer_button(base, button, false);
}

static void pointer_button_down(WlcsPointer *base, int button) {
    pointer_button(base, button, true);
}

static void pointer_destroy(WlcsPointer *base) {
    ask("pointer_destroy", ",\"device\":%d", ((struct pointer *)base)->device);
    free(base);
}

static WlcsPointer *create_pointer(WlcsDisplayServer *server) {
    (void)server;
    struct pointer *pointer = calloc(1, sizeof *pointer);
    pointer->base = (WlcsPointer){
        .version = WLCS_POINTER_VERSION,
        .move_absolute = pointer_move_absolute,
        .move_relative = pointer_move_relative,
        .button_up = pointer_button_up,
        .button_down = pointer_button_down,
        .destroy = pointer_destroy,
    };
    pointer->device = bridge.next_device++;
    ask("pointer_create", ",\"device\":%d", pointer->device);
    return &pointer->base;
}

/* Declared as wl_fixed_t, but wlcs passes whole numbers. */
static void touch_at(WlcsTouch *base, char const *op, wl_fixed_t x, wl_fixed_t y) {
    ask(op, ",\"device\":%d,\"x\":%d,\"y\":%d", ((struct touch *)base)->device, x, y);
}

static void touch_down(WlcsTouch *base, wl_fixed_t x, wl_fixed_t y) {
    touch_at(base, "touch_down", x, y);
}

static void touch_move(WlcsTouch *base, wl_fixed_t x, wl_fixed_t y) {
    touch_at(base, "touch_move", x, y);
}

static void touch_up(WlcsTouch *base) {
    ask("touch_up", ",\"device\":%d", ((struct touch *)base)->device);
}

static void touch_destroy(WlcsTouch *base) {
    ask("touch_destroy", ",\"device\":%d", ((struct touch *)base)->device);
    free(base);
}

static WlcsTouch *create_touch(WlcsDisplayServer *server) {
    (void)server;
    struct touch *touch = calloc(1, sizeof *touch);
    touch->base = (WlcsTouch){
        .version = WLCS_TOUCH_VERSION,
        .touch_down = touch_down,
        .touch_move = touch_move,
        .touch_up = touch_up,
        .destroy = touch_destroy,
    };
    touch->device = bridge.next_device++;
    ask("touch_create", ",\"device\":%d", touch->device);
    return &touch->base;
}

static void note_global(void *data, struct wl_registry *registry, uint32_t name, char const *interface,
                        uint32_t version) {
    (void)data, (void)registry, (void)name;
    if (bridge.global_count == MAX_GLOBALS) return;
    bridge.globals[bridge.global_count++] = (WlcsExtensionDescriptor){strdup(interface), version};
}

static void ignore_removal(void *data, struct wl_registry *registry, uint32_t name) {
    (void)data, (void)registry, (void)name;
}

/* wlcs asks for the globals before it starts the server. */
static void probe_globals(void) {
    static struct wl_registry_listener const listener = {note_global, ignore_removal};
    struct wl_display *display = wl_display_connect_to_fd(connect_to("SYNCLINE_WLCS_DISPLAY"));
    if (!display) die("probe");
    struct wl_registry *registry = wl_display_get_registry(display);
    wl_registry_add_listener(registry, &listener, NULL);
    if (wl_display_roundtrip(display) < 0) die("probe");
    wl_registry_destroy(registry);
    wl_display_disconnect(display);
}

static WlcsIntegrationDescriptor const *get_descriptor(WlcsDisplayServer const *server) {
    (void)server;
    static WlcsIntegrationDescriptor descriptor;
    descriptor = (WlcsIntegrationDescriptor){
        .version = WLCS_INTEGRATION_DESCRIPTOR_VERSION,
        .num_extensions = bridge.global_count,
        .supported_extensions = bridge.globals,
    };
    return &descriptor;
}

static void start(WlcsDisplayServer *server) {
    (void)server;
}

static void stop(WlcsDisplayServer *server) {
    (void)server;
    ask("reset", "%s", "");
}

static WlcsDisplayServer *create_server(int argc, char const **argv) {
    (void)argc, (void)argv;
    if (bridge.control < 0) {
        bridge.control = connect_to("SYNCLINE_WLCS_CONTROL");
        ask("hello", ",\"version\":1");
        probe_globals();
    }
    WlcsDisplayServer *server = calloc(1, sizeof *server);
    *server = (WlcsDisplayServer){
        .version = WLCS_DISPLAY_SERVER_VERSION,
        .start = start,
        .stop = stop,
        .create_client_socket = create_client_socket,
        .position_window_absolute = position_window_absolute,
        .create_pointer = create_pointer,
        .create_touch = create_touch,
        .get_descriptor = get_descriptor,
    };
    return server;
}

static void destroy_server(WlcsDisplayServer *server) {
    free(server);
}

WlcsServerIntegration const wlcs_server_integration = {
    .version = WLCS_SERVER_INTEGRATION_VERSION,
    .create_server = create_server,
    .destroy_server = destroy_server,
};
