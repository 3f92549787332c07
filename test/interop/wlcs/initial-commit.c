/*
 * Preloaded into wlcs: makes its xdg-shell clients keep the protocol.
 *
 * wlcs attaches a buffer to an xdg_surface right away, without the initial commit and the configure event that xdg-shell wants before
 * it (xdg_surface.error.unconfigured_buffer); it was written beside a compositor that takes it. Here the first attach to such a surface is
 * preceded by what is missing: the commit, the wait for the configure event, its acknowledgement.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wayland-client.h>

#define MAX_ARGUMENTS 20
#define MAX_SURFACES 1024

/* wayland.xml and xdg-shell.xml, in the order of requests. */
enum { SURFACE_DESTROY = 0, SURFACE_ATTACH = 1, SURFACE_COMMIT = 6 };
enum { WM_BASE_GET_XDG_SURFACE = 2 };
enum { XDG_GET_TOPLEVEL = 1, XDG_GET_POPUP = 2, XDG_ACK_CONFIGURE = 4 };

struct tracked {
    struct wl_proxy *surface;
    struct wl_proxy *xdg_surface;
    bool has_role;
    bool acked;
    bool configured;
    bool unmaps;
    uint32_t serial;
    void (*configure)(void *data, struct wl_proxy *xdg_surface, uint32_t serial);
};

static struct tracked tracked[MAX_SURFACES];

/* How struct wl_proxy begins (wayland-private.h, unchanged since 1.0). */
struct proxy_head {
    struct wl_interface const *interface;
    void const *implementation;
    uint32_t id;
    struct wl_display *display;
};

static struct wl_interface const *interface_of(struct wl_proxy *proxy) {
    return ((struct proxy_head const *)proxy)->interface;
}

static bool is(struct wl_proxy *proxy, char const *name) {
    return strcmp(interface_of(proxy)->name, name) == 0;
}

static struct tracked *by_surface(struct wl_proxy *surface) {
    for (size_t i = 0; i < MAX_SURFACES; i++) {
        if (tracked[i].surface == surface) return &tracked[i];
    }
    return NULL;
}

static struct tracked *by_xdg_surface(struct wl_proxy *xdg_surface) {
    for (size_t i = 0; i < MAX_SURFACES; i++) {
        if (tracked[i].surface && tracked[i].xdg_surface == xdg_surface) return &tracked[i];
    }
    return NULL;
}

static void read_arguments(char const *signature, va_list values, union wl_argument *arguments) {
    for (int count = 0; *signature; signature++) {
        switch (*signature) {
        case 'i': arguments[count++].i = va_arg(values, int32_t); break;
        case 'u': arguments[count++].u = va_arg(values, uint32_t); break;
        case 'f': arguments[count++].f = va_arg(values, wl_fixed_t); break;
        case 's': arguments[count++].s = va_arg(values, char const *); break;
        case 'o': arguments[count++].o = va_arg(values, struct wl_object *); break;
        case 'n': arguments[count++].o = va_arg(values, struct wl_object *); break;
        case 'a': arguments[count++].a = va_arg(values, struct wl_array *); break;
        case 'h': arguments[count++].h = va_arg(values, int32_t); break;
        default: break; /* "?" and the version a request came with. */
        }
    }
}

static void before(struct wl_proxy *proxy, uint32_t opcode, union wl_argument *arguments) {
    if (is(proxy, "xdg_surface")) {
        struct tracked *found = by_xdg_surface(proxy);
        if (!found) return;
        if (opcode == XDG_GET_TOPLEVEL || opcode == XDG_GET_POPUP) found->has_role = true;
        if (opcode == XDG_ACK_CONFIGURE) found->acked = true;
        return;
    }
    if (!is(proxy, "wl_surface")) return;
    struct tracked *found = by_surface(proxy);
    if (!found) return;
    if (opcode == SURFACE_DESTROY) *found = (struct tracked){0};
    if (opcode == SURFACE_ATTACH) found->unmaps = !arguments[0].o;
    /* Unmapped it begins anew. */
    if (opcode == SURFACE_COMMIT && found->unmaps) found->unmaps = found->acked = found->configured = false;
    if (opcode != SURFACE_ATTACH || !arguments[0].o || !found->has_role || found->acked) return;
    union wl_argument argument = {0};
    if (!found->configured) {
        wl_proxy_marshal_array_flags(proxy, SURFACE_COMMIT, NULL, wl_proxy_get_version(proxy), 0, &argument);
        wl_display_roundtrip(((struct proxy_head const *)proxy)->display);
    }
    if (!found->configured || found->acked) return;
    argument.u = found->serial;
    found->acked = true;
    struct wl_proxy *xdg_surface = found->xdg_surface;
    uint32_t version = wl_proxy_get_version(xdg_surface);
    wl_proxy_marshal_array_flags(xdg_surface, XDG_ACK_CONFIGURE, NULL, version, 0, &argument);
}

static void note_configure(void *data, struct wl_proxy *xdg_surface, uint32_t serial) {
    struct tracked *found = by_xdg_surface(xdg_surface);
    if (!found) return;
    found->configured = true;
    found->serial = serial;
    if (found->configure) found->configure(data, xdg_surface, serial);
}

int wl_proxy_add_listener(struct wl_proxy *proxy, void (**implementation)(void), void *data) {
    static int (*next)(struct wl_proxy *, void (**)(void), void *);
    static void (*configure_listener[1])(void) = {(void (*)(void))note_configure};
    if (!next) *(void **)&next = dlsym(RTLD_NEXT, "wl_proxy_add_listener");
    struct tracked *found = is(proxy, "xdg_surface") ? by_xdg_surface(proxy) : NULL;
    if (!found) return next(proxy, implementation, data);
    *(void (**)(void))&found->configure = implementation[0];
    return next(proxy, configure_listener, data);
}

struct wl_proxy *wl_proxy_marshal_flags(struct wl_proxy *proxy, uint32_t opcode, struct wl_interface const *interface,
                                        uint32_t version, uint32_t flags, ...) {
    union wl_argument arguments[MAX_ARGUMENTS];
    va_list values;
    va_start(values, flags);
    read_arguments(interface_of(proxy)->methods[opcode].signature, values, arguments);
    va_end(values);
    before(proxy, opcode, arguments);
    bool makes_xdg_surface = is(proxy, "xdg_wm_base") && opcode == WM_BASE_GET_XDG_SURFACE;
    struct wl_proxy *surface = makes_xdg_surface ? (struct wl_proxy *)arguments[1].o : NULL;
    struct wl_proxy *made = wl_proxy_marshal_array_flags(proxy, opcode, interface, version, flags, arguments);
    if (makes_xdg_surface) {
        struct tracked *place = by_surface(surface);
        if (!place) place = by_surface(NULL);
        if (place) *place = (struct tracked){.surface = surface, .xdg_surface = made};
    }
    return made;
}
