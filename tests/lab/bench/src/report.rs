//! The table, and the same as JSON.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::measure::{Measure, Samples, Target};
use super::{Amount, Contestant};

/// One line.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured.
    pub measure: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// The product's figure, where it was measured.
    pub product: Option<f64>,
    /// The peer's, where it was measured.
    pub peer: Option<f64>,
    /// How many times the peer's figure the product's is.
    pub ratio: Option<f64>,
    /// What the ratio has to be.
    pub target: Option<String>,
    /// Whether it is.
    pub reached: Option<bool>,
    /// How many samples the product's figure is of.
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

/// A figure that nothing stands beside.
#[derive(Clone, Debug, Serialize)]
pub struct Own {
    /// What was measured.
    pub measure: String,
    /// In which unit.
    pub unit: &'static str,
    /// The figure.
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

/// All of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How often each had its turn.
    pub rounds: usize,
    /// The lines.
    pub rows: Vec<Row>,
    /// Figures of the product alone.
    pub own: Vec<Own>,
}

impl Report {
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

impl Display for Report {
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

impl Report {
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
