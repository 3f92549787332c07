//! Drawing with pixman: composite and fill.

use crate::call::{function, Call, Function};
use crate::error::{Error, Result};
use crate::napi::napi_value;
use crate::pixman_image::{image, sized_image, Use};
use crate::pixman_library::{boxes, color, out_of_memory, Box32, Pixman, MAX_COORDINATE};
use crate::value::undefined;
use std::os::raw::c_int;
use std::ptr;

pub const FUNCTIONS: &[Function] = &[
    function("pixmanComposite", composite),
    function("pixmanFill", fill),
];

/// PIXMAN_OP_CLEAR to PIXMAN_OP_SATURATE: Porter and Duff's.
const MAX_OPERATOR: u32 = 0x0d;

fn operator(call: &Call) -> Result<c_int> {
    match call.u32(0, "operator")? {
        operator @ 0..=MAX_OPERATOR => Ok(operator as c_int),
        operator => Err(Error::Range(format!("no operator {}", operator))),
    }
}

fn composite(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let operator = operator(call)?;
    let source = image(call, 1, "source", Use::Source)?;
    let mask = match call.u32(2, "mask")? {
        0 => ptr::null_mut(),
        _ => image(call, 2, "mask", Use::Source)?,
    };
    let destination = image(call, 3, "destination", Use::Destination)?;
    let mut at = [0; 8];
    let names = [
        "sourceX",
        "sourceY",
        "maskX",
        "maskY",
        "destinationX",
        "destinationY",
        "width",
        "height",
    ];
    for (index, (place, name)) in at.iter_mut().zip(names).enumerate() {
        *place = call.i32(4 + index, name)?;
        if !(-MAX_COORDINATE..=MAX_COORDINATE).contains(place) {
            return Err(Error::Range(format!("{} goes beyond 2^24", name)));
        }
    }
    let [source_x, source_y, mask_x, mask_y, x, y, width, height] = at;
    if width <= 0 || height <= 0 {
        return undefined();
    }
    // SAFETY: live images whose pixels are there; pixman clips to the destination.
    unsafe {
        (pixman.pixman_image_composite32)(
            operator,
            source,
            mask,
            destination,
            source_x,
            source_y,
            mask_x,
            mask_y,
            x,
            y,
            width,
            height,
        )
    };
    undefined()
}

/// `(operator, destination, red, green, blue, alpha, boxes)`
fn fill(call: &Call) -> Result<napi_value> {
    let pixman = Pixman::get()?;
    let operator = operator(call)?;
    let (destination, bounds) = sized_image(call, 1, "destination", Use::Destination)?;
    let color = color(call, 2)?;
    // pixman trusts the boxes of an image that has no clip.
    let boxes: Vec<Box32> = boxes(call, 6, "boxes")?
        .iter()
        .filter_map(|wanted| wanted.within(&bounds))
        .collect();
    // SAFETY: a live image whose pixels are there; `color` and `boxes` are valid for the call.
    let filled = unsafe {
        let count = boxes.len() as c_int;
        (pixman.pixman_image_fill_boxes)(operator, destination, &color, count, boxes.as_ptr())
    };
    if filled == 0 {
        return Err(out_of_memory());
    }
    undefined()
}
