//! A poller's life on the event loop: the uv_poll around its epoll set, one callback a turn, and its end.
//!
//! The memory of a closed uv handle belongs to libuv until its close callback, so a poller is freed there and only there.

use crate::call;
use crate::error::{check, Error, Result};
use crate::instance::with_instance;
use crate::libc::{close_quietly, epoll_event};
use crate::napi::*;
use crate::poller::{epoll_wait, Timeout};
use crate::value;
use std::cell::{Cell, RefCell};
use std::os::raw::{c_int, c_void};
use std::ptr;

/// An epoll set, its place on the loop, and where its events go.
pub struct Poller {
    env: napi_env,
    id: u32,
    epoll: c_int,
    /// Room for what one turn may bring.
    events: RefCell<Vec<epoll_event>>,
    /// Strong references to the Int32Array and the callback; null once closed.
    ready: Cell<napi_ref>,
    callback: Cell<napi_ref>,
    /// The uv_poll_t, of the size libuv says, aligned for it.
    handle: Box<[u64]>,
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
    // SAFETY: asks for a number.
    let size = unsafe { uv_handle_size(UV_POLL) };
    let poller = Box::into_raw(Box::new(Poller {
        env,
        id,
        epoll,
        events: RefCell::new(vec![epoll_event::default(); capacity]),
        ready: Cell::new(ready),
        callback: Cell::new(callback),
        handle: vec![0; (size + 7) / 8].into_boxed_slice(),
        cleanup: Cell::new(ptr::null_mut()),
    }));
    // SAFETY: `poller` was made above and lives until `closed`.
    let this = unsafe { &*poller };
    // SAFETY: the handle has the size libuv wants and does not move.
    let status = unsafe { uv_poll_init(uv_loop, this.uv(), epoll) };
    if status < 0 {
        this.forget_references();
        // SAFETY: libuv does not know the handle, nobody else knows the box.
        drop(unsafe { Box::from_raw(poller) });
        return Err(Error::system("uv_poll_init", -status));
    }
    let mut cleanup = ptr::null_mut();
    // SAFETY: the handle is initialised; the hook is removed before `poller` is freed.
    unsafe {
        uv_handle_set_data(this.uv(), poller.cast());
        uv_unref(this.uv());
        napi_add_async_cleanup_hook(env, environment_ends, poller.cast(), &mut cleanup);
    }
    this.cleanup.set(cleanup);
    Ok(poller)
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

    fn uv(&self) -> *mut uv_handle {
        self.handle.as_ptr() as *mut uv_handle
    }

    /// Joins the loop. 0, or libuv's negative errno.
    pub fn start(&self) -> c_int {
        // SAFETY: the handle is open: a closed poller is not found any more.
        unsafe { uv_poll_start(self.uv(), UV_READABLE, turn) }
    }

    /// Leaves the loop.
    pub fn stop(&self) {
        // SAFETY: as above.
        unsafe { uv_poll_stop(self.uv()) };
    }

    pub fn set_ref(&self, keeps_alive: bool) {
        // SAFETY: as above.
        unsafe {
            if keeps_alive {
                uv_ref(self.uv())
            } else {
                uv_unref(self.uv())
            }
        }
    }

    /// Moves what is ready into the Int32Array: how many, or the errno.
    pub fn collect(&self, timeout: &Timeout) -> std::result::Result<usize, i32> {
        let ready = match self.ready_array() {
            Some(ready) => ready,
            None => return Ok(0),
        };
        // The array may have been detached since: what has no room is not collected.
        let room = ready.len() / 2;
        let mut events = self.events.borrow_mut();
        let room = room.min(events.len());
        if room == 0 {
            return Ok(0);
        }
        let count = epoll_wait(self.epoll, &mut events[..room], timeout)?;
        for (index, event) in events[..count].iter().enumerate() {
            let (id, bits) = (event.data, event.events);
            ready.write(2 * index, id as u32 as i32);
            ready.write(2 * index + 1, bits as i32);
        }
        Ok(count)
    }

    fn ready_array(&self) -> Option<call::Region<i32>> {
        call::region(self.env, self.referenced(&self.ready)?, INT32_ARRAY)
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

    /// One turn: collect, then one call into JavaScript, after which node drains microtasks and ticks.
    fn run_turn(&self) {
        let count = match self.collect(&Timeout::new(0)) {
            Ok(count) if count > 0 => count,
            _ => return,
        };
        let (callback, count) = match (self.referenced(&self.callback), self.count_value(count)) {
            (Some(callback), Ok(count)) => (callback, count),
            _ => return,
        };
        let mut result = ptr::null_mut();
        // SAFETY: live values of the scope that `turn` opened; any object may be the receiver.
        let status = unsafe {
            napi_make_callback(
                self.env,
                ptr::null_mut(),
                callback,
                callback,
                1,
                &count,
                &mut result,
            )
        };
        if status == NAPI_PENDING_EXCEPTION {
            self.report_exception();
        }
    }

    fn count_value(&self, count: usize) -> Result<napi_value> {
        value::uint(self.env, count as u32)
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

/// libuv: the epoll set has something.
extern "C" fn turn(handle: *mut uv_handle, _status: c_int, _events: c_int) {
    // SAFETY: set in `open`; freed only in `closed`, which libuv calls in a later phase, so it outlives the callback.
    let poller = unsafe { &*(uv_handle_get_data(handle) as *const Poller) };
    let env = poller.env;
    let mut scope = ptr::null_mut();
    // SAFETY: opened and closed in pairs.
    if unsafe { napi_open_handle_scope(env, &mut scope) } != NAPI_OK {
        return;
    }
    poller.run_turn();
    // SAFETY: as above.
    unsafe { napi_close_handle_scope(env, scope) };
}

/// Closes a poller that is in the table: afterwards its number is unknown and its callback is never called again.
pub fn close(poller: *mut Poller) {
    // SAFETY: in the table, so not closed and not freed.
    let this = unsafe { &*poller };
    // Only fails when the environment is half gone, and then the table goes too.
    let _ = with_instance(this.env, |instance| instance.pollers.remove(this.id));
    this.forget_references();
    // SAFETY: the handle is open; libuv lets go of the epoll fd in uv_poll_stop, so it may be closed right after.
    unsafe {
        uv_poll_stop(this.uv());
        uv_close(this.uv(), closed);
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

/// libuv: nothing refers to the handle any more.
extern "C" fn closed(handle: *mut uv_handle) {
    // SAFETY: the box made in `open`; this is the one place that frees it.
    let poller = unsafe { Box::from_raw(uv_handle_get_data(handle) as *mut Poller) };
    // SAFETY: the hook was added in `open` and is removed once.
    unsafe { napi_remove_async_cleanup_hook(poller.cleanup.get()) };
}
