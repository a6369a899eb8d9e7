//! The end-to-end tests: the real binaries, real Chromium, and the stand-in of
//! WhatsApp. `docs/testing.md` has a table of what is tested where.
//!
//! One program, so that it is linked once; nextest gives each test a process of
//! its own. Long runs under faults and load are in `tests/lab`.

mod deploy;
mod docs;
mod hub;
mod inbound;
mod page;
mod sending;
mod session;
