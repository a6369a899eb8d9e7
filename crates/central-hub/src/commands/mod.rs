//! Subcommands of the binary other than serving: `alert`, `backup`, `restore`,
//! `drill`, `doctor`, `new-keys` and `import-node`.

pub mod alert;
pub mod backup;
pub mod doctor;
pub mod import_node;
pub mod new_keys;
