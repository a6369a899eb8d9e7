use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000).unwrap()
}

struct Home {
    folder: tempfile::TempDir,
    backups: Backups,
    profile: Profile,
}

impl Home {
    /// Returns a linked profile that contains `text`.
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::new(folder.path().join("tokens"));
        profile.prepare().unwrap();
        let database = profile.user_data_dir().join("Default/IndexedDB");
        fs::create_dir_all(&database).unwrap();
        fs::write(database.join("000003.log"), text).unwrap();
        profile.remember_linked(at(0)).unwrap();
        let (secret, _) = BackupKey::generate();
        let backups = Backups {
            folder: folder.path().join("backups"),
            key: Some(BackupKey::parse(&secret).unwrap()),
            keep: 2,
        };
        Self {
            folder,
            backups,
            profile,
        }
    }

    fn stored_text(profile: &Profile) -> Option<String> {
        let file = profile.user_data_dir().join("Default/IndexedDB/000003.log");
        fs::read_to_string(file).ok()
    }
}

#[test]
fn restore_into_another_folder_leaves_caches_and_locks_out() {
    let home = Home::new("device");
    let data = home.profile.user_data_dir();
    fs::create_dir_all(data.join("Default/Code Cache/js")).unwrap();
    fs::write(data.join("Default/Code Cache/js/1"), "big").unwrap();
    symlink("host-1", data.join("SingletonLock")).unwrap();
    let taken = home.backups.take(&home.profile, at(1)).unwrap();
    let meta = fs::metadata(&taken.file).unwrap();
    assert_eq!((meta.mode() & 0o777, meta.len()), (0o600, taken.bytes));
    let mode = fs::metadata(&home.backups.folder).unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);

    let other = Profile::new(home.folder.path().join("elsewhere/tokens"));
    assert_eq!(home.backups.restore(&taken.file, &other).unwrap(), None);
    assert!(other.is_linked());
    assert_eq!(Home::stored_text(&other).as_deref(), Some("device"));
    let data = other.user_data_dir();
    assert!(!data.join("Default/Code Cache").exists());
    assert!(fs::symlink_metadata(data.join("SingletonLock")).is_err());
    let mode = fs::metadata(other.root()).unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn restore_keeps_the_replaced_profile() {
    let home = Home::new("old");
    let taken = home.backups.take(&home.profile, at(1)).unwrap();
    let file = home
        .profile
        .user_data_dir()
        .join("Default/IndexedDB/000003.log");
    fs::write(&file, "new").unwrap();
    let kept = home.backups.restore(&taken.file, &home.profile).unwrap();
    assert_eq!(Home::stored_text(&home.profile).as_deref(), Some("old"));
    let kept = kept.unwrap().join("Default/IndexedDB/000003.log");
    assert_eq!(fs::read_to_string(kept).unwrap(), "new");
}

#[test]
fn damaged_or_foreign_backup_restores_nothing() {
    let home = Home::new("device");
    let taken = home.backups.take(&home.profile, at(1)).unwrap();
    let intact = fs::read(&taken.file).unwrap();
    let damaged = home.folder.path().join("spoilt");
    let mut corrupted = intact.clone();
    *corrupted.last_mut().unwrap() ^= 1;
    for bytes in [&intact[..intact.len() - 1], &intact[..10], &corrupted[..]] {
        fs::write(&damaged, bytes).unwrap();
        home.backups.restore(&damaged, &home.profile).unwrap_err();
    }
    let mut other = home.backups.clone();
    other.key = Some(BackupKey::parse(&BackupKey::generate().0).unwrap());
    let error = other.restore(&taken.file, &home.profile).unwrap_err();
    assert!(matches!(error, BackupError::Decrypt(..)), "{error}");
    assert!(home.profile.is_linked());
    assert_eq!(Home::stored_text(&home.profile).as_deref(), Some("device"));
    assert!(!home.profile.root().join("restore.new").exists());
}

#[test]
fn public_key_makes_backups_and_opens_none() {
    let mut home = Home::new("device");
    let (secret, public) = BackupKey::generate();
    home.backups.key = Some(BackupKey::parse(&public).unwrap());
    let taken = home.backups.take(&home.profile, at(1)).unwrap();
    let refused = home.backups.restore(&taken.file, &home.profile);
    assert!(matches!(refused, Err(BackupError::PublicKeyOnly)));
    home.backups.key = Some(BackupKey::parse(&format!(" {secret}\n")).unwrap());
    home.backups.restore(&taken.file, &home.profile).unwrap();
    assert!(BackupKey::parse("hunter2").is_err());
}

#[test]
fn prune_keeps_the_configured_number_and_removes_partial_files() {
    let home = Home::new("device");
    fs::create_dir(&home.backups.folder).unwrap();
    let partial = home.backups.folder.join("session-1.partial");
    fs::write(&partial, "half").unwrap();
    fs::write(home.backups.folder.join("notes.txt"), "the operator's").unwrap();
    let files: Vec<_> = (1..=4)
        .map(|n| home.backups.take(&home.profile, at(n)).unwrap().file)
        .collect();
    assert_eq!(home.backups.backup_folder().files(), files[2..]);
    assert!(!partial.exists());
    assert!(home.backups.folder.join("notes.txt").exists());
    assert!(home.backups.newest().is_some());
}

#[test]
fn backup_needs_a_linked_session_and_a_key() {
    let mut home = Home::new("device");
    home.profile.forget_linked().unwrap();
    let refused = home.backups.take(&home.profile, at(1));
    assert!(matches!(refused, Err(BackupError::NotLinked)));
    home.backups.key = None;
    let refused = home.backups.take(&home.profile, at(1));
    assert!(matches!(refused, Err(BackupError::NoKey)));
    assert!(!home.backups.folder.exists());
}

/// The name, the kind, and the content or link target of an entry.
type Entry<'a> = (&'a str, tar::EntryType, &'a str);

/// Returns a file that decrypts with `key`, with these entries.
fn crafted_backup(key: &BackupKey, entries: &[Entry<'_>]) -> Vec<u8> {
    let recipient = key.recipient();
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
    let encrypted = encryptor.wrap_output(Vec::new()).unwrap();
    let gzip = flate2::write::GzEncoder::new(encrypted, flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, kind, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o4777);
        // Bypasses the library's own checks of names.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if kind.is_file() {
            header.set_size(text.len() as u64);
            header.set_cksum();
            tar.append(&header, text.as_bytes()).unwrap();
        } else {
            header.set_size(0);
            if !kind.is_dir() {
                header.set_link_name_literal(text).unwrap();
            }
            header.set_cksum();
            tar.append(&header, std::io::empty()).unwrap();
        }
    }
    let gzip = tar.into_inner().unwrap();
    gzip.finish().unwrap().finish().unwrap()
}

/// Checks that a crafted backup is rejected: the public half of a key is enough to create a file
/// that decrypts.
#[test]
fn crafted_backup_is_refused_and_touches_nothing_outside() {
    use tar::EntryType as Kind;
    let home = Home::new("device");
    let key = home.backups.key.clone().unwrap();
    let outside = home.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let outside_path = outside.to_str().unwrap();
    let marker = ("linked.json", Kind::Regular, "{}");
    let folder = ("profile/", Kind::Directory, "");
    let cases: &[(&str, &[Entry<'_>])] = &[
        (
            "neither",
            &[
                folder,
                ("profile/Default", Kind::Symlink, outside_path),
                ("profile/Default/x", Kind::Regular, "x"),
                marker,
            ],
        ),
        (
            "neither",
            &[folder, ("profile/x", Kind::Link, "/etc/hostname"), marker],
        ),
        ("neither", &[folder, ("profile/x", Kind::Fifo, ""), marker]),
        (
            "not of a session",
            &[folder, ("../outside/x", Kind::Regular, "x"), marker],
        ),
        (
            "leads out",
            &[
                folder,
                ("profile/../../outside/x", Kind::Regular, "x"),
                marker,
            ],
        ),
        (
            "not of a session",
            &[folder, ("outbox.db", Kind::Regular, "x"), marker],
        ),
        (
            "not of a session",
            &[folder, ("linked.json/x", Kind::Regular, "x")],
        ),
        (
            "not of a session",
            &[folder, ("linked.json/", Kind::Directory, "")],
        ),
        ("no linked session", &[marker]),
        ("no linked session", &[]),
    ];
    let file = home.folder.path().join("crafted");
    for (expected, entries) in cases {
        fs::write(&file, crafted_backup(&key, entries)).unwrap();
        let error = home.backups.restore(&file, &home.profile).unwrap_err();
        assert!(error.to_string().contains(expected), "{entries:?}: {error}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{entries:?}");
        assert!(home.profile.is_linked());
        assert_eq!(Home::stored_text(&home.profile).as_deref(), Some("device"));
        assert!(!home.profile.root().join("restore.new").exists());
    }
    // A file crafted this way without the foreign entry is accepted.
    let entries = [folder, ("profile/x", Kind::Regular, "x"), marker];
    fs::write(&file, crafted_backup(&key, &entries)).unwrap();
    home.backups.restore(&file, &home.profile).unwrap();
    let mode = fs::metadata(home.profile.user_data_dir().join("x"))
        .unwrap()
        .mode();
    assert_eq!(mode & 0o7000, 0, "no set-user-id from an archive");
}
