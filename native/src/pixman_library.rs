//! The functions and types of libpixman that are used, and those types from arguments.

use crate::call::Call;
use crate::error::{Error, Result};
use std::mem::size_of;
use std::os::raw::{c_int, c_void};
use std::ptr;

/// Opaque.
pub type PixmanImage = *mut c_void;

/// 16 bits a channel, premultiplied.
#[repr(C)]
pub struct Color {
    red: u16,
    green: u16,
    blue: u16,
    alpha: u16,
}

/// `pixman_box32_t`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Box32 {
    pub x1: i32,
    pub y1: i32,
    pub x2: i32,
    pub y2: i32,
}

impl Box32 {
    /// What of this box is inside `bounds`; None when nothing is.
    pub fn within(&self, bounds: &Box32) -> Option<Box32> {
        let inside = Box32 {
            x1: self.x1.max(bounds.x1),
            y1: self.y1.max(bounds.y1),
            x2: self.x2.min(bounds.x2),
            y2: self.y2.min(bounds.y2),
        };
        if inside.x1 < inside.x2 && inside.y1 < inside.y2 {
            Some(inside)
        } else {
            None
        }
    }
}

/// `pixman_region32_t`
#[repr(C)]
pub struct Region32 {
    pub extents: Box32,
    pub data: *mut c_void,
}
const _: () = assert!(size_of::<Color>() == 8);
const _: () = assert!(size_of::<Region32>() == 24);

crate::library!(Pixman, "libpixman-1.so.0", "libpixman-1-0", {
    fn pixman_format_supported_source(u32) -> c_int;
    fn pixman_format_supported_destination(u32) -> c_int;
    fn pixman_image_create_bits(u32, c_int, c_int, *mut c_void, c_int) -> PixmanImage;
    fn pixman_image_create_solid_fill(*const Color) -> PixmanImage;
    fn pixman_image_unref(PixmanImage) -> c_int;
    fn pixman_image_set_transform(PixmanImage, *const i32) -> c_int;
    fn pixman_image_set_filter(PixmanImage, c_int, *const i32, c_int) -> c_int;
    fn pixman_image_set_repeat(PixmanImage, c_int);
    fn pixman_image_set_clip_region32(PixmanImage, *const c_void) -> c_int;
    fn pixman_region32_init_rects(*mut c_void, *const Box32, c_int) -> c_int;
    fn pixman_region32_fini(*mut c_void);
    fn pixman_image_fill_boxes(c_int, PixmanImage, *const Color, c_int, *const Box32) -> c_int;
    fn pixman_image_composite32(
        c_int, PixmanImage, PixmanImage, PixmanImage, i32, i32, i32, i32, i32, i32, i32, i32
    );
});

/// Coordinates beyond are refused, so that no sum of two or three of them overflows.
pub const MAX_COORDINATE: i32 = 1 << 24;

/// Four arguments: red, green, blue, alpha.
pub fn color(call: &Call, first: usize) -> Result<Color> {
    let channel = |index: usize, name: &str| {
        u16::try_from(call.u32(first + index, name)?)
            .map_err(|_| Error::Range(format!("{} must be from 0 to 65535", name)))
    };
    Ok(Color {
        red: channel(0, "red")?,
        green: channel(1, "green")?,
        blue: channel(2, "blue")?,
        alpha: channel(3, "alpha")?,
    })
}

/// The boxes of an Int32Array, each x1, y1, x2, y2.
pub fn boxes(call: &Call, index: usize, name: &str) -> Result<Vec<Box32>> {
    let numbers = call.i32s(index, name)?;
    if numbers.len() % 4 != 0 {
        return Err(Error::Range(format!(
            "{} must have four numbers a box",
            name
        )));
    }
    let mut boxes = vec![Box32::default(); numbers.len() / 4];
    // SAFETY: as many numbers on both sides; a box is four of them.
    unsafe { ptr::copy_nonoverlapping(numbers.as_ptr(), boxes.as_mut_ptr().cast(), numbers.len()) };
    let inside = |number: i32| (-MAX_COORDINATE..=MAX_COORDINATE).contains(&number);
    let good = |found: &Box32| {
        inside(found.x1) && inside(found.y1) && inside(found.x2) && inside(found.y2)
    };
    if !boxes.iter().all(good) {
        return Err(Error::Range(format!("{} go beyond 2^24", name)));
    }
    boxes.retain(|found| found.x1 < found.x2 && found.y1 < found.y2);
    Ok(boxes)
}

/// pixman fails for no other reason once the arguments are good.
pub fn out_of_memory() -> Error {
    Error::system("pixman", crate::libc::ENOMEM)
}
