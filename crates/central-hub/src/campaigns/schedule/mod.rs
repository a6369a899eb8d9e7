//! When a campaign may write: weekdays, hours, dates, so many a day, a pause
//! between two messages.
//!
//! ```text
//!  now, zone ──┐
//!  schedules ──┼─> decide ─┬─> Send: this one's turn, so many today
//!  sent today ─┤           ├─> Wait: look again then, and why
//!  not before ─┘           └─> Over: nothing will ever be open again
//! ```
//!
//! Hours are the wall clock's in the business's zone. A window that goes over
//! midnight belongs to the day on which it begins; what is sent counts for
//! the day on which it is sent. Where the clock jumps forward, what it leaves
//! out is no time to write; where it is set back, a window is open once, from
//! its first beginning to its first end.

mod decide;
mod forecast;
mod rules;
mod window;

pub use decide::{Decision, Waiting, decide};
pub use forecast::forecast;
pub use rules::{BadRules, DEFAULT_QUOTA, LONGEST_PAUSE, Pause, Rules, Weekdays};
pub use window::{Window, midnight, window};
