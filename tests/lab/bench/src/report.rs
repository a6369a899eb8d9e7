//! Defines the benchmark report (`Report`), as a Markdown table and as JSON.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::measure::{Measure, Samples, Target};
use super::{Amount, Contestant};

/// One measure of both implementations, side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name of the measure.
    pub measure: &'static str,
    /// The unit of the values.
    pub unit: &'static str,
    /// The product's value, if measured.
    pub product: Option<f64>,
    /// The peer's value, if measured.
    pub peer: Option<f64>,
    /// The product's value divided by the peer's.
    pub ratio: Option<f64>,
    /// The target for the ratio; `None` if there is none.
    pub target: Option<String>,
    /// Whether the target is met.
    pub target_met: Option<bool>,
    /// Number of samples behind the product's value.
    pub samples: usize,
}

impl Row {
    fn compare(measure: Measure, samples: &Samples) -> Option<Self> {
        let samples_of = |contestant| samples.get(measure, contestant);
        let product = measure.statistic(samples_of(Contestant::Product));
        let peer = measure.statistic(samples_of(Contestant::Peer));
        if product.is_none() && peer.is_none() {
            return None;
        }
        let ratio = match (product, peer) {
            (Some(product), Some(peer)) if peer > 0.0 => Some(product / peer),
            _ => None,
        };
        let (target, target_met) = match measure.target() {
            Target::AtMost(max) => (Some(format!("≤ {max}×")), ratio.map(|r| r <= max)),
            Target::AtLeast(min) => (Some(format!("≥ {min}×")), ratio.map(|r| r >= min)),
            Target::NoTarget => (None, None),
        };
        Some(Self {
            measure: measure.label(),
            unit: measure.unit(),
            product,
            peer,
            ratio,
            target,
            target_met,
            samples: samples_of(Contestant::Product).len(),
        })
    }
}

/// A measurement of the product alone, with no peer to compare.
#[derive(Clone, Debug, Serialize)]
pub struct ProductFigure {
    /// Name of the measure.
    pub measure: String,
    /// The unit of the value.
    pub unit: &'static str,
    /// The value.
    pub figure: f64,
}

impl ProductFigure {
    pub(super) fn new(measure: impl Into<String>, unit: &'static str, figure: f64) -> Self {
        Self {
            measure: measure.into(),
            unit,
            figure,
        }
    }
}

/// The result of a benchmark run.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// Number of rounds.
    pub rounds: usize,
    /// Comparisons with the peer.
    pub rows: Vec<Row>,
    /// Measurements of the product alone.
    pub own: Vec<ProductFigure>,
}

impl BenchReport {
    pub(super) fn from(samples: &Samples, own: Vec<ProductFigure>, amount: Amount) -> Self {
        let rows = Measure::ALL
            .iter()
            .filter_map(|measure| Row::compare(*measure, samples))
            .collect();
        Self {
            rounds: amount.rounds,
            rows,
            own,
        }
    }
}

impl Display for BenchReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.rows.is_empty() {
            self.write_comparison(f)?;
        }
        if !self.own.is_empty() {
            writeln!(f, "\n| measure | |\n| --- | --: |")?;
        }
        for own in &self.own {
            writeln!(f, "| {} | {:.2} {} |", own.measure, own.figure, own.unit)?;
        }
        Ok(())
    }
}

impl BenchReport {
    fn write_comparison(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let product = Contestant::Product.name();
        let peer = Contestant::Peer.name();
        writeln!(f, "| measure | {product} | {peer} | ratio | to reach | |")?;
        writeln!(f, "| --- | --: | --: | --: | --: | --- |")?;
        for row in &self.rows {
            let unit = if row.unit.is_empty() {
                String::new()
            } else {
                format!(" {}", row.unit)
            };
            let format_value = |figure: Option<f64>| {
                figure.map_or_else(String::new, |figure| format!("{figure:.1}{unit}"))
            };
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} |",
                row.measure,
                format_value(row.product),
                format_value(row.peer),
                row.ratio.map_or_else(String::new, |r| format!("{r:.2}×")),
                row.target.as_deref().unwrap_or(""),
                match row.target_met {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "",
                }
            )?;
        }
        Ok(())
    }
}
