//! What can go wrong in a call, and how it becomes a JavaScript exception.

use crate::errno;
use crate::napi::*;
use crate::value;

/// A failed call.
pub enum Error {
    /// A failed syscall: becomes an `Error` with `code`, `errno` and `syscall`.
    System {
        syscall: &'static str,
        errno: i32,
        /// What it was done to, where the arguments alone would not tell: a path.
        detail: String,
    },
    /// An argument of the wrong type: `TypeError`.
    Type(String),
    /// An argument out of range: `RangeError`.
    Range(String),
    /// A Node-API function failed; an exception may already be pending.
    Napi(napi_status),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failed syscall without further detail.
    pub fn system(syscall: &'static str, errno: i32) -> Error {
        Error::System {
            syscall,
            errno,
            detail: String::new(),
        }
    }

    /// A failed syscall on something with a name.
    pub fn system_on(syscall: &'static str, errno: i32, detail: &str) -> Error {
        Error::System {
            syscall,
            errno,
            detail: detail.to_owned(),
        }
    }

    /// Makes this the pending exception of `env`.
    pub fn throw(&self, env: napi_env) {
        // A failure to make the exception leaves another one pending or the environment is going down: nothing to do then.
        let _ = self.try_throw(env);
    }

    fn try_throw(&self, env: napi_env) -> Result<()> {
        let error = match self {
            Error::System {
                syscall,
                errno,
                detail,
            } => system_error(env, syscall, *errno, detail)?,
            Error::Type(message) => {
                create(env, napi_create_type_error, "ERR_INVALID_ARG_TYPE", message)?
            }
            Error::Range(message) => {
                create(env, napi_create_range_error, "ERR_OUT_OF_RANGE", message)?
            }
            Error::Napi(NAPI_PENDING_EXCEPTION) => return Ok(()),
            Error::Napi(status) => {
                let message = format!("Node-API call failed (status {})", status);
                create(env, napi_create_error, "ERR_NAPI", &message)?
            }
        };
        // SAFETY: `error` is a live value of the current handle scope.
        check(unsafe { napi_throw(env, error) })
    }
}

/// Turns a status into a result.
pub fn check(status: napi_status) -> Result<()> {
    if status == NAPI_OK {
        Ok(())
    } else {
        Err(Error::Napi(status))
    }
}

type Create =
    unsafe extern "C" fn(napi_env, napi_value, napi_value, *mut napi_value) -> napi_status;

fn create(env: napi_env, create: Create, code: &str, message: &str) -> Result<napi_value> {
    let code = value::string(env, code)?;
    let message = value::string(env, message)?;
    let mut error = std::ptr::null_mut();
    // SAFETY: `code` and `message` are live strings, `error` is a valid place for the result.
    check(unsafe { create(env, code, message, &mut error) })?;
    Ok(error)
}

fn system_error(env: napi_env, syscall: &str, errno: i32, detail: &str) -> Result<napi_value> {
    let code = errno::name(errno);
    let message = if detail.is_empty() {
        format!("{} failed ({})", syscall, code)
    } else {
        format!("{} failed ({}): {}", syscall, code, detail)
    };
    let error = create(env, napi_create_error, &code, &message)?;
    value::set(env, error, "errno", value::int(env, errno)?)?;
    value::set(env, error, "syscall", value::string(env, syscall)?)?;
    Ok(error)
}
