//! Keymaps and keyboard state by libxkbcommon (`xkbcommon/xkbcommon.h`). Keys are the kernel's (evdev) codes, as on the wire.

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::instance::with_instance;
use crate::libc;
use crate::napi::napi_value;
use crate::value::{self, undefined};
use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};

pub const FUNCTIONS: &[Function] = &[
    function("xkbAvailable", available),
    function("xkbKeymapFromNames", keymap_from_names),
    function("xkbKeymapFromText", keymap_from_text),
    function("xkbKeymapText", keymap_text),
    function("xkbKeyRepeats", key_repeats),
    function("xkbKeymapDestroy", keymap_destroy),
    function("xkbStateCreate", state_create),
    function("xkbStateUpdateKey", state_update_key),
    function("xkbStateUpdateMask", state_update_mask),
    function("xkbStateModifiers", state_modifiers),
    function("xkbStateKeysym", state_keysym),
    function("xkbStateText", state_text),
    function("xkbStateDestroy", state_destroy),
    function("xkbKeysymName", keysym_name),
    function("xkbLiveObjects", live_objects),
];

type Pointer = *mut c_void;

/// `struct xkb_rule_names`
#[repr(C)]
struct RuleNames {
    rules: *const c_char,
    model: *const c_char,
    layout: *const c_char,
    variant: *const c_char,
    options: *const c_char,
}

crate::library!(Xkb, "libxkbcommon.so.0", "libxkbcommon0", {
    fn xkb_context_new(c_int) -> Pointer;
    fn xkb_context_unref(Pointer);
    fn xkb_context_set_log_level(Pointer, c_int);
    fn xkb_keymap_new_from_names(Pointer, *const c_void, c_int) -> Pointer;
    fn xkb_keymap_new_from_buffer(Pointer, *const c_char, usize, c_int, c_int) -> Pointer;
    fn xkb_keymap_get_as_string(Pointer, c_int) -> *mut c_char;
    fn xkb_keymap_key_repeats(Pointer, u32) -> c_int;
    fn xkb_keymap_unref(Pointer);
    fn xkb_state_new(Pointer) -> Pointer;
    fn xkb_state_unref(Pointer);
    fn xkb_state_update_key(Pointer, u32, c_int) -> c_int;
    fn xkb_state_update_mask(Pointer, u32, u32, u32, u32, u32, u32) -> c_int;
    fn xkb_state_serialize_mods(Pointer, c_int) -> u32;
    fn xkb_state_serialize_layout(Pointer, c_int) -> u32;
    fn xkb_state_key_get_one_sym(Pointer, u32) -> u32;
    fn xkb_state_key_get_utf8(Pointer, u32, *mut c_char, usize) -> c_int;
    fn xkb_keysym_get_name(u32, *mut c_char, usize) -> c_int;
});

/// XKB_KEYMAP_FORMAT_TEXT_V1, the one wl_keyboard.keymap_format knows.
const TEXT_V1: c_int = 1;

/// XKB_LOG_LEVEL_CRITICAL: what else it has to say is in our own error.
const LOG_LEVEL: c_int = 10;

/// X and XKB count keys from 8.
const KEY_OFFSET: u32 = 8;

/// `enum xkb_state_component`
const MODS_DEPRESSED: c_int = 1;
const MODS_LATCHED: c_int = 2;
const MODS_LOCKED: c_int = 4;
const LAYOUT_EFFECTIVE: c_int = 1 << 7;

/// A compiled keymap.
pub struct Keymap {
    keymap: Pointer,
    xkb: &'static Xkb,
}

impl Drop for Keymap {
    fn drop(&mut self) {
        // SAFETY: our reference; states hold their own.
        unsafe { (self.xkb.xkb_keymap_unref)(self.keymap) };
    }
}

/// The state of one keyboard.
pub struct State {
    state: Pointer,
    xkb: &'static Xkb,
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: our reference.
        unsafe { (self.xkb.xkb_state_unref)(self.state) };
    }
}

fn available(call: &Call) -> Result<napi_value> {
    value::boolean(call.env, Xkb::get().is_ok())
}

/// Makes a keymap in a context of its own, which the keymap keeps.
fn compile(
    call: &Call,
    name: &'static str,
    detail: &str,
    make: impl FnOnce(&Xkb, Pointer) -> Pointer,
) -> Result<napi_value> {
    let xkb = Xkb::get()?;
    // SAFETY: 0 = no flags.
    let context = unsafe { (xkb.xkb_context_new)(0) };
    if context.is_null() {
        let detail = "no keyboard data (Debian: package xkb-data)";
        return Err(Error::system_on("xkb_context_new", libc::ENOENT, detail));
    }
    // SAFETY: a live context.
    unsafe { (xkb.xkb_context_set_log_level)(context, LOG_LEVEL) };
    let keymap = make(xkb, context);
    // SAFETY: our reference; the keymap has its own.
    unsafe { (xkb.xkb_context_unref)(context) };
    if keymap.is_null() {
        return Err(Error::system_on(name, libc::EINVAL, detail));
    }
    let keymap = Keymap { keymap, xkb };
    let id = with_instance(call.env, |instance| instance.keymaps.add(keymap))?;
    value::uint(call.env, id)
}

fn keymap_from_names(call: &Call) -> Result<napi_value> {
    let rules = call.c_string(0, "rules")?;
    let model = call.c_string(1, "model")?;
    let layout = call.c_string(2, "layout")?;
    let variant = call.c_string(3, "variant")?;
    let options = call.c_string(4, "options")?;
    let names = RuleNames {
        rules: rules.as_ptr(),
        model: model.as_ptr(),
        layout: layout.as_ptr(),
        variant: variant.as_ptr(),
        options: options.as_ptr(),
    };
    let detail = format!(
        "rules {:?}, model {:?}, layout {:?}, variant {:?}, options {:?}",
        rules, model, layout, variant, options
    );
    compile(
        call,
        "xkb_keymap_new_from_names",
        &detail,
        |xkb, context| {
            let names: *const RuleNames = &names;
            // SAFETY: a live context, and five C strings that outlive the call.
            unsafe { (xkb.xkb_keymap_new_from_names)(context, names.cast(), 0) }
        },
    )
}

fn keymap_from_text(call: &Call) -> Result<napi_value> {
    let text = call.c_string(0, "text")?;
    let text = text.as_bytes();
    compile(call, "xkb_keymap_new_from_buffer", "", |xkb, context| {
        // SAFETY: a live context; the text is given with its length.
        unsafe {
            let start = text.as_ptr().cast();
            (xkb.xkb_keymap_new_from_buffer)(context, start, text.len(), TEXT_V1, 0)
        }
    })
}

/// Runs `use_keymap` on the keymap in argument 0.
fn with_keymap<T>(call: &Call, use_keymap: impl FnOnce(&Xkb, Pointer) -> T) -> Result<T> {
    let id = call.u32(0, "keymap")?;
    with_instance(call.env, |instance| {
        let keymap = instance.keymaps.get(id)?;
        Some(use_keymap(keymap.xkb, keymap.keymap))
    })?
    .ok_or_else(|| Error::Range(format!("keymap {} is not open", id)))
}

/// Runs `use_state` on the state in argument 0.
fn with_state<T>(call: &Call, use_state: impl FnOnce(&Xkb, Pointer) -> T) -> Result<T> {
    let id = call.u32(0, "state")?;
    with_instance(call.env, |instance| {
        let state = instance.states.get(id)?;
        Some(use_state(state.xkb, state.state))
    })?
    .ok_or_else(|| Error::Range(format!("keyboard state {} is not open", id)))
}

/// XKB's number of the kernel's key in an argument.
fn key(call: &Call, index: usize) -> Result<u32> {
    let key = call.u32(index, "key")?;
    key.checked_add(KEY_OFFSET)
        .ok_or_else(|| Error::Range(format!("no key {}", key)))
}

fn keymap_text(call: &Call) -> Result<napi_value> {
    let text = with_keymap(call, |xkb, keymap| {
        // SAFETY: a live keymap; the result is null or a C string that is ours to free.
        unsafe {
            let text = (xkb.xkb_keymap_get_as_string)(keymap, TEXT_V1);
            if text.is_null() {
                return None;
            }
            let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
            libc::free(text.cast());
            Some(copy)
        }
    })?;
    match text {
        Some(text) => value::string(call.env, &text),
        None => Err(Error::system("xkb_keymap_get_as_string", libc::ENOMEM)),
    }
}

fn key_repeats(call: &Call) -> Result<napi_value> {
    let key = key(call, 1)?;
    let repeats = with_keymap(call, |xkb, keymap| {
        // SAFETY: a live keymap; an unknown key does not repeat.
        unsafe { (xkb.xkb_keymap_key_repeats)(keymap, key) }
    })?;
    value::boolean(call.env, repeats != 0)
}

/// Idempotent.
fn keymap_destroy(call: &Call) -> Result<napi_value> {
    let id = call.u32(0, "keymap")?;
    with_instance(call.env, |instance| drop(instance.keymaps.remove(id)))?;
    undefined()
}

fn state_create(call: &Call) -> Result<napi_value> {
    let (xkb, state) = with_keymap(call, |_, keymap| -> Result<(&'static Xkb, Pointer)> {
        let xkb = Xkb::get()?;
        // SAFETY: a live keymap.
        Ok((xkb, unsafe { (xkb.xkb_state_new)(keymap) }))
    })??;
    if state.is_null() {
        return Err(Error::system("xkb_state_new", libc::ENOMEM));
    }
    let state = State { state, xkb };
    let id = with_instance(call.env, |instance| instance.states.add(state))?;
    value::uint(call.env, id)
}

/// The components that changed (`enum xkb_state_component`).
fn state_update_key(call: &Call) -> Result<napi_value> {
    let key = key(call, 1)?;
    let direction = c_int::from(call.boolean(2, "pressed")?);
    let changed = with_state(call, |xkb, state| {
        // SAFETY: a live state; an unknown key changes nothing.
        unsafe { (xkb.xkb_state_update_key)(state, key, direction) }
    })?;
    value::int(call.env, changed)
}

fn state_update_mask(call: &Call) -> Result<napi_value> {
    let depressed = call.bits(1, "depressed")?;
    let latched = call.bits(2, "latched")?;
    let locked = call.bits(3, "locked")?;
    let group = call.u32(4, "group")?;
    let changed = with_state(call, |xkb, state| {
        // SAFETY: a live state; the whole group counts as locked.
        unsafe { (xkb.xkb_state_update_mask)(state, depressed, latched, locked, 0, 0, group) }
    })?;
    value::int(call.env, changed)
}

/// Into a Uint32Array: depressed, latched, locked, group, as wl_keyboard.modifiers has them.
fn state_modifiers(call: &Call) -> Result<napi_value> {
    let into = call.u32s(1, "into")?;
    into.first(4)?;
    let modifiers = with_state(call, |xkb, state| {
        // SAFETY: a live state.
        unsafe {
            [
                (xkb.xkb_state_serialize_mods)(state, MODS_DEPRESSED),
                (xkb.xkb_state_serialize_mods)(state, MODS_LATCHED),
                (xkb.xkb_state_serialize_mods)(state, MODS_LOCKED),
                (xkb.xkb_state_serialize_layout)(state, LAYOUT_EFFECTIVE),
            ]
        }
    })?;
    for (index, modifier) in modifiers.iter().enumerate() {
        into.write(index, *modifier);
    }
    undefined()
}

fn state_keysym(call: &Call) -> Result<napi_value> {
    let key = key(call, 1)?;
    let keysym = with_state(call, |xkb, state| {
        // SAFETY: a live state; an unknown key has no symbol (0).
        unsafe { (xkb.xkb_state_key_get_one_sym)(state, key) }
    })?;
    value::uint(call.env, keysym)
}

fn state_text(call: &Call) -> Result<napi_value> {
    let key = key(call, 1)?;
    let text = with_state(call, |xkb, state| {
        // SAFETY: a live state and a buffer with its length.
        in_buffer(|buffer, size| unsafe { (xkb.xkb_state_key_get_utf8)(state, key, buffer, size) })
    })?;
    value::string(call.env, &text)
}

/// Idempotent.
fn state_destroy(call: &Call) -> Result<napi_value> {
    let id = call.u32(0, "state")?;
    with_instance(call.env, |instance| drop(instance.states.remove(id)))?;
    undefined()
}

fn keysym_name(call: &Call) -> Result<napi_value> {
    let xkb = Xkb::get()?;
    let keysym = call.u32(0, "keysym")?;
    // SAFETY: a buffer with its length.
    let name = in_buffer(|buffer, size| unsafe { (xkb.xkb_keysym_get_name)(keysym, buffer, size) });
    value::string(call.env, &name)
}

/// What a function of snprintf's kind writes; what is longer than any such text is cut.
fn in_buffer(write: impl FnOnce(*mut c_char, usize) -> c_int) -> String {
    let mut buffer = [0u8; 256];
    let length = write(buffer.as_mut_ptr().cast(), buffer.len());
    let length = usize::try_from(length).unwrap_or(0).min(buffer.len() - 1);
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

fn live_objects(call: &Call) -> Result<napi_value> {
    let count = with_instance(call.env, |instance| {
        instance.keymaps.len() + instance.states.len()
    })?;
    value::double(call.env, count as f64)
}
