//! Computes the sending windows of a campaign: when its schedules let it send
//! (weekdays, hours, dates, daily quota), with a random pause (jitter) between
//! messages.
//!
//! ```text
//!  now, zone ──┐
//!  schedules ──┼─> next_opening ─┬─> Send: by which schedule, how many today
//!  sent today ─┤                 ├─> Wait: until when, and why
//!  not before ─┘                 └─> Over: no window will ever open again
//! ```
//!
//! Hours are wall clock time in the business's time zone. A window past
//! midnight belongs to the day on which it begins; a message counts for the day
//! on which it is sent. Hours that a forward clock change skips are outside
//! every window. On a backward clock change, a window is open once, from its
//! first beginning to its first end.

mod forecast;
mod next_opening;
mod rules;
mod window;

pub use forecast::forecast;
pub use next_opening::{Decision, Waiting, next_opening};
pub use rules::{BadRules, DEFAULT_QUOTA, MAX_PAUSE_SECONDS, Pause, Rules, Weekdays};
pub use window::{Window, midnight, window};
