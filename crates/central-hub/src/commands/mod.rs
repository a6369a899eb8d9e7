//! Subcommands of the binary, besides serving: `alert`, `doctor` and `import-node`.

pub mod alert;
pub mod doctor;
pub mod import_node;
