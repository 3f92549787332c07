//! Staying in a poller's turn while nobody else on the event loop wants one.
//!
//! A turn of libuv and node costs more than what a Wayland message needs: the clock, the phases, node's immediates, and an epoll set
//! looked at through another one. So a poller with a lot to do waits on its own epoll set, of which libuv's is then a member: in its
//! own events it gets the next turn at once, in any of libuv's (descriptors, signals, work done by threads) and when a timer is due it
//! returns to the loop. `uv_backend_fd` and `uv_backend_timeout` are libuv's own interface for this: the timeout is 0 as long as there
//! is anything libuv has to do itself (immediates, closing handles, watchers not yet registered).
//! For what they do not tell, a stay is bounded.

use crate::libc::{self, epoll_event, retry};
use crate::napi::*;
use crate::poller_turn::{Poller, Turns};
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

/// So many of them share a scope for their JavaScript values, which takes memory from the heap. A turn leaves a handful in it.
const TURNS_OF_A_GROUP: u32 = 32;

/// A poller's stays.
#[derive(Default)]
pub struct Stay {
    turns: Cell<u32>,
    staying: Cell<bool>,
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

    /// A turn of the loop was run: stays when there were enough of them.
    pub fn after_turn(&self, poller: &Poller) {
        self.turns.set(self.turns.get() + 1);
        if self.turns.get() < TURNS_BEFORE || !poller.on_loop() || timeout_of(poller) == 0 {
            return;
        }
        self.turns.set(0);
        if !self.begin(poller) {
            return;
        }
        let mut done = 0;
        while done < TURNS_OF_A_STAY {
            let group = self.run_group(poller);
            done += group;
            if group < TURNS_OF_A_GROUP {
                break;
            }
        }
        self.end(poller);
        if done >= TURNS_BEFORE {
            // It has paid for itself, and it was not for want of events that it ended: the next turn is enough.
            self.turns.set(TURNS_BEFORE - 1);
        }
    }

    /// Turns as long as the loop wants none, so many at most: how many there were.
    fn run_group(&self, poller: &Poller) -> u32 {
        let Some(turns) = Turns::open(poller) else {
            return 0;
        };
        let mut done = 0;
        while done < TURNS_OF_A_GROUP
            && self.is_staying()
            && poller.on_loop()
            && !self.loop_is_ready.replace(false)
        {
            let timeout_ms = timeout_of(poller);
            if timeout_ms == 0 || !turns.run(timeout_ms) {
                break;
            }
            done += 1;
        }
        done
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
