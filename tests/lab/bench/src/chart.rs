//! Draws a bar chart of the ratios, with whatsapp-web.js at 1.

use std::io;
use std::path::Path;

use plotters::prelude::*;

use super::report::{BenchReport, Row};

const GREEN: RGBColor = RGBColor(15, 118, 75);
const ORANGE: RGBColor = RGBColor(200, 100, 0);
/// The colour of bars without a target.
const GREY: RGBColor = RGBColor(120, 125, 130);
const ROW_HEIGHT: u32 = 30;
const WIDTH: u32 = 900;
/// Where the bars start, in pixels.
const LABEL_WIDTH: i32 = 250;
/// The longest ratio that is drawn in full. A longer bar is cut, and its label has the value.
const MAX_RATIO: f64 = 4.0;

/// Draws the rows of `report` that have a ratio into `file`, as an SVG.
///
/// # Errors
/// If the file cannot be written.
pub fn draw(report: &BenchReport, file: &Path) -> io::Result<()> {
    let rows: Vec<(&Row, f64)> = report
        .rows
        .iter()
        .filter_map(|row| Some((row, row.ratio?)))
        .collect();
    let height = ROW_HEIGHT * (u32::try_from(rows.len()).unwrap_or(0) + 2);
    let root = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    draw_bars(&rows, height, &root).map_err(|error| io::Error::other(error.to_string()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "pixels of a picture"
)]
fn draw_bars(
    rows: &[(&Row, f64)],
    height: u32,
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
) -> Result<(), Box<dyn std::error::Error>> {
    root.fill(&WHITE)?;
    let scale = f64::from(WIDTH as i32 - LABEL_WIDTH - 130) / MAX_RATIO;
    let x_of = |ratio: f64| LABEL_WIDTH + (ratio.min(MAX_RATIO) * scale) as i32;
    let font = ("sans-serif", 14).into_font();
    for (index, (row, ratio)) in rows.iter().enumerate() {
        let top = ROW_HEIGHT as i32 * (index as i32 + 1);
        let color = match row.target_met {
            Some(true) => GREEN,
            Some(false) => ORANGE,
            None => GREY,
        };
        let bar = Rectangle::new(
            [(LABEL_WIDTH, top + 5), (x_of(*ratio), top + 24)],
            color.filled(),
        );
        root.draw(&bar)?;
        root.draw(&Text::new(row.measure, (10, top + 8), font.clone()))?;
        let label = match &row.target {
            Some(target) => format!("{ratio:.2}×  ({target})"),
            None => format!("{ratio:.2}×"),
        };
        root.draw(&Text::new(label, (x_of(*ratio) + 8, top + 8), font.clone()))?;
    }
    let line = [
        (x_of(1.0), ROW_HEIGHT as i32 - 6),
        (x_of(1.0), height as i32 - ROW_HEIGHT as i32),
    ];
    root.draw(&PathElement::new(line, BLACK.mix(0.6)))?;
    let peer_label = Text::new("whatsapp-web.js = 1×", (x_of(1.0) - 60, 8), font);
    root.draw(&peer_label)?;
    root.present()?;
    Ok(())
}
