//! Sending windows: when the schedules of a campaign let it send (weekdays,
//! hours, dates, daily quota), and the random pause (jitter) between messages.
//!
//! ```text
//!  now, zone ──┐
//!  schedules ──┼─> next_opening ─┬─> Send: by which schedule, how many today
//!  sent today ─┤                 ├─> Wait: until when, and why
//!  not before ─┘                 └─> Over: no window will ever open again
//! ```
//!
//! Hours are the wall clock's in the business's zone. A window that goes over
//! midnight belongs to the day on which it begins; what is sent counts for
//! the day on which it is sent. Where the clock jumps forward, what it leaves
//! out is no time to write; where it is set back, a window is open once, from
//! its first beginning to its first end.

mod forecast;
mod next_opening;
mod rules;
mod window;

pub use forecast::forecast;
pub use next_opening::{Decision, Waiting, next_opening};
pub use rules::{BadRules, DEFAULT_QUOTA, LONGEST_PAUSE, Pause, Rules, Weekdays};
pub use window::{Window, midnight, window};
