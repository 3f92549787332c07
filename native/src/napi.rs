//! Node-API (version 9) and libuv, as far as used: `node_api.h`, `js_native_api.h`, `uv.h`.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_void};

/// Opaque pointers of Node-API and libuv.
pub type napi_env = *mut c_void;
pub type napi_value = *mut c_void;
pub type napi_ref = *mut c_void;
pub type napi_callback_info = *mut c_void;
pub type napi_handle_scope = *mut c_void;
pub type napi_async_cleanup_hook_handle = *mut c_void;
pub type uv_loop = c_void;
pub type uv_handle = c_void;

/// `napi_status`: 0 is success.
pub type napi_status = c_int;
pub const NAPI_OK: napi_status = 0;
pub const NAPI_PENDING_EXCEPTION: napi_status = 10;

/// `napi_typedarray_type`
pub const UINT8_ARRAY: c_int = 1;
pub const INT32_ARRAY: c_int = 5;
pub const UINT32_ARRAY: c_int = 6;
pub const BIGUINT64_ARRAY: c_int = 10;

/// `napi_valuetype`
pub const TYPE_NULL: c_int = 1;
pub const TYPE_FUNCTION: c_int = 7;

pub type napi_callback = extern "C" fn(napi_env, napi_callback_info) -> napi_value;
pub type napi_finalize = extern "C" fn(napi_env, data: *mut c_void, hint: *mut c_void);
pub type napi_async_cleanup_hook = extern "C" fn(napi_async_cleanup_hook_handle, data: *mut c_void);

extern "C" {
    pub fn napi_get_cb_info(
        env: napi_env,
        info: napi_callback_info,
        argc: *mut usize,
        argv: *mut napi_value,
        this: *mut napi_value,
        data: *mut *mut c_void,
    ) -> napi_status;

    pub fn napi_get_value_double(env: napi_env, value: napi_value, out: *mut f64) -> napi_status;
    pub fn napi_get_value_bool(env: napi_env, value: napi_value, out: *mut bool) -> napi_status;
    pub fn napi_get_value_bigint_uint64(
        env: napi_env,
        value: napi_value,
        out: *mut u64,
        lossless: *mut bool,
    ) -> napi_status;
    pub fn napi_get_value_string_utf8(
        env: napi_env,
        value: napi_value,
        buffer: *mut c_char,
        size: usize,
        written: *mut usize,
    ) -> napi_status;
    pub fn napi_typeof(env: napi_env, value: napi_value, out: *mut c_int) -> napi_status;
    pub fn napi_get_typedarray_info(
        env: napi_env,
        value: napi_value,
        kind: *mut c_int,
        length: *mut usize,
        data: *mut *mut c_void,
        arraybuffer: *mut napi_value,
        byte_offset: *mut usize,
    ) -> napi_status;
    pub fn napi_get_arraybuffer_info(
        env: napi_env,
        value: napi_value,
        data: *mut *mut c_void,
        byte_length: *mut usize,
    ) -> napi_status;

    pub fn napi_create_double(env: napi_env, value: f64, out: *mut napi_value) -> napi_status;
    pub fn napi_create_int32(env: napi_env, value: i32, out: *mut napi_value) -> napi_status;
    pub fn napi_create_uint32(env: napi_env, value: u32, out: *mut napi_value) -> napi_status;
    pub fn napi_create_bigint_uint64(
        env: napi_env,
        value: u64,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_create_bigint_words(
        env: napi_env,
        sign_bit: c_int,
        word_count: usize,
        words: *const u64,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_create_string_utf8(
        env: napi_env,
        bytes: *const c_char,
        length: usize,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_get_boolean(env: napi_env, value: bool, out: *mut napi_value) -> napi_status;
    pub fn napi_get_null(env: napi_env, out: *mut napi_value) -> napi_status;
    pub fn napi_create_object(env: napi_env, out: *mut napi_value) -> napi_status;
    pub fn napi_set_property(
        env: napi_env,
        object: napi_value,
        key: napi_value,
        value: napi_value,
    ) -> napi_status;
    pub fn napi_create_array_with_length(
        env: napi_env,
        length: usize,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_set_element(
        env: napi_env,
        array: napi_value,
        index: u32,
        value: napi_value,
    ) -> napi_status;
    pub fn napi_create_function(
        env: napi_env,
        name: *const c_char,
        length: usize,
        callback: napi_callback,
        data: *mut c_void,
        out: *mut napi_value,
    ) -> napi_status;

    pub fn napi_create_external_arraybuffer(
        env: napi_env,
        data: *mut c_void,
        byte_length: usize,
        finalize: napi_finalize,
        hint: *mut c_void,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_detach_arraybuffer(env: napi_env, value: napi_value) -> napi_status;
    pub fn napi_is_detached_arraybuffer(
        env: napi_env,
        value: napi_value,
        out: *mut bool,
    ) -> napi_status;

    pub fn napi_create_reference(
        env: napi_env,
        value: napi_value,
        initial_count: u32,
        out: *mut napi_ref,
    ) -> napi_status;
    pub fn napi_delete_reference(env: napi_env, reference: napi_ref) -> napi_status;
    pub fn napi_get_reference_value(
        env: napi_env,
        reference: napi_ref,
        out: *mut napi_value,
    ) -> napi_status;

    pub fn napi_create_error(
        env: napi_env,
        code: napi_value,
        message: napi_value,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_create_type_error(
        env: napi_env,
        code: napi_value,
        message: napi_value,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_create_range_error(
        env: napi_env,
        code: napi_value,
        message: napi_value,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_throw(env: napi_env, error: napi_value) -> napi_status;
    pub fn napi_get_and_clear_last_exception(env: napi_env, out: *mut napi_value) -> napi_status;
    pub fn napi_fatal_exception(env: napi_env, error: napi_value) -> napi_status;

    pub fn napi_open_handle_scope(env: napi_env, out: *mut napi_handle_scope) -> napi_status;
    pub fn napi_close_handle_scope(env: napi_env, scope: napi_handle_scope) -> napi_status;
    pub fn napi_make_callback(
        env: napi_env,
        async_context: *mut c_void,
        receiver: napi_value,
        function: napi_value,
        argc: usize,
        argv: *const napi_value,
        out: *mut napi_value,
    ) -> napi_status;
    pub fn napi_add_async_cleanup_hook(
        env: napi_env,
        hook: napi_async_cleanup_hook,
        data: *mut c_void,
        out: *mut napi_async_cleanup_hook_handle,
    ) -> napi_status;
    pub fn napi_remove_async_cleanup_hook(handle: napi_async_cleanup_hook_handle) -> napi_status;
    pub fn napi_set_instance_data(
        env: napi_env,
        data: *mut c_void,
        finalize: napi_finalize,
        hint: *mut c_void,
    ) -> napi_status;
    pub fn napi_get_instance_data(env: napi_env, out: *mut *mut c_void) -> napi_status;
    pub fn napi_get_uv_event_loop(env: napi_env, out: *mut *mut uv_loop) -> napi_status;
}

/// `uv_handle_type`
pub const UV_CHECK: c_int = 2;
pub const UV_POLL: c_int = 8;
/// `uv_poll_event`
pub const UV_READABLE: c_int = 1;

pub type uv_poll_cb = extern "C" fn(handle: *mut uv_handle, status: c_int, events: c_int);
pub type uv_check_cb = extern "C" fn(handle: *mut uv_handle);
pub type uv_close_cb = extern "C" fn(handle: *mut uv_handle);

extern "C" {
    pub fn uv_handle_size(kind: c_int) -> usize;
    pub fn uv_handle_set_data(handle: *mut uv_handle, data: *mut c_void);
    pub fn uv_handle_get_data(handle: *const uv_handle) -> *mut c_void;
    pub fn uv_poll_init(uv_loop: *mut uv_loop, handle: *mut uv_handle, fd: c_int) -> c_int;
    pub fn uv_poll_start(handle: *mut uv_handle, events: c_int, callback: uv_poll_cb) -> c_int;
    pub fn uv_poll_stop(handle: *mut uv_handle) -> c_int;
    pub fn uv_check_init(uv_loop: *mut uv_loop, handle: *mut uv_handle) -> c_int;
    pub fn uv_check_start(handle: *mut uv_handle, callback: uv_check_cb) -> c_int;
    pub fn uv_check_stop(handle: *mut uv_handle) -> c_int;
    pub fn uv_backend_fd(uv_loop: *const uv_loop) -> c_int;
    pub fn uv_backend_timeout(uv_loop: *const uv_loop) -> c_int;
    pub fn uv_update_time(uv_loop: *mut uv_loop);
    pub fn uv_close(handle: *mut uv_handle, callback: uv_close_cb);
    pub fn uv_ref(handle: *mut uv_handle);
    pub fn uv_unref(handle: *mut uv_handle);
}
