//! pixman's images: pixels in an ArrayBuffer, or one colour; and how they are sampled and clipped (`pixman.h`).

use crate::call::{function, wrong_type, Call, Function};
use crate::error::{check, Error, Result};
use crate::instance::with_instance;
use crate::napi::*;
use crate::pixman_library::{boxes, color, out_of_memory, Box32, Pixman, PixmanImage, Region32};
use crate::value::{self, undefined};
use std::os::raw::{c_int, c_void};
use std::ptr;

pub const FUNCTIONS: &[Function] = &[
    function("pixmanAvailable", available),
    function("pixmanCreateBits", create_bits),
    function("pixmanCreateSolid", create_solid),
    function("pixmanSetTransform", set_transform),
    function("pixmanSetFilter", set_filter),
    function("pixmanSetRepeat", set_repeat),
    function("pixmanSetClip", set_clip),
    function("pixmanDestroy", destroy),
    function("pixmanLiveImages", live_images),
];

/// pixman counts in 16.16 fixed point: wider images cannot be addressed.
const MAX_SIDE: u32 = 32767;

/// PIXMAN_FILTER_NEAREST, PIXMAN_FILTER_BILINEAR
const FILTERS: [c_int; 2] = [3, 4];

/// PIXMAN_REPEAT_NONE, NORMAL, PAD, REFLECT are 0 to 3.
const MAX_REPEAT: u32 = 3;

/// PIXMAN_TYPE_A, ARGB, ABGR, BGRA, RGBA, ARGB_SRGB, RGBA_FLOAT: not those with a palette or with planes outside stride x height.
const PLAIN_TYPES: [u32; 7] = [1, 2, 3, 8, 9, 10, 11];

/// One image. Dropped with its table entry.
pub struct Image {
    image: PixmanImage,
    unref: unsafe extern "C" fn(PixmanImage) -> c_int,
    pixels: Option<Pixels>,
}

/// Where an image's pixels are, and what keeps them there.
#[derive(Clone, Copy)]
struct Pixels {
    env: napi_env,
    buffer: napi_ref,
    start: *mut c_void,
    length: usize,
    width: i32,
    height: i32,
    drawable: bool,
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: this was the only reference.
        unsafe { (self.unref)(self.image) };
        if let Some(pixels) = self.pixels {
            // SAFETY: a strong reference, deleted once.
            unsafe { napi_delete_reference(pixels.env, pixels.buffer) };
        }
    }
}

impl Pixels {
    /// Whether the ArrayBuffer still has the memory: unmapping or transferring it takes it away.
    fn present(&self) -> bool {
        let mut buffer = ptr::null_mut();
        // SAFETY: a strong reference not yet deleted; `buffer` is a valid place for the result.
        let status = unsafe { napi_get_reference_value(self.env, self.buffer, &mut buffer) };
        if status != NAPI_OK || buffer.is_null() {
            return false;
        }
        match array_buffer(self.env, buffer) {
            Ok((start, length)) => start == self.start && length == self.length,
            Err(_) => false,
        }
    }
}

fn array_buffer(env: napi_env, buffer: napi_value) -> Result<(*mut c_void, usize)> {
    let mut start = ptr::null_mut();
    let mut length = 0;
    // SAFETY: valid places for the results; another type is answered by the status.
    check(unsafe { napi_get_arraybuffer_info(env, buffer, &mut start, &mut length) })?;
    Ok((start, length))
}

/// What an image is to be used for.
#[derive(PartialEq, Eq)]
pub enum Use {
    Source,
    Destination,
    Setting,
}

/// The image with the number in argument `index`, its pixels present, good for `purpose`.
pub fn image(call: &Call, index: usize, name: &str, purpose: Use) -> Result<PixmanImage> {
    sized_image(call, index, name, purpose).map(|(image, _)| image)
}

/// As [`image`], and the box of its pixels; an endless image has none.
pub fn sized_image(
    call: &Call,
    index: usize,
    name: &str,
    purpose: Use,
) -> Result<(PixmanImage, Box32)> {
    let id = call.u32(index, name)?;
    let found = with_instance(call.env, |instance| {
        let found = instance.images.get(id);
        found.map(|image| (image.image, image.pixels))
    })?;
    let (image, pixels) =
        found.ok_or_else(|| Error::Range(format!("{} {} is not an image", name, id)))?;
    let bounds = pixels.map_or(Box32::default(), |pixels| Box32 {
        x1: 0,
        y1: 0,
        x2: pixels.width,
        y2: pixels.height,
    });
    if purpose == Use::Setting {
        return Ok((image, bounds));
    }
    if pixels.map_or(false, |pixels| !pixels.present()) {
        return Err(Error::Range(format!(
            "the pixels of {} {} are gone",
            name, id
        )));
    }
    if purpose == Use::Destination && !pixels.map_or(false, |pixels| pixels.drawable) {
        return Err(Error::Range(format!("{} {} cannot be drawn on", name, id)));
    }
    Ok((image, bounds))
}

fn available(call: &Call) -> Result<napi_value> {
    value::boolean(call.env, Pixman::get().is_ok())
}

fn create_bits(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let format = call.bits(0, "format")?;
    let width = side(call, 1, "width")?;
    let height = side(call, 2, "height")?;
    let buffer = call.value(3);
    let (start, length) =
        array_buffer(call.env, buffer).map_err(|_| wrong_type("buffer", "an ArrayBuffer"))?;
    let offset = call.size(4, "offsetBytes")?;
    let stride = call.u32(5, "strideBytes")?;
    let plain = PLAIN_TYPES.contains(&(format >> 16 & 0x3f));
    // SAFETY: takes a number.
    if !plain || unsafe { (pixman.pixman_format_supported_source)(format) } == 0 {
        return Err(Error::Range(format!("pixman has no format {:#x}", format)));
    }
    check_layout(format, (width, height), length, offset, stride)?;
    let first = start as usize + offset;
    if first % 4 != 0 || stride % 4 != 0 {
        let message = "pixels must start at, and their rows be, a multiple of 4 bytes";
        return Err(Error::Range(message.to_owned()));
    }
    let mut reference = ptr::null_mut();
    // SAFETY: `buffer` is a live value of this call.
    check(unsafe { napi_create_reference(call.env, buffer, 1, &mut reference) })?;
    // SAFETY: all rows lie inside the buffer, which the reference keeps; its presence is checked before each use.
    let image = unsafe {
        (pixman.pixman_image_create_bits)(
            format,
            width as c_int,
            height as c_int,
            first as *mut c_void,
            stride as c_int,
        )
    };
    let pixels = Pixels {
        env: call.env,
        buffer: reference,
        start,
        length,
        width: width as i32,
        height: height as i32,
        // SAFETY: takes a number.
        drawable: unsafe { (pixman.pixman_format_supported_destination)(format) } != 0,
    };
    if image.is_null() {
        // SAFETY: made above, known to nobody else.
        unsafe { napi_delete_reference(call.env, reference) };
    }
    register(call, pixman, image, Some(pixels))
}

fn side(call: &Call, index: usize, name: &str) -> Result<u32> {
    match call.u32(index, name)? {
        side @ 1..=MAX_SIDE => Ok(side),
        side => Err(Error::Range(format!(
            "{} must be from 1 to {}, not {}",
            name, MAX_SIDE, side
        ))),
    }
}

/// Every row inside the buffer; of the last one the words its pixels are in, which pixman reads whole: a part of a larger image ends
/// with the buffer, not with the stride.
fn check_layout(
    format: u32,
    (width, height): (u32, u32),
    length: usize,
    offset: usize,
    stride: u32,
) -> Result<()> {
    // PIXMAN_FORMAT_BPP: the top byte, shifted by two bits more in wide formats.
    let bits = u64::from((format >> 24) << ((format >> 22) & 3));
    let row = (u64::from(width) * bits + 7) / 8;
    let words = (row + 3) / 4 * 4;
    let before = u64::from(stride) * u64::from(height.saturating_sub(1));
    let end = offset as u64 + before + words;
    if u64::from(stride) < row || stride > i32::MAX as u32 || end > length as u64 {
        return Err(Error::Range(format!(
            "an image of {}x{} pixels with {} bits, stride {} and offset {} does not fit into {} bytes",
            width, height, bits, stride, offset, length
        )));
    }
    Ok(())
}

fn create_solid(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let color = color(call, 0)?;
    // SAFETY: `color` is valid for the call.
    let image = unsafe { (pixman.pixman_image_create_solid_fill)(&color) };
    register(call, pixman, image, None)
}

fn register(
    call: &Call,
    pixman: &Pixman,
    image: PixmanImage,
    pixels: Option<Pixels>,
) -> Result<napi_value> {
    if image.is_null() {
        return Err(out_of_memory());
    }
    let image = Image {
        image,
        unref: pixman.pixman_image_unref,
        pixels,
    };
    let id = with_instance(call.env, |instance| instance.images.add(image))?;
    value::uint(call.env, id)
}

/// 9 numbers of 16.16 fixed point, row by row: from destination to source pixels.
fn set_transform(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let image = image(call, 0, "image", Use::Setting)?;
    let matrix = call.i32s(1, "matrix")?.first(9)?;
    // SAFETY: `matrix` has 9 elements.
    match unsafe { (pixman.pixman_image_set_transform)(image, matrix) } {
        0 => Err(out_of_memory()),
        _ => undefined(),
    }
}

fn set_filter(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let image = image(call, 0, "image", Use::Setting)?;
    let filter = FILTERS[usize::from(call.boolean(1, "bilinear")?)];
    // SAFETY: these filters have no parameters.
    match unsafe { (pixman.pixman_image_set_filter)(image, filter, ptr::null(), 0) } {
        0 => Err(out_of_memory()),
        _ => undefined(),
    }
}

fn set_repeat(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let image = image(call, 0, "image", Use::Setting)?;
    let repeat = call.u32(1, "repeat")?;
    if repeat > MAX_REPEAT {
        return Err(Error::Range(format!("no repeat {}", repeat)));
    }
    // SAFETY: a live image and a known value.
    unsafe { (pixman.pixman_image_set_repeat)(image, repeat as c_int) };
    undefined()
}

/// Null: no clip. No boxes: nothing is drawn.
fn set_clip(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let image = image(call, 0, "image", Use::Setting)?;
    if call.is_null(1)? {
        // SAFETY: null resets the clip.
        unsafe { (pixman.pixman_image_set_clip_region32)(image, ptr::null()) };
        return undefined();
    }
    let boxes = boxes(call, 1, "boxes")?;
    let mut region = Region32 {
        extents: Box32::default(),
        data: ptr::null_mut(),
    };
    let place: *mut c_void = (&mut region as *mut Region32).cast();
    // SAFETY: `place` is a region to be initialised, then copied by pixman, then finished.
    let set = unsafe {
        (pixman.pixman_region32_init_rects)(place, boxes.as_ptr(), boxes.len() as c_int) != 0 && {
            let set = (pixman.pixman_image_set_clip_region32)(image, place);
            (pixman.pixman_region32_fini)(place);
            set != 0
        }
    };
    if set {
        undefined()
    } else {
        Err(out_of_memory())
    }
}

/// Idempotent.
fn destroy(call: &Call) -> Result<napi_value> {
    let id = call.u32(0, "image")?;
    let image = with_instance(call.env, |instance| instance.images.remove(id))?;
    drop(image);
    undefined()
}

fn live_images(call: &Call) -> Result<napi_value> {
    let count = with_instance(call.env, |instance| instance.images.len())?;
    value::double(call.env, count as f64)
}
