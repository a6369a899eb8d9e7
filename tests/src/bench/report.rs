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
    /// The product's figure.
    pub product: f64,
    /// The peer's.
    pub peer: f64,
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
        let product = measure.of(of(Contestant::Product))?;
        let peer = measure.of(of(Contestant::Peer))?;
        let ratio = (peer > 0.0).then_some(product / peer);
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

/// All of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How often each had its turn.
    pub rounds: usize,
    /// The lines.
    pub rows: Vec<Row>,
}

impl Report {
    pub(super) fn of(samples: &Samples, amount: Amount) -> Self {
        let rows = Measure::ALL
            .iter()
            .filter_map(|measure| Row::of(*measure, samples))
            .collect();
        Self {
            rounds: amount.rounds,
            rows,
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
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
            writeln!(
                f,
                "| {} | {:.1}{unit} | {:.1}{unit} | {} | {} | {} |",
                row.measure,
                row.product,
                row.peer,
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
