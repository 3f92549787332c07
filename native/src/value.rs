//! Rust values to JavaScript.

use crate::error::{check, Result};
use crate::napi::*;
use std::ptr;

/// `undefined`.
pub fn undefined() -> Result<napi_value> {
    Ok(ptr::null_mut())
}

fn made(
    env: napi_env,
    make: impl FnOnce(napi_env, *mut napi_value) -> napi_status,
) -> Result<napi_value> {
    let mut value = ptr::null_mut();
    check(make(env, &mut value))?;
    Ok(value)
}

pub fn null(env: napi_env) -> Result<napi_value> {
    // SAFETY: `out` is valid for the call (here and in the functions below).
    made(env, |env, out| unsafe { napi_get_null(env, out) })
}

pub fn boolean(env: napi_env, value: bool) -> Result<napi_value> {
    // SAFETY: as above.
    made(env, |env, out| unsafe { napi_get_boolean(env, value, out) })
}

pub fn int(env: napi_env, value: i32) -> Result<napi_value> {
    // SAFETY: as above.
    made(env, |env, out| unsafe {
        napi_create_int32(env, value, out)
    })
}

pub fn uint(env: napi_env, value: u32) -> Result<napi_value> {
    // SAFETY: as above.
    made(env, |env, out| unsafe {
        napi_create_uint32(env, value, out)
    })
}

pub fn double(env: napi_env, value: f64) -> Result<napi_value> {
    // SAFETY: as above.
    made(env, |env, out| unsafe {
        napi_create_double(env, value, out)
    })
}

pub fn bigint(env: napi_env, value: u64) -> Result<napi_value> {
    // SAFETY: as above.
    made(env, |env, out| unsafe {
        napi_create_bigint_uint64(env, value, out)
    })
}

/// `high` and `low` as one number of 128 bits.
pub fn wide_bigint(env: napi_env, high: u64, low: u64) -> Result<napi_value> {
    let words = [low, high];
    // SAFETY: the words are given with their number.
    made(env, |env, out| unsafe {
        napi_create_bigint_words(env, 0, words.len(), words.as_ptr(), out)
    })
}

pub fn string(env: napi_env, value: &str) -> Result<napi_value> {
    // SAFETY: the string is given with its length.
    made(env, |env, out| unsafe {
        napi_create_string_utf8(env, value.as_ptr().cast(), value.len(), out)
    })
}

/// A new object with these properties.
pub fn object(env: napi_env, properties: &[(&str, napi_value)]) -> Result<napi_value> {
    // SAFETY: as above.
    let object = made(env, |env, out| unsafe { napi_create_object(env, out) })?;
    for (name, value) in properties {
        set(env, object, name, *value)?;
    }
    Ok(object)
}

/// A new array of these elements.
pub fn array(env: napi_env, elements: &[napi_value]) -> Result<napi_value> {
    // SAFETY: as above.
    let array = made(env, |env, out| unsafe {
        napi_create_array_with_length(env, elements.len(), out)
    })?;
    for (index, element) in elements.iter().enumerate() {
        // SAFETY: `array` and `element` are live values of this call.
        check(unsafe { napi_set_element(env, array, index as u32, *element) })?;
    }
    Ok(array)
}

/// Sets one property.
pub fn set(env: napi_env, object: napi_value, name: &str, value: napi_value) -> Result<()> {
    let key = string(env, name)?;
    // SAFETY: all are live values of this call.
    check(unsafe { napi_set_property(env, object, key, value) })
}
