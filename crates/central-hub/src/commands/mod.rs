//! Subcommands of the binary, besides serving: `doctor` and `import-node`.

pub mod doctor;
pub mod import_node;
