//! Subcommands of the binary, besides serving: `alert`, `backup`, `restore`, `drill`,
//! `doctor` and `import-node`.

pub mod alert;
pub mod backup;
pub mod doctor;
pub mod import_node;
