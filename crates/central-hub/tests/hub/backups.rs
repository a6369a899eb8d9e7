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
        let own_processes = table.alive().filter(|process| {
            let tmp = process.environment_variable("TMPDIR");
            tmp.is_some_and(|tmp| Path::new(&tmp) == home)
        });
        own_processes.map(|process| process.pid).collect()
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_central-hub"))
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("TMPDIR", self.path("tmp"))
            .envs(variables.iter().copied())
            .output();
        let leftover_count = std::fs::read_dir(self.path("tmp")).unwrap().count();
        assert_eq!(leftover_count, 0, "{arguments:?} leaves nothing behind");
        assert_eq!(self.processes(), [0; 0], "{arguments:?}");
        let data = std::fs::read_dir(self.path("data")).into_iter().flatten();
        for entry in data.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.contains("partial"), "{arguments:?} left {name}");
        }
        output.unwrap()
    }

    /// Runs a command that succeeds, and returns its standard output.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.run_with(arguments, &[("BACKUP_KEY", &self.key)]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that fails, and returns its standard error.
    fn run_failing(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.run_with(arguments, variables);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Returns the files that exist, with the contents of the backups.
    fn stored(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut files = Vec::new();
        for folder in ["", "data", "backups"] {
            for entry in std::fs::read_dir(self.path(folder)).unwrap().flatten() {
                let is_backup = folder == "backups";
                let contents = is_backup.then(|| std::fs::read(entry.path()).unwrap());
                files.push((entry.path(), contents));
            }
        }
        files.sort();
        files
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
    let unused_url = FakeSessionManager::unused_url().await;
    let hub = Hub::start_on(&machine.url(), &unused_url, &[]).await;
    add_campaign(&hub).await;
    let output = machine.run(&["backup"]);
    assert!(
        output.contains("opened and whole: 0 messages, 1 campaigns"),
        "{output}"
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
    let output = machine.run(&["drill"]);
    assert_eq!(machine.stored(), before, "the drill must change no file");
    assert!(
        output.contains("opens, is whole, and a hub starts on it: 0 messages, 1 campaigns"),
        "{output}"
    );
    // A restore is rejected while the hub runs.
    let file_path = file.display().to_string();
    let output = machine.run_failing(&["restore", &file_path], &[("BACKUP_KEY", &machine.key)]);
    assert!(output.contains("is in use by pid "), "{output}");
    assert_eq!(campaigns(&hub).await, 2);
    hub.stop().await;
    let output = machine.run(&["restore", &file_path]);
    assert!(
        output.contains("1 campaigns") && output.contains("hub.db.before-restore"),
        "{output}"
    );
    let hub = Hub::start_on(&machine.url(), &unused_url, &[]).await;
    assert_eq!(campaigns(&hub).await, 1);
    hub.stop().await;
    // The replaced database is intact.
    let before = format!(
        "sqlite:{}",
        machine.path("data/hub.db.before-restore").display()
    );
    let hub = Hub::start_on(&before, &unused_url, &[]).await;
    assert_eq!(campaigns(&hub).await, 2);
    hub.stop().await;
    // Restoring works on an empty machine.
    std::fs::remove_dir_all(machine.path("data")).unwrap();
    machine.run(&["restore", &file_path]);
    let hub = Hub::start_on(&machine.url(), &unused_url, &[]).await;
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
    let message = machine.run_failing(&["backup"], &[("BACKUP_KEY", key)]);
    assert!(message.contains("there is nothing to back up"), "{message}");
    let message = machine.run_failing(&["drill"], &[("BACKUP_KEY", key)]);
    assert!(message.contains("contains no backup"), "{message}");
    let hub = Hub::start_on(&machine.url(), &FakeSessionManager::unused_url().await, &[]).await;
    hub.stop().await;
    let message = machine.run_failing(&["backup"], &[]);
    assert!(
        message.contains("BACKUP_KEY is not set") && message.contains("--new-key"),
        "{message}"
    );
    // The public key can create backups, but not open them.
    let (_, public) = BackupKey::generate();
    let output = machine.run_with(&["backup"], &[("BACKUP_KEY", &public)]);
    let message = String::from_utf8(output.stdout).unwrap();
    assert!(
        message.contains("not opened: BACKUP_KEY is the public half"),
        "{message}"
    );
    let message = machine.run_failing(&["drill"], &[("BACKUP_KEY", &public)]);
    assert!(message.contains("AGE-SECRET-KEY-1"), "{message}");
    let message = machine.run_failing(&["drill"], &[("BACKUP_KEY", key)]);
    assert!(message.contains("another BACKUP_KEY"), "{message}");
    assert!(!message.contains(key), "{message}");
    machine.run(&["backup"]);
    let files = machine.backups();
    let whole = std::fs::read(&files[1]).unwrap();
    for at in [1, whole.len() / 2] {
        std::fs::write(&files[1], &whole).unwrap();
        damage(&files[1], at);
        let message = machine.run_failing(&["drill"], &[("BACKUP_KEY", key)]);
        assert!(message.contains("cannot be opened"), "{message}");
    }
    let before = std::fs::read(machine.path("data/hub.db")).unwrap();
    let file_path = files[1].display().to_string();
    machine.run_failing(&["restore", &file_path], &[("BACKUP_KEY", key)]);
    machine.run_failing(&["restore", "/nowhere"], &[("BACKUP_KEY", key)]);
    assert_eq!(std::fs::read(machine.path("data/hub.db")).unwrap(), before);
    assert!(!machine.path("data/hub.db.before-restore").exists());
    // Older backups are deleted.
    let few = [("BACKUP_KEY", key), ("BACKUP_KEEP", "1")];
    assert!(machine.run_with(&["backup"], &few).status.success());
    assert_eq!(machine.backups().len(), 1);
    // Both services share one key.
    let message =
        String::from_utf8(machine.run_with(&["backup", "--new-key"], &[]).stdout).unwrap();
    assert!(
        message.starts_with("BACKUP_KEY=AGE-SECRET-KEY-1"),
        "{message}"
    );
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
    let output = machine.run_failing(&["backup"], &[("BACKUP_KEY", &machine.key)]);
    assert!(output.contains("hub.db"), "{output}");
    assert!(machine.backups().is_empty());
}

#[test]
fn postgresql_is_referred_to_its_own_backup_tools() {
    let machine = Machine::new();
    let database = Database::postgres();
    let url = database.url();
    let variables = [("DATABASE_URL", url.as_str()), ("BACKUP_KEY", &machine.key)];
    for arguments in [&["backup"][..], &["drill"], &["restore", "x"]] {
        let output = machine.run_failing(arguments, &variables);
        assert!(output.contains("pg_dump"), "{output}");
    }
}
