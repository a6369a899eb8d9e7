//! Defines the measures (`Measure`), each with its name, unit and target.

use super::contestant::Contestant;
use super::stats;

/// The product's target relative to the peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// At most this fraction of the peer's value.
    AtMost(f64),
    /// At least this multiple of the peer's value.
    AtLeast(f64),
    /// No target; the value is for information only.
    NoTarget,
}

/// Which statistic of all samples counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The median.
    Median,
    /// The 99th percentile.
    P99,
}

macro_rules! measures {
    ($($name:ident: $label:literal, $unit:literal, $figure:ident, $target:expr;)*) => {
        /// A line of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the words of each say it")]
        pub enum Measure { $($name),* }

        impl Measure {
            /// All measures, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the measure's name in the table.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }

            /// Returns the unit of the measure's values.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit),* }
            }

            /// Returns the statistic that counts.
            #[must_use]
            pub const fn figure(self) -> Figure {
                match self { $(Self::$name => Figure::$figure),* }
            }

            /// Returns the target.
            #[must_use]
            pub const fn target(self) -> Target {
                match self { $(Self::$name => $target),* }
            }
        }
    };
}

use Target::{AtLeast, AtMost, NoTarget};

measures! {
    Listening: "launch → listening", "ms", Median, AtMost(0.1);
    Code: "connect → code, cold", "ms", Median, AtMost(0.85);
    Ready: "launch → READY, linked", "ms", Median, AtMost(0.75);
    SendP50: "send, over the ack, p50", "ms", Median, AtMost(0.5);
    SendP99: "send, over the ack, p99", "ms", P99, AtMost(0.5);
    Rate8: "sends, 8 callers", "1/s", Median, AtLeast(2.0);
    Rate64: "sends, 64 callers", "1/s", Median, AtLeast(3.0);
    ProcessorPerSend: "CPU of a send, 64 callers", "ms", Median, NoTarget;
    InboundP50: "inbound, p50", "ms", Median, AtMost(1.0);
    InboundP99: "inbound, p99", "ms", P99, AtMost(1.0);
    ServiceMemory: "service, RSS at idle", "MiB", Median, AtMost(0.2);
    TreeMemory: "Chrome's tree at idle", "MiB", Median, AtMost(0.7);
    Processes: "its processes", "", Median, AtMost(0.7);
    Processor: "CPU at idle", "ms/s", Median, AtMost(0.5);
    ServiceGrowth: "service, growth", "MiB", Median, NoTarget;
    TreeGrowth: "Chrome's tree, growth", "MiB", Median, NoTarget;
}

impl Measure {
    /// Computes the measure's statistic of these samples; `None` if there are none.
    #[must_use]
    pub fn statistic(self, samples: &[f64]) -> Option<f64> {
        match self.figure() {
            Figure::Median => stats::median(samples),
            Figure::P99 => stats::percentile(samples, 0.99),
        }
    }
}

/// All samples so far.
#[derive(Debug, Default)]
pub struct Samples(std::collections::BTreeMap<(Measure, Contestant), Vec<f64>>);

impl Samples {
    /// Adds a sample.
    pub fn add(&mut self, measure: Measure, contestant: Contestant, value: f64) {
        self.0.entry((measure, contestant)).or_default().push(value);
    }

    /// Returns all samples of one measure.
    #[must_use]
    pub fn get(&self, measure: Measure, contestant: Contestant) -> &[f64] {
        self.0
            .get(&(measure, contestant))
            .map_or(&[], Vec::as_slice)
    }
}
