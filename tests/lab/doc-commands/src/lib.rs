//! Runs the commands of the documents, as a user types them.
//!
//! ```text
//!  docs/**.md ─> Command, one by one ─> bash, in a folder that looks like a checkout
//!                  │ expected output                 │ its output
//!                  └────────────> equal except times and ids <──────┘
//! ```
//!
//! One shell runs a whole document, so that the variables, functions and files of a command
//! (`hub=…`) are available to the next.

mod checkout;
mod document;
mod expected_output;
mod reader;
mod shell;

pub use checkout::Checkout;
pub use document::{Command, commands, documents};
pub use expected_output::matches;
pub use reader::Reader;
pub use shell::{CommandOutput, Stream};
