//! Private folders and files: readable only by the service's user.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Mode;

/// From now on what this process creates, and what those create that it starts, is
/// for its user alone: as `UMask=0077` of the units, however it was started.
pub fn create_private_from_now_on() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Creates a folder, and missing ones above it, with mode 0700. An existing one
/// stays as it is.
///
/// # Errors
/// When it cannot be created, or is not a folder.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Creates an empty file if it is missing; sets mode 0600, also on an existing
/// one.
///
/// # Errors
/// When it cannot be created or written, or is another user's.
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
