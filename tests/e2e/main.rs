//! Runs the end-to-end tests: the real binaries, real Chromium, and the stand-in of WhatsApp.
//! `docs/testing.md` has a table of the tests by topic.
//!
//! All tests are in one program, so that it is linked only once; nextest runs each test in its own
//! process. Long runs under faults and load are in `tests/lab`.

mod deploy;
mod docs;
mod hub;
mod inbound;
mod page;
mod sending;
mod session;
