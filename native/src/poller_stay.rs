//! Staying in a poller's turn while nobody else on the event loop wants one.
//!
//! A turn of libuv and node costs more than what a Wayland message needs: the clock, the phases, node's immediates, and an epoll set
//! looked at through another one. So a poller with a lot to do waits on its own epoll set, of which libuv's is then a member: in its
//! own events it gets the next turn at once, in any of libuv's (descriptors, signals, work done by threads) and when a timer is due it
//! returns to the loop. `uv_backend_fd` and `uv_backend_timeout` are libuv's own interface for this: the timeout is 0 as long as there
//! is anything libuv has to do itself (immediates, closing handles, watchers not yet registered).
//! For what they do not tell, a stay is bounded.
//!
//! A stay takes place within one call into JavaScript, which asks for its turns (`pollerStay`): less than a call for each of them.

use crate::libc::{self, epoll_event, retry};
use crate::napi::*;
use crate::poller_turn::Poller;
use std::cell::Cell;
use std::os::raw::c_int;
use std::ptr;

/// What libuv's epoll set is called among the members of ours; their ids have 32 bits.
pub const LOOP: u64 = u64::MAX;

/// So many turns without a stay pay for the four syscalls of one.
const TURNS_BEFORE: u32 = 16;

/// A stay's turns at most: some of what the loop does in each of its turns is not told by the timeout (immediates without a reference,
/// other addons' check handles). Going round so rarely costs next to nothing.
const TURNS_OF_A_STAY: u32 = 1024;

/// A poller's stays.
#[derive(Default)]
pub struct Stay {
    turns: Cell<u32>,
    staying: Cell<bool>,
    /// Turns of the present stay.
    left: Cell<u32>,
    loop_is_ready: Cell<bool>,
}

impl Stay {
    /// Whether the poller waits on its epoll set itself.
    pub fn is_staying(&self) -> bool {
        self.staying.get()
    }

    /// The epoll set told that libuv's has something.
    pub fn loop_is_ready(&self) {
        self.loop_is_ready.set(true);
    }

    /// A turn of the loop has something: whether there were enough of them for a stay after it.
    pub fn is_due(&self) -> bool {
        self.turns.set(self.turns.get() + 1);
        self.turns.get() >= TURNS_BEFORE
    }

    /// The next turn of a stay: how many members are ready, in the poller's array. With 0 the stay is over.
    /// A poller that is not on the loop has nobody to wait for, nor to keep waiting: what is ready now.
    pub fn next(&self, poller: &Poller) -> usize {
        if !poller.on_loop() {
            return match self.is_staying() {
                true => 0,
                false => poller.collect(0).unwrap_or(0),
            };
        }
        if !self.is_staying() {
            if timeout_of(poller) == 0 {
                return 0;
            }
            self.turns.set(0);
            if !self.begin(poller) {
                return 0;
            }
            self.left.set(TURNS_OF_A_STAY);
        }
        let count = self.wait(poller);
        if count == 0 {
            self.end(poller);
        } else {
            self.left.set(self.left.get() - 1);
        }
        count
    }

    fn wait(&self, poller: &Poller) -> usize {
        if self.left.get() == 0 || self.loop_is_ready.replace(false) {
            return 0;
        }
        match timeout_of(poller) {
            0 => 0,
            timeout_ms => poller.collect(timeout_ms).unwrap_or(0),
        }
    }

    /// Turns the two epoll sets round: libuv's becomes a member of ours. False when that cannot be.
    fn begin(&self, poller: &Poller) -> bool {
        poller.unwatch_set();
        let mut event = epoll_event {
            events: libc::EPOLLIN,
            data: LOOP,
        };
        self.staying
            .set(control(poller, libc::EPOLL_CTL_ADD, &mut event));
        if !self.is_staying() {
            poller.watch_set();
        }
        self.is_staying()
    }

    /// Turns them back. Idempotent.
    pub fn end(&self, poller: &Poller) {
        if self.staying.replace(false) {
            control(poller, libc::EPOLL_CTL_DEL, ptr::null_mut());
            poller.watch_set();
            if TURNS_OF_A_STAY - self.left.get() >= TURNS_BEFORE {
                // It has paid for itself, and it was not for want of events that it ended: the next turn is enough.
                self.turns.set(TURNS_BEFORE - 1);
            }
        }
        self.loop_is_ready.set(false);
    }
}

/// Until libuv needs its turn: 0 = now, -1 = nobody knows.
fn timeout_of(poller: &Poller) -> c_int {
    // SAFETY: the loop outlives its handles. The clock goes on while we stay.
    unsafe {
        uv_update_time(poller.uv_loop());
        uv_backend_timeout(poller.uv_loop())
    }
}

fn control(poller: &Poller, operation: c_int, event: *mut epoll_event) -> bool {
    // SAFETY: `event` is valid for the call, or not used.
    let status = retry(|| unsafe {
        libc::epoll_ctl(
            poller.epoll(),
            operation,
            uv_backend_fd(poller.uv_loop()),
            event,
        )
    });
    status.is_ok()
}
