//! Creates private folders and files, which only the service's user can read.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Mode;

/// Sets the umask so that everything that this process and its children create is for its user
/// alone. The units' `UMask=0077` does the same, but this applies however the service is started.
pub fn create_private_from_now_on() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Creates a folder, and any missing parents, with mode 0700. Leaves an existing folder as it is.
///
/// # Errors
/// If it cannot be created, or is not a folder.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Creates an empty file if it is missing. Sets mode 0600, also on an existing file.
///
/// # Errors
/// If it cannot be created or written, or belongs to another user.
pub fn make_file(file: &Path) -> io::Result<()> {
    let opened = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)?;
    opened.set_permissions(Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn made_folders_and_files_are_private() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        let file = folder.join("c");
        for _ in 0..2 {
            make_folder(&folder).unwrap();
            make_file(&file).unwrap();
            assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
            std::fs::write(&file, "kept").unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        }
        make_file(&file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
        assert!(make_folder(&file).is_err());
    }
}
