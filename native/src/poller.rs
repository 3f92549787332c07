//! The one epoll set inside one uv_poll: its functions. What happens in a turn of the loop is in `poller_turn`.

use crate::call::{function, Call, Function};
use crate::direct;
use crate::error::{Error, Result};
use crate::instance::with_instance;
use crate::libc::{self, close_quietly, counted, epoll_event, system};
use crate::napi::napi_value;
use crate::poller_turn::{self, Poller};
use crate::value::{self, undefined};
use std::mem::size_of;
use std::os::raw::c_int;
use std::ptr;
use std::time::{Duration, Instant};

pub const FUNCTIONS: &[Function] = &[
    function("pollerCreate", create),
    function("pollerStart", start),
    function("pollerStop", stop),
    function("pollerRef", set_ref),
    function("pollerAdd", add),
    function("pollerModify", modify),
    function("pollerRemove", remove),
    function("pollerWait", wait),
    function("pollerTurn", turn),
    function("pollerStay", stay),
    function("pollerClose", close),
    function("poll", poll),
];

/// The open poller in argument 0. It is freed in a later turn of the loop at the earliest, so it is good for this call.
fn opened(call: &Call) -> Result<&'static Poller> {
    let id = call.u32(0, "poller")?;
    let found = with_instance(call.env, |instance| instance.pollers.get(id).copied())?;
    match found {
        // SAFETY: in the table until closed.
        Some(poller) => Ok(unsafe { &*poller }),
        None => Err(Error::Range(format!("poller {} is not open", id))),
    }
}

fn create(call: &Call) -> Result<napi_value> {
    let ready = call.buffer(0, "ready")?;
    let callback = call.function(1, "onReady")?;
    let capacity = ready.len() / size_of::<[i32; 2]>();
    if capacity == 0 {
        return Err(Error::Range("ready must have room for a pair".to_owned()));
    }
    // SAFETY: no memory is involved.
    let epoll = system("epoll_create1", || unsafe {
        libc::epoll_create1(libc::EPOLL_CLOEXEC)
    })?;
    let id = with_instance(call.env, |instance| instance.pollers.next_id())?;
    match poller_turn::open(call.env, id, epoll, capacity, call.value(0), callback) {
        Ok(poller) => {
            with_instance(call.env, |instance| instance.pollers.put(id, poller))?;
            value::uint(call.env, id)
        }
        Err(error) => {
            close_quietly(epoll);
            Err(error)
        }
    }
}

fn start(call: &Call) -> Result<napi_value> {
    let status = opened(call)?.start();
    if status < 0 {
        return Err(Error::system("uv_poll_start", -status));
    }
    undefined()
}

fn stop(call: &Call) -> Result<napi_value> {
    opened(call)?.stop();
    undefined()
}

fn set_ref(call: &Call) -> Result<napi_value> {
    let keeps_alive = call.boolean(1, "ref")?;
    opened(call)?.set_ref(keeps_alive);
    undefined()
}

fn add(call: &Call) -> Result<napi_value> {
    control(call, libc::EPOLL_CTL_ADD, "epoll_ctl(EPOLL_CTL_ADD)")
}

fn modify(call: &Call) -> Result<napi_value> {
    control(call, libc::EPOLL_CTL_MOD, "epoll_ctl(EPOLL_CTL_MOD)")
}

fn control(call: &Call, operation: c_int, name: &'static str) -> Result<napi_value> {
    let poller = opened(call)?;
    let fd = call.i32(1, "fd")?;
    let mut event = epoll_event {
        events: call.bits(2, "events")?,
        data: u64::from(call.bits(3, "id")?),
    };
    // SAFETY: `event` is valid for the call.
    system(name, || unsafe {
        libc::epoll_ctl(poller.epoll(), operation, fd, &mut event)
    })?;
    undefined()
}

fn remove(call: &Call) -> Result<napi_value> {
    let poller = opened(call)?;
    let fd = call.i32(1, "fd")?;
    // SAFETY: EPOLL_CTL_DEL takes no event.
    system("epoll_ctl(EPOLL_CTL_DEL)", || unsafe {
        libc::epoll_ctl(poller.epoll(), libc::EPOLL_CTL_DEL, fd, ptr::null_mut())
    })?;
    undefined()
}

fn wait(call: &Call) -> Result<napi_value> {
    let poller = opened(call)?;
    let timeout = Timeout::new(call.i32(1, "timeoutMs")?);
    loop {
        match poller.collect(timeout.left_ms()) {
            Ok(count) => return value::uint(call.env, count as u32),
            Err(libc::EINTR) => {}
            Err(errno) => return Err(Error::system("epoll_wait", errno)),
        }
    }
}

fn turn(call: &Call) -> Result<napi_value> {
    let found = opened(call)?.run_turn(false);
    value::boolean(call.env, found)
}

fn stay(call: &Call) -> Result<napi_value> {
    let count = opened(call)?.stay();
    value::uint(call.env, count as u32)
}

/// Idempotent, and allowed in the callback.
fn close(call: &Call) -> Result<napi_value> {
    let id = call.u32(0, "poller")?;
    let found = with_instance(call.env, |instance| instance.pollers.get(id).copied())?;
    if let Some(poller) = found {
        poller_turn::close(poller);
    }
    undefined()
}

fn poll(call: &Call) -> Result<napi_value> {
    let fd = call.i32(0, "fd")?;
    let events = call.bits(1, "events")? as i16;
    let timeout = Timeout::new(call.i32(2, "timeoutMs")?);
    let mut member = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one member, valid for the call.
    system("poll", || unsafe {
        libc::poll(&mut member, 1, timeout.left_ms())
    })?;
    value::int(call.env, i32::from(member.revents as u16))
}

/// A timeout that does not start anew when the syscall is interrupted.
struct Timeout {
    deadline: Option<Instant>,
    timeout_ms: c_int,
}

impl Timeout {
    /// 0 = do not wait, negative = for ever.
    fn new(timeout_ms: c_int) -> Timeout {
        let length = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
        Timeout {
            deadline: if timeout_ms > 0 {
                Instant::now().checked_add(length)
            } else {
                None
            },
            timeout_ms,
        }
    }

    /// What to give the syscall now.
    fn left_ms(&self) -> c_int {
        match self.deadline {
            None => self.timeout_ms,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                c_int::try_from((left.as_micros() + 999) / 1000).unwrap_or(c_int::MAX)
            }
        }
    }
}

/// epoll_wait into `events`, once: how many, or the errno, which may be EINTR.
pub fn epoll_wait(
    epoll: c_int,
    events: &mut [epoll_event],
    timeout_ms: c_int,
) -> std::result::Result<usize, i32> {
    let max = c_int::try_from(events.len()).unwrap_or(c_int::MAX);
    // SAFETY: `events` has room for `max`.
    let count =
        counted(|| unsafe { direct::epoll_wait(epoll, events.as_mut_ptr(), max, timeout_ms) });
    usize::try_from(count).map_err(|_| libc::errno())
}
