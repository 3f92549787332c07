//! A call from JavaScript and its arguments, checked in one place, without panics.

use crate::error::{check, Error, Result};
use crate::napi::*;
use crate::region::{array_buffer, region, Region};
use crate::value;
use std::os::raw::{c_int, c_void};
use std::ptr;

/// The most arguments any function takes (pixmanComposite).
const MAX_ARGUMENTS: usize = 12;

/// Nearly all take no more, and each that is asked for costs, there or not.
const USUAL_ARGUMENTS: usize = 5;

/// Number.MAX_SAFE_INTEGER
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// One exported function.
pub struct Function {
    pub name: &'static str,
    pub body: fn(&Call) -> Result<napi_value>,
}

/// Shorthand of the function tables.
pub const fn function(name: &'static str, body: fn(&Call) -> Result<napi_value>) -> Function {
    Function { name, body }
}

/// Puts a function on `exports`. The table entry lives as long as the program.
pub fn define(env: napi_env, exports: napi_value, function: &'static Function) -> Result<()> {
    let data = function as *const Function as *mut c_void;
    let name = function.name;
    let mut value = ptr::null_mut();
    // SAFETY: `name` is given with its length; `data` points to a static.
    check(unsafe {
        napi_create_function(
            env,
            name.as_ptr().cast(),
            name.len(),
            crate::enter,
            data,
            &mut value,
        )
    })?;
    value::set(env, exports, name, value)
}

/// A call in progress: its environment and arguments. Missing ones are `undefined` or null, of no type that is asked for.
pub struct Call {
    pub env: napi_env,
    arguments: [napi_value; MAX_ARGUMENTS],
}

impl Call {
    /// Reads the arguments, and which function is called.
    pub fn open(env: napi_env, info: napi_callback_info) -> Result<(Call, &'static Function)> {
        let mut arguments = [ptr::null_mut(); MAX_ARGUMENTS];
        let mut data = ptr::null_mut();
        let mut read = |room: usize| {
            let mut count = room;
            // SAFETY: `arguments` has room for `count` values; Node-API fills the rest of it with undefined.
            check(unsafe {
                napi_get_cb_info(
                    env,
                    info,
                    &mut count,
                    arguments.as_mut_ptr(),
                    ptr::null_mut(),
                    &mut data,
                )
            })?;
            Ok(count)
        };
        if read(USUAL_ARGUMENTS)? > USUAL_ARGUMENTS {
            read(MAX_ARGUMENTS)?;
        }
        // SAFETY: `define` gave a pointer to a static Function as data.
        let function = unsafe { &*(data as *const Function) };
        Ok((Call { env, arguments }, function))
    }

    /// The argument as it is.
    pub fn value(&self, index: usize) -> napi_value {
        self.arguments
            .get(index)
            .copied()
            .unwrap_or(ptr::null_mut())
    }

    /// A number, whatever its value.
    fn number(&self, index: usize, name: &str) -> Result<f64> {
        let mut out = 0.0;
        // SAFETY: both pointers are valid for the call; a non-number is answered by the status.
        let status = unsafe { napi_get_value_double(self.env, self.value(index), &mut out) };
        if status == NAPI_OK {
            Ok(out)
        } else {
            Err(wrong_type(name, "a number"))
        }
    }

    pub fn i32(&self, index: usize, name: &str) -> Result<i32> {
        let number = self.number(index, name)?;
        let integer = number as i32;
        same(f64::from(integer), number)
            .then_some(integer)
            .ok_or_else(|| not_integer(name, i32::MIN.into(), i32::MAX.into(), number))
    }

    pub fn u32(&self, index: usize, name: &str) -> Result<u32> {
        let number = self.number(index, name)?;
        let integer = number as u32;
        same(f64::from(integer), number)
            .then_some(integer)
            .ok_or_else(|| not_integer(name, 0.0, u32::MAX.into(), number))
    }

    /// 32 bits, however JavaScript's operators left their sign: flags.
    pub fn bits(&self, index: usize, name: &str) -> Result<u32> {
        let number = self.number(index, name)?;
        let integer = number as i64;
        let fits = (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&integer);
        (fits && same(integer as f64, number))
            .then_some(integer as u32)
            .ok_or_else(|| not_integer(name, i32::MIN.into(), u32::MAX.into(), number))
    }

    /// A size or offset: a safe integer, not negative.
    pub fn size(&self, index: usize, name: &str) -> Result<usize> {
        let number = self.number(index, name)?;
        let integer = number as usize;
        (number <= MAX_SAFE_INTEGER && same(integer as f64, number))
            .then_some(integer)
            .ok_or_else(|| not_integer(name, 0.0, MAX_SAFE_INTEGER, number))
    }

    /// A bigint from 0 to 2^64 - 1.
    pub fn u64(&self, index: usize, name: &str) -> Result<u64> {
        let mut out = 0;
        let mut lossless = false;
        // SAFETY: all pointers are valid for the call; a non-bigint is answered by the status.
        let status = unsafe {
            napi_get_value_bigint_uint64(self.env, self.value(index), &mut out, &mut lossless)
        };
        if status != NAPI_OK {
            Err(wrong_type(name, "a bigint"))
        } else if !lossless {
            Err(Error::Range(format!(
                "{} must be from 0n to 2n ** 64n - 1n",
                name
            )))
        } else {
            Ok(out)
        }
    }

    /// A bigint from 0 to 2^63 - 1: a time.
    pub fn time_ns(&self, index: usize, name: &str) -> Result<i64> {
        i64::try_from(self.u64(index, name)?)
            .map_err(|_| Error::Range(format!("{} must be below 2n ** 63n", name)))
    }

    pub fn boolean(&self, index: usize, name: &str) -> Result<bool> {
        let mut out = false;
        // SAFETY: both pointers are valid for the call.
        let status = unsafe { napi_get_value_bool(self.env, self.value(index), &mut out) };
        if status == NAPI_OK {
            Ok(out)
        } else {
            Err(wrong_type(name, "a boolean"))
        }
    }

    pub fn string(&self, index: usize, name: &str) -> Result<String> {
        let value = self.value(index);
        let mut length = 0;
        // SAFETY: a null buffer asks for the length only.
        let status =
            unsafe { napi_get_value_string_utf8(self.env, value, ptr::null_mut(), 0, &mut length) };
        if status != NAPI_OK {
            return Err(wrong_type(name, "a string"));
        }
        let mut bytes = vec![0u8; length + 1];
        // SAFETY: `bytes` has room for the string and the NUL that Node-API adds.
        check(unsafe {
            napi_get_value_string_utf8(
                self.env,
                value,
                bytes.as_mut_ptr().cast(),
                bytes.len(),
                &mut length,
            )
        })?;
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A string for C: one with a NUL inside is refused.
    pub fn c_string(&self, index: usize, name: &str) -> Result<std::ffi::CString> {
        std::ffi::CString::new(self.string(index, name)?)
            .map_err(|_| Error::Range(format!("{} must not contain a NUL", name)))
    }

    /// The memory of a Uint8Array (or Buffer).
    pub fn bytes(&self, index: usize, name: &str) -> Result<Region<u8>> {
        self.typed_array(index, name, UINT8_ARRAY, "a Uint8Array")
    }

    /// The memory of an ArrayBuffer.
    pub fn buffer(&self, index: usize, name: &str) -> Result<Region<u8>> {
        array_buffer(self.env, self.value(index)).ok_or_else(|| wrong_type(name, "an ArrayBuffer"))
    }

    /// The memory of an ArrayBuffer, or of a Uint8Array. The former is found in a fraction of the time: for the hot path.
    pub fn buffer_or_bytes(&self, index: usize, name: &str) -> Result<Region<u8>> {
        self.buffer_or(index, name, UINT8_ARRAY, "an ArrayBuffer or Uint8Array")
    }

    /// As [`Call::buffer_or_bytes`], for an ArrayBuffer or Int32Array.
    pub fn buffer_or_i32s(&self, index: usize, name: &str) -> Result<Region<i32>> {
        self.buffer_or(index, name, INT32_ARRAY, "an ArrayBuffer or Int32Array")
    }

    /// As [`Call::buffer_or_bytes`], for an ArrayBuffer or Uint32Array.
    pub fn buffer_or_u32s(&self, index: usize, name: &str) -> Result<Region<u32>> {
        self.buffer_or(index, name, UINT32_ARRAY, "an ArrayBuffer or Uint32Array")
    }

    /// As [`Call::buffer_or_bytes`], for an ArrayBuffer or BigUint64Array.
    pub fn buffer_or_u64s(&self, index: usize, name: &str) -> Result<Region<u64>> {
        self.buffer_or(
            index,
            name,
            BIGUINT64_ARRAY,
            "an ArrayBuffer or BigUint64Array",
        )
    }

    fn buffer_or<T: Copy>(
        &self,
        index: usize,
        name: &str,
        kind: c_int,
        what: &str,
    ) -> Result<Region<T>> {
        array_buffer(self.env, self.value(index))
            .or_else(|| region(self.env, self.value(index), kind))
            .ok_or_else(|| wrong_type(name, what))
    }

    pub fn i32s(&self, index: usize, name: &str) -> Result<Region<i32>> {
        self.typed_array(index, name, INT32_ARRAY, "an Int32Array")
    }

    pub fn u32s(&self, index: usize, name: &str) -> Result<Region<u32>> {
        self.typed_array(index, name, UINT32_ARRAY, "a Uint32Array")
    }

    pub fn u64s(&self, index: usize, name: &str) -> Result<Region<u64>> {
        self.typed_array(index, name, BIGUINT64_ARRAY, "a BigUint64Array")
    }

    fn typed_array<T: Copy>(
        &self,
        index: usize,
        name: &str,
        kind: c_int,
        what: &str,
    ) -> Result<Region<T>> {
        region(self.env, self.value(index), kind).ok_or_else(|| wrong_type(name, what))
    }

    /// A function.
    pub fn function(&self, index: usize, name: &str) -> Result<napi_value> {
        if self.kind(index)? == TYPE_FUNCTION {
            Ok(self.value(index))
        } else {
            Err(wrong_type(name, "a function"))
        }
    }

    pub fn is_null(&self, index: usize) -> Result<bool> {
        Ok(self.kind(index)? == TYPE_NULL)
    }

    fn kind(&self, index: usize) -> Result<c_int> {
        let mut kind = 0;
        // SAFETY: an argument of this call.
        check(unsafe { napi_typeof(self.env, self.value(index), &mut kind) })?;
        Ok(kind)
    }
}

/// Whether a cast has changed nothing: cheaper than rounding, which x86-64 has no instruction for at its baseline.
#[allow(clippy::float_cmp)]
fn same(cast: f64, number: f64) -> bool {
    cast == number
}

fn not_integer(name: &str, min: f64, max: f64, number: f64) -> Error {
    Error::Range(format!(
        "{} must be an integer from {} to {}, not {}",
        name, min, max, number
    ))
}

/// A `TypeError` for an argument.
pub fn wrong_type(name: &str, what: &str) -> Error {
    Error::Type(format!("{} must be {}", name, what))
}
