//! Shared libraries that are used when they are there: opened at the first use, never closed.

use crate::error::{Error, Result};
use crate::libc::{self, dlopen, dlsym};
use std::ffi::CString;
use std::os::raw::c_void;

/// An opened library.
pub struct Library {
    handle: *mut c_void,
    name: &'static str,
}

impl Library {
    /// Err tells the Debian package that has it.
    pub fn open(name: &'static str, package: &str) -> Result<Library> {
        let missing = || {
            let detail = format!("{} is not installed (Debian: package {})", name, package);
            Error::system_on("dlopen", libc::ENOENT, &detail)
        };
        let file = CString::new(name).map_err(|_| missing())?;
        // SAFETY: `file` is a C string; the library's initialisers are as trusted as the system.
        let handle = unsafe { dlopen(file.as_ptr(), libc::RTLD_NOW) };
        if handle.is_null() {
            Err(missing())
        } else {
            Ok(Library { handle, name })
        }
    }

    /// The address of a function.
    pub fn symbol(&self, function: &str) -> Result<*mut c_void> {
        let missing = || {
            let detail = format!("{} in {}", function, self.name);
            Error::system_on("dlsym", libc::ENOENT, &detail)
        };
        let name = CString::new(function).map_err(|_| missing())?;
        // SAFETY: an open handle and a C string.
        let address = unsafe { dlsym(self.handle, name.as_ptr()) };
        if address.is_null() {
            Err(missing())
        } else {
            Ok(address)
        }
    }
}

/// Declares the functions used of a library: a struct of function pointers with `get()`, which loads it once a process.
#[macro_export]
macro_rules! library {
    ($library:ident, $file:literal, $package:literal, {
        $( fn $function:ident ( $( $argument:ty ),* ) $( -> $result:ty )?; )*
    }) => {
        pub struct $library {
            $( pub $function: unsafe extern "C" fn( $( $argument ),* ) $( -> $result )?, )*
        }

        impl $library {
            /// The functions; Err when the library or one of them is missing. A failure is not remembered.
            pub fn get() -> $crate::error::Result<&'static $library> {
                use std::sync::atomic::{AtomicPtr, Ordering};
                static LOADED: AtomicPtr<$library> = AtomicPtr::new(std::ptr::null_mut());
                // SAFETY: null, or a leaked box.
                if let Some(loaded) = unsafe { LOADED.load(Ordering::Acquire).as_ref() } {
                    return Ok(loaded);
                }
                let library = $crate::library::Library::open($file, $package)?;
                let loaded = Box::leak(Box::new($library {
                    $( $function: {
                        let address = library.symbol(stringify!($function))?;
                        // SAFETY: the library's header declares the function with these types.
                        unsafe {
                            std::mem::transmute::<
                                *mut std::os::raw::c_void,
                                unsafe extern "C" fn( $( $argument ),* ) $( -> $result )?,
                            >(address)
                        }
                    }, )*
                }));
                LOADED.store(loaded, Ordering::Release);
                Ok(loaded)
            }
        }
    };
}
