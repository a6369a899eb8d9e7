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
    pub reached: Option<bool>,
    /// Number of samples behind the product's value.
    pub samples: usize,
}

impl Row {
    fn of(measure: Measure, samples: &Samples) -> Option<Self> {
        let of = |who| samples.of(measure, who);
        let product = measure.of(of(Contestant::Product));
        let peer = measure.of(of(Contestant::Peer));
        if product.is_none() && peer.is_none() {
            return None;
        }
        let ratio = match (product, peer) {
            (Some(product), Some(peer)) if peer > 0.0 => Some(product / peer),
            _ => None,
        };
        let (target, reached) = match measure.target() {
            Target::AtMost(most) => (Some(format!("≤ {most}×")), ratio.map(|r| r <= most)),
            Target::AtLeast(least) => (Some(format!("≥ {least}×")), ratio.map(|r| r >= least)),
            Target::Shown => (None, None),
        };
        Some(Self {
            measure: measure.words(),
            unit: measure.unit(),
            product,
            peer,
            ratio,
            target,
            reached,
            samples: of(Contestant::Product).len(),
        })
    }
}

/// A measurement of the product alone, with no peer to compare.
#[derive(Clone, Debug, Serialize)]
pub struct Own {
    /// Name of the measure.
    pub measure: String,
    /// The unit of the value.
    pub unit: &'static str,
    /// The value.
    pub figure: f64,
}

impl Own {
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
    pub own: Vec<Own>,
}

impl BenchReport {
    pub(super) fn of(samples: &Samples, own: Vec<Own>, amount: Amount) -> Self {
        let rows = Measure::ALL
            .iter()
            .filter_map(|measure| Row::of(*measure, samples))
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
            self.side_by_side(f)?;
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
    fn side_by_side(&self, f: &mut Formatter<'_>) -> fmt::Result {
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
            let shown = |figure: Option<f64>| {
                figure.map_or_else(String::new, |figure| format!("{figure:.1}{unit}"))
            };
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} |",
                row.measure,
                shown(row.product),
                shown(row.peer),
                row.ratio.map_or_else(String::new, |r| format!("{r:.2}×")),
                row.target.as_deref().unwrap_or(""),
                match row.reached {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "",
                }
            )?;
        }
        Ok(())
    }
}
