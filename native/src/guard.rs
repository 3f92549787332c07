//! The SIGBUS guard: a page of a shared mapping that its other side took away reads as zero instead of killing the process.
//!
//! The signal handler looks the address up in a table of our own mappings. One of ours: anonymous zero pages are put from the
//! faulting page to the end of the mapping (all of that is past the file's end), the fault is counted, the access runs
//! again, and once more for pages before those, should the file be cut again. Any other: the handler that was there before has it.

use crate::libc::{self, sigaction, siginfo};
use std::os::raw::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::Mutex;

/// Slots a block; blocks are added as needed and never freed, so that the handler may read them at any time.
const BLOCK_SLOTS: usize = 256;

/// One guarded mapping. Free when `end` is 0, which is written last when taken and first when given back.
struct Slot {
    start: AtomicUsize,
    end: AtomicUsize,
    protection: AtomicUsize,
    /// Where the zero pages put so far begin; `end` when there are none.
    patched: AtomicUsize,
    faults: AtomicU32,
}

struct Block {
    slots: [Slot; BLOCK_SLOTS],
    next: AtomicPtr<Block>,
}

impl Block {
    const fn new() -> Block {
        #[allow(clippy::declare_interior_mutable_const)] // An initialiser, copied into each element.
        const FREE: Slot = Slot {
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            protection: AtomicUsize::new(0),
            patched: AtomicUsize::new(0),
            faults: AtomicU32::new(0),
        };
        Block {
            slots: [FREE; BLOCK_SLOTS],
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }
}

static FIRST: Block = Block::new();

/// Serialises taking and giving back; the handler does not take it.
static WRITERS: Mutex<()> = Mutex::new(());

/// What handled SIGBUS before us. Leaked when replaced, because the handler may be reading it.
static PREVIOUS: AtomicPtr<sigaction> = AtomicPtr::new(ptr::null_mut());

static PAGE_SIZE: AtomicUsize = AtomicUsize::new(0);

/// A guarded address range; [`Guarded::release`] it before unmapping.
#[derive(Clone, Copy)]
pub struct Guarded {
    slot: &'static Slot,
}

impl Guarded {
    /// Faults answered so far.
    pub fn faults(&self) -> u32 {
        self.slot.faults.load(Ordering::Relaxed)
    }

    /// Ends the guarding.
    pub fn release(self) {
        self.slot.end.store(0, Ordering::Release);
        self.slot.start.store(0, Ordering::Release);
    }
}

/// Guards `[start, start + length)`. Err is the errno of installing the handler.
pub fn guard(start: usize, length: usize, protection: c_int) -> Result<Guarded, i32> {
    let _writer = match WRITERS.lock() {
        Ok(lock) => lock,
        Err(poisoned) => poisoned.into_inner(),
    };
    install()?;
    let slot = free_slot();
    slot.faults.store(0, Ordering::Relaxed);
    slot.protection
        .store(protection as usize, Ordering::Relaxed);
    slot.patched.store(start + length, Ordering::Relaxed);
    slot.start.store(start, Ordering::Release);
    slot.end.store(start + length, Ordering::Release);
    Ok(Guarded { slot })
}

fn free_slot() -> &'static Slot {
    let mut block = &FIRST;
    loop {
        let free = |slot: &&Slot| slot.end.load(Ordering::Acquire) == 0;
        if let Some(slot) = block.slots.iter().find(free) {
            return slot;
        }
        block = match next(block) {
            Some(next) => next,
            None => {
                let added = Box::leak(Box::new(Block::new()));
                block.next.store(added, Ordering::Release);
                added
            }
        };
    }
}

fn next(block: &'static Block) -> Option<&'static Block> {
    // SAFETY: null, or a leaked block.
    unsafe { block.next.load(Ordering::Acquire).as_ref() }
}

/// Installs the handler unless it is the present one: somebody may have replaced it since (`process.on('SIGBUS')`).
fn install() -> Result<(), i32> {
    let mut present = sigaction::default();
    // SAFETY: `present` is a valid place for the result; nothing is changed.
    libc::retry(|| unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), &mut present) })?;
    if present.handler == on_sigbus as *const () as usize {
        return Ok(());
    }
    // SAFETY: reads a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    PAGE_SIZE.store(page.max(4096) as usize, Ordering::Relaxed);
    pin_library();
    let ours = sigaction {
        handler: on_sigbus as *const () as usize,
        flags: libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART,
        ..sigaction::default()
    };
    PREVIOUS.store(Box::leak(Box::new(present)), Ordering::Release);
    // SAFETY: the handler has the signature SA_SIGINFO asks for and does only async-signal-safe things.
    libc::retry(|| unsafe { libc::sigaction(libc::SIGBUS, &ours, ptr::null_mut()) })?;
    Ok(())
}

/// Keeps the addon loaded for ever: node unloads it with the last worker that used it, and the handler must not vanish.
fn pin_library() {
    let mut info = libc::dl_info::default();
    let inside = on_sigbus as *const () as *const c_void;
    // SAFETY: `info` is a valid place for the result, whose name is a C string; the returned handle is kept on purpose.
    unsafe {
        if libc::dladdr(inside, &mut info) != 0 && !info.file_name.is_null() {
            libc::dlopen(
                info.file_name,
                libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE,
            );
        }
    }
}

/// Async-signal-safe: atomics, mmap, sigaction, raise.
extern "C" fn on_sigbus(signal: c_int, info: *mut siginfo, context: *mut c_void) {
    // SAFETY: the C library gives a valid pointer to this thread's errno; the kernel gives a valid `info`.
    let (errno, code, address) = unsafe {
        (
            *libc::__errno_location(),
            (*info).code,
            (*info).address as usize,
        )
    };
    if code != libc::BUS_ADRERR || !patch(address) {
        chain(signal, info, context);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Puts zero pages from `address` to the end of the mapping it is in, or to those put before. False when it is in none of ours.
fn patch(address: usize) -> bool {
    let mut block = Some(&FIRST);
    while let Some(current) = block {
        for slot in &current.slots {
            let end = slot.end.load(Ordering::Acquire);
            let start = slot.start.load(Ordering::Acquire);
            let protection = slot.protection.load(Ordering::Relaxed) as c_int;
            if address < start || address >= end || slot.end.load(Ordering::Acquire) != end {
                continue;
            }
            let page = address & !(PAGE_SIZE.load(Ordering::Relaxed) - 1);
            // Zero pages put before keep what was written to them.
            let upto = match slot.patched.fetch_min(page, Ordering::Relaxed) {
                before if before > page => before,
                _ => end,
            };
            let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            // SAFETY: replaces part of a mapping that this module was told to guard and that is still mapped.
            let put =
                unsafe { libc::mmap(page as *mut c_void, upto - page, protection, flags, -1, 0) };
            slot.faults.fetch_add(1, Ordering::Relaxed);
            return put != libc::MAP_FAILED;
        }
        block = next(current);
    }
    false
}

/// Lets the previous handler have the signal.
fn chain(signal: c_int, info: *mut siginfo, context: *mut c_void) {
    // SAFETY: null, or a leaked sigaction.
    let previous = unsafe { PREVIOUS.load(Ordering::Acquire).as_ref() };
    let handler = previous.map_or(libc::SIG_DFL, |previous| previous.handler);
    let flags = previous.map_or(0, |previous| previous.flags);
    // SAFETY: `info` comes from the kernel.
    let sent = unsafe { (*info).code } <= 0;
    if handler == libc::SIG_IGN && sent {
        return;
    }
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        // A real fault happens again on return and ends the process with the right address; a sent signal is sent again.
        let default = sigaction::default();
        // SAFETY: the default action is always valid.
        unsafe {
            libc::sigaction(signal, &default, ptr::null_mut());
            if sent {
                libc::raise(signal);
            }
        }
    } else if flags & libc::SA_SIGINFO != 0 {
        type Handler = extern "C" fn(c_int, *mut siginfo, *mut c_void);
        // SAFETY: installed with SA_SIGINFO, so it has this signature.
        let handler: Handler = unsafe { std::mem::transmute(handler) };
        handler(signal, info, context);
    } else {
        // SAFETY: installed without SA_SIGINFO, so it has this signature.
        let handler: extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
        handler(signal);
    }
}
