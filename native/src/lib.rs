//! The platform of Syncline: one exported function per syscall or ioctl, typed by `native/binding.ts`.
//!
//! No crates: Node-API, libuv and libc are declared by hand and resolved when node loads the addon.

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("Syncline runs on 64-bit Linux only");

mod call;
mod clock;
mod direct;
mod dmabuf;
mod drm;
mod errno;
mod error;
mod eventfd;
mod files;
mod guard;
mod instance;
mod ioctl;
mod libc;
mod library;
mod memory;
mod napi;
mod pixman;
mod pixman_image;
mod pixman_library;
mod point_fence;
mod poller;
mod poller_stay;
mod poller_turn;
mod region;
mod socket;
mod socket_message;
mod sync_file;
mod syncobj;
mod syncobj_char;
mod uevent;
mod value;
mod xkb;

use call::{Call, Function};
use error::Result;
use napi::{napi_env, napi_value};

/// Everything the addon exports, by module.
const MODULES: &[&[Function]] = &[
    errno::FUNCTIONS,
    files::FUNCTIONS,
    memory::FUNCTIONS,
    eventfd::FUNCTIONS,
    clock::FUNCTIONS,
    socket::FUNCTIONS,
    socket_message::FUNCTIONS,
    poller::FUNCTIONS,
    ioctl::FUNCTIONS,
    uevent::FUNCTIONS,
    drm::FUNCTIONS,
    syncobj::FUNCTIONS,
    point_fence::FUNCTIONS,
    syncobj_char::FUNCTIONS,
    sync_file::FUNCTIONS,
    dmabuf::FUNCTIONS,
    pixman::FUNCTIONS,
    pixman_image::FUNCTIONS,
    xkb::FUNCTIONS,
];

/// Node's entry point. Returns `exports` filled, or null with an exception pending.
#[no_mangle]
pub extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    match register(env, exports) {
        Ok(()) => exports,
        Err(error) => {
            error.throw(env);
            std::ptr::null_mut()
        }
    }
}

/// The Node-API version the addon is written against: 9, in every node from 20.3.
#[no_mangle]
pub extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    9
}

fn register(env: napi_env, exports: napi_value) -> Result<()> {
    for function in MODULES.iter().copied().flatten() {
        call::define(env, exports, function)?;
    }
    Ok(())
}

/// The one C entry of all functions: the function's table entry is its data pointer.
extern "C" fn enter(env: napi_env, info: napi::napi_callback_info) -> napi_value {
    match Call::open(env, info).and_then(|(call, function)| (function.body)(&call)) {
        Ok(value) => value,
        Err(error) => {
            error.throw(env);
            std::ptr::null_mut()
        }
    }
}
