//! Plots the samples over time, in one image.

use std::io;
use std::path::Path;

use plotters::prelude::*;

use super::sample::Sample;

type Line = (&'static str, RGBColor, fn(&Sample) -> f64);

const GREEN: RGBColor = RGBColor(15, 118, 75);
const ORANGE: RGBColor = RGBColor(200, 100, 0);
const BLUE: RGBColor = RGBColor(40, 90, 180);

const PANELS: &[(&str, &[Line])] = &[
    (
        "memory, MiB",
        &[
            ("session-manager", GREEN, |sample| sample.manager_rss),
            ("central-hub", BLUE, |sample| sample.hub_rss),
            ("Chrome", ORANGE, |sample| sample.tree_memory),
        ],
    ),
    (
        "processor time, ms a second",
        &[
            ("session-manager", GREEN, |sample| sample.manager_cpu),
            ("central-hub", BLUE, |sample| sample.hub_cpu),
            ("Chrome", ORANGE, |sample| sample.tree_cpu),
        ],
    ),
    (
        "descriptors",
        &[
            ("session-manager", GREEN, |sample| {
                sample.manager_descriptors
            }),
            ("central-hub", BLUE, |sample| sample.hub_descriptors),
        ],
    ),
    (
        "latency, ms",
        &[
            ("send, p50", GREEN, |sample| sample.send_p50),
            ("send, p99", BLUE, |sample| sample.send_p99),
            ("inbound, p50", ORANGE, |sample| sample.inbound_p50),
        ],
    ),
];

/// Draws `samples` into `file`, as an SVG.
///
/// # Errors
/// If the file cannot be written.
pub fn draw(samples: &[Sample], file: &Path) -> io::Result<()> {
    let size = (900, 260 * u32::try_from(PANELS.len()).unwrap_or(1));
    let root = SVGBackend::new(file, size).into_drawing_area();
    draw_panels(samples, &root).map_err(|error| io::Error::other(error.to_string()))
}

fn draw_panels(
    samples: &[Sample],
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
) -> Result<(), Box<dyn std::error::Error>> {
    root.fill(&WHITE)?;
    let minutes = |sample: &Sample| sample.seconds / 60.0;
    let end = samples.last().map_or(1.0, minutes);
    for (area, (title, lines)) in root.split_evenly((PANELS.len(), 1)).iter().zip(PANELS) {
        let values = lines
            .iter()
            .flat_map(|(_, _, value)| samples.iter().map(value));
        let top = values.fold(1.0, f64::max) * 1.1;
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(30)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..end, 0.0..top)?;
        chart.configure_mesh().x_desc("minutes").draw()?;
        for (name, color, value) in *lines {
            let points = samples
                .iter()
                .map(|sample| (minutes(sample), value(sample)));
            chart
                .draw_series(LineSeries::new(points, color))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], *color));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .draw()?;
    }
    root.present()?;
    Ok(())
}
