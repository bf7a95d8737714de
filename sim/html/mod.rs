//! Reports as HTML: one file each, with its plots, that opens without a network and prints.
//!
//! Plots are SVG inside HTML. Their marks stretch with the page and their letters do not: places
//! are percentages of the frame, sizes are pixels. So one drawing serves a phone, a desk and paper
//! without a script, and colours are CSS variables that follow light and dark. Everything here is
//! text out of figures; the program writes the file.

mod heat;
mod labels;
mod marks;
mod page;
mod plot;
pub mod reports;
mod rows;
mod scale;

pub use heat::{HeatCell, HeatMap};
pub use labels::letter;
pub use page::{DataTable, Figure, Page, Section, Tile};
pub use plot::{Axis, Layer, Plot, Point, Tone};
pub use rows::{Row, Rows};
pub use scale::{Scale, Unit};

#[cfg(test)]
mod html_test;
