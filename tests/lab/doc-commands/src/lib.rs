//! The commands of the documents, as a person types them.
//!
//! ```text
//!  docs/**.md ─> Command, one by one ─> bash, in a folder that looks like a checkout
//!                  │ what is shown below it          │ what it says
//!                  └────────────> the same, but for times and ids <─┘
//! ```
//!
//! The shell is one for a whole document, so what a command leaves there
//! (`hub=…`, a function, a file) is there for the next.

mod answer;
mod checkout;
mod document;
mod reader;
mod shell;

pub use answer::shows;
pub use checkout::Desk;
pub use document::{Command, commands, documents};
pub use reader::Reader;
pub use shell::{Said, Stream};
