//! Subcommands of the binary other than serving: `doctor` and `import-node`.

pub mod doctor;
pub mod import_node;
