//! A poller's life on the event loop: the uv_poll around its epoll set, one callback a turn, and its end.
//!
//! The memory of a closed uv handle belongs to libuv until its close callback, so a poller is freed in the last of them.

use crate::error::{check, Error, Result};
use crate::instance::with_instance;
use crate::libc::{close_quietly, epoll_event};
use crate::napi::*;
use crate::poller::epoll_wait;
use crate::poller_stay::{Stay, LOOP};
use crate::region::{array_buffer, Region};
use crate::value;
use std::cell::{Cell, RefCell};
use std::os::raw::{c_int, c_void};
use std::ptr;

/// An epoll set, its place on the loop, and where its events go.
pub struct Poller {
    env: napi_env,
    id: u32,
    uv_loop: *mut uv_loop,
    epoll: c_int,
    /// Room for what one turn may bring.
    events: RefCell<Vec<epoll_event>>,
    /// Strong references to the ArrayBuffer and the callback; null once closed.
    ready: Cell<napi_ref>,
    callback: Cell<napi_ref>,
    /// The uv_poll_t of the epoll set, and the uv_check_t in which a turn takes place, of the sizes libuv says, aligned for them.
    poll: Box<[u64]>,
    check: Box<[u64]>,
    /// Of libuv's two handles, those it has not let go of.
    open_handles: Cell<u32>,
    on_loop: Cell<bool>,
    set_is_ready: Cell<bool>,
    stay: Stay,
    cleanup: Cell<napi_async_cleanup_hook_handle>,
}

/// Makes a poller, idle. It takes ownership of `epoll` when it succeeds.
pub fn open(
    env: napi_env,
    id: u32,
    epoll: c_int,
    capacity: usize,
    ready: napi_value,
    callback: napi_value,
) -> Result<*mut Poller> {
    let mut uv_loop = ptr::null_mut();
    // SAFETY: `uv_loop` is a valid place for the result.
    check(unsafe { napi_get_uv_event_loop(env, &mut uv_loop) })?;
    let ready = strong(env, ready)?;
    let callback = strong(env, callback)?;
    let poller = Box::into_raw(Box::new(Poller {
        env,
        id,
        uv_loop,
        epoll,
        events: RefCell::new(vec![epoll_event::default(); capacity]),
        ready: Cell::new(ready),
        callback: Cell::new(callback),
        poll: uv_memory(UV_POLL),
        check: uv_memory(UV_CHECK),
        open_handles: Cell::new(2),
        on_loop: Cell::new(false),
        set_is_ready: Cell::new(false),
        stay: Stay::default(),
        cleanup: Cell::new(ptr::null_mut()),
    }));
    // SAFETY: `poller` was made above and lives until `closed`.
    let this = unsafe { &*poller };
    // SAFETY: the handle has the size libuv wants and does not move.
    let status = unsafe { uv_poll_init(uv_loop, this.poll(), epoll) };
    if status < 0 {
        this.forget_references();
        // SAFETY: libuv does not know the handle, nobody else knows the box.
        drop(unsafe { Box::from_raw(poller) });
        return Err(Error::system("uv_poll_init", -status));
    }
    let mut cleanup = ptr::null_mut();
    // SAFETY: as above (uv_check_init cannot fail); the hook is removed before `poller` is freed.
    unsafe {
        uv_check_init(uv_loop, this.check());
        for handle in [this.poll(), this.check()] {
            uv_handle_set_data(handle, poller.cast());
            uv_unref(handle);
        }
        napi_add_async_cleanup_hook(env, environment_ends, poller.cast(), &mut cleanup);
    }
    this.cleanup.set(cleanup);
    Ok(poller)
}

/// Zeroed memory for a handle of this kind.
fn uv_memory(kind: c_int) -> Box<[u64]> {
    // SAFETY: asks for a number.
    let size = unsafe { uv_handle_size(kind) };
    vec![0; (size + 7) / 8].into_boxed_slice()
}

fn strong(env: napi_env, value: napi_value) -> Result<napi_ref> {
    let mut reference = ptr::null_mut();
    // SAFETY: `value` is a live value of the current call.
    check(unsafe { napi_create_reference(env, value, 1, &mut reference) })?;
    Ok(reference)
}

impl Poller {
    pub fn epoll(&self) -> c_int {
        self.epoll
    }

    pub fn uv_loop(&self) -> *mut uv_loop {
        self.uv_loop
    }

    /// Whether it is started, and so on the loop or about to be there again.
    pub fn on_loop(&self) -> bool {
        self.on_loop.get()
    }

    fn poll(&self) -> *mut uv_handle {
        self.poll.as_ptr() as *mut uv_handle
    }

    fn check(&self) -> *mut uv_handle {
        self.check.as_ptr() as *mut uv_handle
    }

    /// Joins the loop. 0, or libuv's negative errno.
    pub fn start(&self) -> c_int {
        self.on_loop.set(true);
        // SAFETY: the handles are open: a closed poller is not found any more.
        unsafe { uv_check_start(self.check(), turn) };
        self.watch_set()
    }

    /// Has libuv watch the epoll set, unless it is being waited on itself.
    pub fn watch_set(&self) -> c_int {
        if !self.on_loop() || self.stay.is_staying() {
            return 0;
        }
        // SAFETY: as above.
        unsafe { uv_poll_start(self.poll(), UV_READABLE, set_readable) }
    }

    /// Has libuv look away from the epoll set.
    pub fn unwatch_set(&self) {
        // SAFETY: as above.
        unsafe { uv_poll_stop(self.poll()) };
    }

    /// Leaves the loop.
    pub fn stop(&self) {
        self.on_loop.set(false);
        self.unwatch_set();
        // SAFETY: as above.
        unsafe { uv_check_stop(self.check()) };
    }

    /// The check handle is the one that counts: libuv watches the set most of the time only.
    pub fn set_ref(&self, keeps_alive: bool) {
        // SAFETY: as above.
        unsafe {
            if keeps_alive {
                uv_ref(self.check())
            } else {
                uv_unref(self.check())
            }
        }
    }

    /// Moves what is ready, at once or within the timeout, into the ArrayBuffer: how many, or the errno.
    pub fn collect(&self, timeout_ms: c_int) -> std::result::Result<usize, i32> {
        let ready = match self.ready_array() {
            Some(ready) => ready,
            None => return Ok(0),
        };
        // The buffer may have been detached since: what has no room is not collected.
        let room = ready.len() / 2;
        let mut events = self.events.borrow_mut();
        let room = room.min(events.len());
        if room == 0 {
            return Ok(0);
        }
        let count = epoll_wait(self.epoll, &mut events[..room], timeout_ms)?;
        let mut written = 0;
        for event in &events[..count] {
            let (data, bits) = (event.data, event.events);
            if data == LOOP {
                self.stay.loop_is_ready();
                continue;
            }
            ready.write(2 * written, data as u32 as i32);
            ready.write(2 * written + 1, bits as i32);
            written += 1;
        }
        Ok(written)
    }

    fn ready_array(&self) -> Option<Region<i32>> {
        array_buffer(self.env, self.referenced(&self.ready)?)
    }

    fn referenced(&self, reference: &Cell<napi_ref>) -> Option<napi_value> {
        let mut value = ptr::null_mut();
        if reference.get().is_null() {
            return None;
        }
        // SAFETY: a strong reference not yet deleted.
        let status = unsafe { napi_get_reference_value(self.env, reference.get(), &mut value) };
        if status == NAPI_OK && !value.is_null() {
            Some(value)
        } else {
            None
        }
    }

    fn forget_references(&self) {
        for reference in [&self.ready, &self.callback] {
            let old = reference.replace(ptr::null_mut());
            if !old.is_null() {
                // SAFETY: deleted once, the cell is null from now on.
                unsafe { napi_delete_reference(self.env, old) };
            }
        }
    }

    /// One turn, without waiting: one call into JavaScript, after which node drains microtasks and ticks. False when nothing was there.
    /// `may_stay`: JavaScript may ask for more turns within it.
    pub fn run_turn(&self, may_stay: bool) -> bool {
        let mut scope = ptr::null_mut();
        // SAFETY: opened and closed in pairs.
        if unsafe { napi_open_handle_scope(self.env, &mut scope) } != NAPI_OK {
            return false;
        }
        let count = self.collect(0).unwrap_or(0);
        if count > 0 {
            self.call_back(count, may_stay && self.stay.is_due());
            self.stay.end(self);
        }
        // SAFETY: as above.
        unsafe { napi_close_handle_scope(self.env, scope) };
        count > 0
    }

    /// The next turn of a stay, see [`Stay::next`].
    pub fn stay(&self) -> usize {
        self.stay.next(self)
    }

    fn call_back(&self, count: usize, may_stay: bool) {
        let arguments = [
            value::uint(self.env, count as u32),
            value::boolean(self.env, may_stay),
        ];
        let (callback, arguments) = match (self.referenced(&self.callback), arguments) {
            (Some(callback), [Ok(count), Ok(may_stay)]) => (callback, [count, may_stay]),
            _ => return,
        };
        let mut result = ptr::null_mut();
        // SAFETY: live values of the scope that `run_turn` opened; any object may be the receiver.
        let status = unsafe {
            napi_make_callback(
                self.env,
                ptr::null_mut(),
                callback,
                callback,
                arguments.len(),
                arguments.as_ptr(),
                &mut result,
            )
        };
        if status == NAPI_PENDING_EXCEPTION {
            self.report_exception();
        }
    }

    /// What the callback threw goes to 'uncaughtException', as from any other callback of node's.
    fn report_exception(&self) {
        let mut exception = ptr::null_mut();
        // SAFETY: valid places and a live value; fails harmlessly when the environment is being terminated.
        unsafe {
            if napi_get_and_clear_last_exception(self.env, &mut exception) == NAPI_OK {
                napi_fatal_exception(self.env, exception);
            }
        }
    }
}

/// libuv: the epoll set has something. It is dealt with when libuv has told all there is in this turn.
extern "C" fn set_readable(handle: *mut uv_handle, _status: c_int, _events: c_int) {
    // SAFETY: set in `open`; freed only in `closed`, which libuv calls in a later phase, so it outlives the callback.
    let poller = unsafe { &*(uv_handle_get_data(handle) as *const Poller) };
    poller.set_is_ready.set(true);
}

/// libuv: all has been told.
extern "C" fn turn(handle: *mut uv_handle) {
    // SAFETY: as above.
    let poller = unsafe { &*(uv_handle_get_data(handle) as *const Poller) };
    if poller.set_is_ready.replace(false) {
        poller.run_turn(true);
    }
}

/// Closes a poller that is in the table: afterwards its number is unknown and its callback is never called again.
pub fn close(poller: *mut Poller) {
    // SAFETY: in the table, so not closed and not freed.
    let this = unsafe { &*poller };
    // Only fails when the environment is half gone, and then the table goes too.
    let _ = with_instance(this.env, |instance| instance.pollers.remove(this.id));
    this.forget_references();
    this.stay.end(this);
    this.stop();
    // SAFETY: the handles are open; libuv lets go of the epoll fd in uv_poll_stop, so it may be closed right after.
    unsafe {
        uv_close(this.poll(), closed);
        uv_close(this.check(), closed);
    }
    close_quietly(this.epoll);
}

/// node: the environment (main thread or worker) ends. It waits until the hook is removed, in `closed`.
extern "C" fn environment_ends(hook: napi_async_cleanup_hook_handle, data: *mut c_void) {
    let poller = data as *mut Poller;
    // SAFETY: the hook is removed before the poller is freed.
    let this = unsafe { &*poller };
    this.cleanup.set(hook);
    // A poller without references is being closed already.
    if !this.callback.get().is_null() {
        close(poller);
    }
}

/// libuv: nothing refers to the handle any more. The poller goes with the last one.
extern "C" fn closed(handle: *mut uv_handle) {
    // SAFETY: the box made in `open`; this is the one place that frees it. The hook was added in `open` and is removed once.
    unsafe {
        let poller = uv_handle_get_data(handle) as *mut Poller;
        let left = (*poller).open_handles.get() - 1;
        (*poller).open_handles.set(left);
        if left == 0 {
            napi_remove_async_cleanup_hook(Box::from_raw(poller).cleanup.get());
        }
    }
}
