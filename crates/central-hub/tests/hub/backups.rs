//! Tests of `central-hub backup`, `restore` and `drill` as processes: a backup
//! is restored, damage is reported, and no files are left behind.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use backup_files::BackupKey;
use scratch_database::Database;
use serde_json::{Value, json};
use service_runtime::process::ProcessTable;
use tempfile::TempDir;

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, ask, get};

struct Machine {
    home: TempDir,
    key: String,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        let (key, _) = BackupKey::generate();
        Self { home, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path("data/hub.db").display())
    }

    /// Returns the processes that were started by a command of this test.
    fn processes(&self) -> Vec<i32> {
        let home = self.path("tmp");
        let table = ProcessTable::scan().unwrap();
        let here = table.alive().filter(|process| {
            let tmp = process.environment_variable("TMPDIR");
            tmp.is_some_and(|tmp| Path::new(&tmp) == home)
        });
        here.map(|process| process.pid).collect()
    }

    fn with(&self, words: &[&str], variables: &[(&str, &str)]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_central-hub"))
            .args(words)
            .current_dir(self.home.path())
            .env_clear()
            .env("TMPDIR", self.path("tmp"))
            .envs(variables.iter().copied())
            .output();
        let left = std::fs::read_dir(self.path("tmp")).unwrap().count();
        assert_eq!(left, 0, "{words:?} leaves nothing behind");
        assert_eq!(self.processes(), [0; 0], "{words:?}");
        let data = std::fs::read_dir(self.path("data")).into_iter().flatten();
        for entry in data.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.contains("partial"), "{words:?} left {name}");
        }
        output.unwrap()
    }

    /// Runs a command that succeeds, and returns its standard output.
    fn run(&self, words: &[&str]) -> String {
        let output = self.with(words, &[("BACKUP_KEY", &self.key)]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that fails, and returns its standard error.
    fn fails(&self, words: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.with(words, variables);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Returns the files that exist, with the contents of the backups.
    fn stored(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut all = Vec::new();
        for folder in ["", "data", "backups"] {
            for entry in std::fs::read_dir(self.path(folder)).unwrap().flatten() {
                let is_backup = folder == "backups";
                let held = is_backup.then(|| std::fs::read(entry.path()).unwrap());
                all.push((entry.path(), held));
            }
        }
        all.sort();
        all
    }

    fn backups(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path("backups"))
            .into_iter()
            .flatten();
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        files
    }
}

async fn campaigns(hub: &Hub) -> usize {
    let body: Value = get(hub, "/api/sender/campaigns").await;
    body.as_array().unwrap().len()
}

async fn add_campaign(hub: &Hub) {
    let body = json!({"nombre": "Mayo", "mensaje": "Hola"});
    let (status, body) = ask(hub, "POST", "/api/sender/campaigns", Some(&body)).await;
    assert_eq!(status, 201, "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn running_hub_is_backed_up_verified_and_restored() {
    let machine = Machine::new();
    let nowhere = FakeSessionManager::nowhere().await;
    let hub = Hub::start_on(&machine.url(), &nowhere, &[]).await;
    add_campaign(&hub).await;
    let said = machine.run(&["backup"]);
    assert!(
        said.contains("opened and whole: 0 messages, 1 campaigns"),
        "{said}"
    );
    let file = machine.backups().remove(0);
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        name.starts_with("hub-") && name.ends_with(".db.gz.age"),
        "{name}"
    );
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(
        machine.path("backups").metadata().unwrap().mode() & 0o777,
        0o700
    );
    // Later changes are not in the backup; the drill reports the backup's contents.
    add_campaign(&hub).await;
    let before = machine.stored();
    let said = machine.run(&["drill"]);
    assert_eq!(machine.stored(), before, "as it was");
    assert!(
        said.contains("opens, is whole, and a hub starts on it: 0 messages, 1 campaigns"),
        "{said}"
    );
    // A restore is rejected while the hub runs.
    let shown = file.display().to_string();
    let said = machine.fails(&["restore", &shown], &[("BACKUP_KEY", &machine.key)]);
    assert!(said.contains("is in use by pid "), "{said}");
    assert_eq!(campaigns(&hub).await, 2);
    hub.stop().await;
    let said = machine.run(&["restore", &shown]);
    assert!(
        said.contains("1 campaigns") && said.contains("hub.db.before-restore"),
        "{said}"
    );
    let hub = Hub::start_on(&machine.url(), &nowhere, &[]).await;
    assert_eq!(campaigns(&hub).await, 1);
    hub.stop().await;
    // The replaced database is intact.
    let before = format!(
        "sqlite:{}",
        machine.path("data/hub.db.before-restore").display()
    );
    let hub = Hub::start_on(&before, &nowhere, &[]).await;
    assert_eq!(campaigns(&hub).await, 2);
    hub.stop().await;
    // Restoring works on an empty machine.
    std::fs::remove_dir_all(machine.path("data")).unwrap();
    machine.run(&["restore", &shown]);
    let hub = Hub::start_on(&machine.url(), &nowhere, &[]).await;
    assert_eq!(campaigns(&hub).await, 1);
    hub.stop().await;
}

fn damage(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes.len() - at;
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_backups_are_rejected_without_changes() {
    let machine = Machine::new();
    let key = machine.key.as_str();
    let said = machine.fails(&["backup"], &[("BACKUP_KEY", key)]);
    assert!(said.contains("there is nothing to back up"), "{said}");
    let said = machine.fails(&["drill"], &[("BACKUP_KEY", key)]);
    assert!(said.contains("contains no backup"), "{said}");
    let hub = Hub::start_on(&machine.url(), &FakeSessionManager::nowhere().await, &[]).await;
    hub.stop().await;
    let said = machine.fails(&["backup"], &[]);
    assert!(
        said.contains("BACKUP_KEY is not set") && said.contains("--new-key"),
        "{said}"
    );
    // The public key can create backups, but not open them.
    let (_, public) = BackupKey::generate();
    let output = machine.with(&["backup"], &[("BACKUP_KEY", &public)]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("not opened: BACKUP_KEY is the public half"),
        "{said}"
    );
    let said = machine.fails(&["drill"], &[("BACKUP_KEY", &public)]);
    assert!(said.contains("AGE-SECRET-KEY-1"), "{said}");
    let said = machine.fails(&["drill"], &[("BACKUP_KEY", key)]);
    assert!(said.contains("another BACKUP_KEY"), "{said}");
    assert!(!said.contains(key), "{said}");
    machine.run(&["backup"]);
    let files = machine.backups();
    let whole = std::fs::read(&files[1]).unwrap();
    for at in [1, whole.len() / 2] {
        std::fs::write(&files[1], &whole).unwrap();
        damage(&files[1], at);
        let said = machine.fails(&["drill"], &[("BACKUP_KEY", key)]);
        assert!(said.contains("cannot be opened"), "{said}");
    }
    let before = std::fs::read(machine.path("data/hub.db")).unwrap();
    let shown = files[1].display().to_string();
    machine.fails(&["restore", &shown], &[("BACKUP_KEY", key)]);
    machine.fails(&["restore", "/nowhere"], &[("BACKUP_KEY", key)]);
    assert_eq!(std::fs::read(machine.path("data/hub.db")).unwrap(), before);
    assert!(!machine.path("data/hub.db.before-restore").exists());
    // Older backups are deleted.
    let few = [("BACKUP_KEY", key), ("BACKUP_KEEP", "1")];
    assert!(machine.with(&["backup"], &few).status.success());
    assert_eq!(machine.backups().len(), 1);
    // Both services share one key.
    let said = String::from_utf8(machine.with(&["backup", "--new-key"], &[]).stdout).unwrap();
    assert!(said.starts_with("BACKUP_KEY=AGE-SECRET-KEY-1"), "{said}");
}

#[test]
fn damaged_database_is_not_backed_up() {
    let machine = Machine::new();
    std::fs::create_dir(machine.path("data")).unwrap();
    std::fs::write(
        machine.path("data/hub.db"),
        "no database at all, but long enough",
    )
    .unwrap();
    let said = machine.fails(&["backup"], &[("BACKUP_KEY", &machine.key)]);
    assert!(said.contains("hub.db"), "{said}");
    assert!(machine.backups().is_empty());
}

#[test]
fn postgresql_is_referred_to_its_own_backup_tools() {
    let machine = Machine::new();
    let database = Database::postgres();
    let url = database.url();
    let variables = [("DATABASE_URL", url.as_str()), ("BACKUP_KEY", &machine.key)];
    for words in [&["backup"][..], &["drill"], &["restore", "x"]] {
        let said = machine.fails(words, &variables);
        assert!(said.contains("pg_dump"), "{said}");
    }
}
