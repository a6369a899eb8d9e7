//! Implements the subcommands of the binary: `backup`, `restore`, `doctor`, `link`.

pub mod backup;
pub mod doctor;
pub mod link;
mod local_client;
