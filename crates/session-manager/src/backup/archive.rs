//! Writes and restores the backup archive: a gzipped tar of the Chrome profile, encrypted with age.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use backup_files::OpenError;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{BackupError, BackupKey};
use crate::browser::{Profile, remove_tree};

/// The names of folders that Chrome recreates, and that a backup leaves out.
const RECREATED_FOLDERS: [&str; 12] = [
    "Cache",
    "Code Cache",
    "GPUCache",
    "DawnGraphiteCache",
    "DawnWebGPUCache",
    "GrShaderCache",
    "GraphiteDawnCache",
    "ShaderCache",
    "Crashpad",
    "BrowserMetrics",
    "component_crx_cache",
    "Safe Browsing",
];
/// The names of the profile folder and the linked marker in the archive.
const PROFILE: &str = "profile";
const MARKER: &str = "linked.json";
/// Limits of a restore, in bytes and in entries. They are many times the size of a profile without
/// its caches.
const MAX_RESTORED_BYTES: u64 = 16 * 1024 * 1024 * 1024;
const MAX_ENTRIES: usize = 1_000_000;

/// Writes the archive of the profile into `out`.
pub(super) fn write(profile: &Profile, key: &BackupKey, out: &File) -> io::Result<()> {
    let encrypted = backup_files::encrypt(key, out)?;
    let mut tar = tar::Builder::new(GzEncoder::new(encrypted, Compression::fast()));
    tar.follow_symlinks(false);
    append(&mut tar, &profile.user_data_dir(), Path::new(PROFILE))?;
    // The marker comes last, as in a restore: with it the session counts as linked.
    tar.append_path_with_name(profile.root().join(MARKER), MARKER)?;
    tar.into_inner()?.finish()?.finish()?.flush()
}

/// Appends the folder `from` under `name`, with its folders and files only.
fn append(tar: &mut tar::Builder<impl Write>, from: &Path, name: &Path) -> io::Result<()> {
    tar.append_dir(name, from)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let kind = entry.file_type()?;
        let archived_name = name.join(&file_name);
        if kind.is_dir() && !RECREATED_FOLDERS.iter().any(|folder| file_name == *folder) {
            append(tar, &entry.path(), &archived_name)?;
        } else if kind.is_file() {
            tar.append_path_with_name(entry.path(), archived_name)?;
        }
    }
    Ok(())
}

/// Replaces the profile with the session in `file`. Keeps the old profile next to it and returns
/// its path; `None` if there was none.
pub(super) fn restore(
    file: &Path,
    key: &BackupKey,
    profile: &Profile,
) -> Result<Option<PathBuf>, BackupError> {
    let root = profile.root();
    let unpacked = root.join("restore.new");
    let write_error = |error| BackupError::Write(root.to_owned(), error);
    remove_tree(&unpacked).map_err(write_error)?;
    let restored = unpack(file, key, &unpacked).and_then(|()| {
        if unpacked.join(MARKER).is_file() && unpacked.join(PROFILE).is_dir() {
            swap(profile, &unpacked).map_err(write_error)
        } else {
            Err(BackupError::NoSession(file.to_owned()))
        }
    });
    remove_tree(&unpacked).map_err(write_error)?;
    restored
}

/// Unpacks `file` into the new folder `into`.
fn unpack(file: &Path, key: &BackupKey, into: &Path) -> Result<(), BackupError> {
    let read_error = |error| BackupError::Read(file.to_owned(), error);
    let mut plain = backup_files::decrypt(key, file).map_err(|error| match error {
        OpenError::PublicKeyOnly => BackupError::PublicKeyOnly,
        OpenError::Read(error) => read_error(error),
        OpenError::Decrypt(error) => BackupError::Decrypt(file.to_owned(), error),
    })?;
    fs::create_dir(into).map_err(|error| BackupError::Write(into.to_owned(), error))?;
    let mut archive = tar::Archive::new(GzDecoder::new(&mut plain));
    archive.set_preserve_ownerships(false);
    let mut bytes_left = MAX_RESTORED_BYTES;
    for (number, entry) in archive.entries().map_err(read_error)?.enumerate() {
        let mut entry = entry.map_err(read_error)?;
        let foreign = |what| BackupError::Foreign(file.to_owned(), what);
        check_entry(&entry).map_err(foreign)?;
        bytes_left = bytes_left
            .checked_sub(entry.size())
            .filter(|_| number < MAX_ENTRIES)
            .ok_or(foreign("more entries or bytes than a profile has"))?;
        if !entry.unpack_in(into).map_err(read_error)? {
            return Err(foreign("a name that leads out of the archive"));
        }
    }
    // Read to the end: the last block proves that nothing is missing.
    backup_files::rest(&mut plain).map_err(read_error)
}

/// Checks that [`write()`] could have written the entry. Anyone who has the public half of a key
/// can create a file that decrypts, so decryption proves nothing: a link in such a file would make
/// Chrome write to the link's target.
fn check_entry(entry: &tar::Entry<'_, impl Read>) -> Result<(), &'static str> {
    let kind = entry.header().entry_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err("an entry that is neither a file nor a folder");
    }
    let Ok(path) = entry.path() else {
        return Err("an invalid name");
    };
    match path.starts_with(PROFILE) || (path == Path::new(MARKER) && kind.is_file()) {
        true => Ok(()),
        false => Err("an entry that is not of a session"),
    }
}

/// Swaps the profiles. The linked marker is removed first and restored last. So a crash in between
/// leaves a profile that requests a code, never a partial one that counts as linked.
fn swap(profile: &Profile, unpacked: &Path) -> io::Result<Option<PathBuf>> {
    let root = profile.root();
    let current = profile.user_data_dir();
    let aside = root.join("profile.before-restore");
    profile.forget_linked()?;
    let old_profile = if current.exists() {
        remove_tree(&aside)?;
        fs::rename(&current, &aside)?;
        Some(aside)
    } else {
        None
    };
    fs::rename(unpacked.join(PROFILE), &current)?;
    profile.remove_locks()?;
    File::open(root)?.sync_all()?;
    fs::rename(unpacked.join(MARKER), root.join(MARKER))?;
    File::open(root)?.sync_all()?;
    Ok(old_profile)
}
