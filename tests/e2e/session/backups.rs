//! Tests backups of the linked session: they are taken from a running or a stopped service, and
//! restored into an empty folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use harness::standin::{LeadMessage, Settings, Standin};
use harness::{
    Events, Manager, ManagerOptions, Person, Scratch, WhatsappName, answer, binary, poll,
    processes, standin,
};
use serde_json::{Value, json};
use service_runtime::process::{Process, Signal, kill};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const LEAD: &str = "5491158254201";

fn options(key: &str) -> ManagerOptions {
    ManagerOptions::default()
        .with("BACKUP_KEY", key)
        .with("BACKUP_EVERY_HOURS", 0)
}

async fn started(standin: &Standin, options: ManagerOptions) -> (Manager, PathBuf) {
    let folder = Scratch::default();
    let backups = folder.join("backups");
    let options = options
        .with("BACKUP_DIR", backups.display())
        .with("WHATSAPP_WEB_URL", standin.web_url());
    let manager = Manager::start_in(folder, options).await;
    manager.link(standin).await;
    (manager, backups)
}

/// Runs `session-manager` with these arguments. Returns whether it succeeded, and its output.
async fn command(words: &[&str], variables: &[(&str, &str)], folder: &Path) -> (bool, String) {
    let output = Command::new(binary("session-manager"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8(said).expect("UTF-8"),
    )
}

/// Generates a key. Returns its secret half and its public half.
async fn new_key() -> (String, String) {
    let folder = Scratch::default();
    let (done, said) = command(&["backup", "--new-key"], &[], folder.path()).await;
    assert!(done, "{said}");
    let word = |begins: &str| {
        let mut words = said.split_whitespace();
        let word = words.find_map(|word| word.strip_prefix(begins));
        word.expect("a key").to_owned()
    };
    (word("BACKUP_KEY="), format!("age1{}", word("age1")))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

async fn send(manager: &Manager, key: &str) -> (u16, Value) {
    let body = json!({"to": LEAD, "message": format!("hola {key}")});
    let request = manager.client().post(manager.url("/send")).json(&body);
    answer(request.header("Idempotency-Key", key)).await
}

#[tokio::test]
async fn backup_restored_elsewhere_is_linked_and_sends_go_once_meanwhile() {
    let standin = standin(Settings::default()).await;
    let (key, _) = new_key().await;
    let (mut manager, _) = started(&standin, options(&key)).await;
    let keys: Vec<String> = (0..6).map(|n| format!("key-{n}")).collect();
    let sent = async {
        for key in &keys {
            // Repeat the same key until the message is sent, whatever the responses are.
            poll::until(format!("{key} to be sent"), async || {
                (send(&manager, key).await.0 == 200).then_some(())
            })
            .await;
        }
    };
    let taken = manager.post("/backup", &json!(null));
    let ((status, body), ()) = tokio::join!(taken, sent);
    assert_eq!(status, 200, "{body}");
    let file = PathBuf::from(body["file"].as_str().unwrap());
    assert_eq!(file.metadata().unwrap().len(), body["bytes"]);
    manager.until("READY").await;
    let session = manager.session().await;
    assert_eq!(session["restarts"]["total"], 0, "a backup is no crash");
    let arrived: Vec<_> = standin
        .phone()
        .messages()
        .into_iter()
        .filter(|message| message.body.starts_with("hola key-"))
        .collect();
    assert_eq!(arrived.len(), keys.len(), "{arrived:#?}");
    assert!(manager.stop().await.success());

    let elsewhere = Scratch::default();
    let tokens = elsewhere.join("tokens").display().to_string();
    let variables = [("TOKENS_DIR", tokens.as_str()), ("BACKUP_KEY", &key)];
    let words = ["restore", file.to_str().unwrap()];
    let (done, said) = command(&words, &variables, elsewhere.path()).await;
    assert!(done && said.contains("restored into"), "{said}");
    let options = ManagerOptions::default().with("WHATSAPP_WEB_URL", standin.web_url());
    let mut restored = Manager::start_in(elsewhere, options).await;
    restored.until("READY").await;
    let history = restored.session().await["history"].clone();
    let history = history.as_array().unwrap();
    assert!(
        history.iter().all(|entry| entry["to"] != "QR_REQUIRED"),
        "{history:#?}"
    );
    assert_eq!(send(&restored, "restored").await.0, 200);
    restored.stop().await;
}

#[tokio::test]
async fn backup_is_taken_on_schedule() {
    let standin = standin(Settings::default()).await;
    let (key, _) = new_key().await;
    let options = options(&key).with("BACKUP_EVERY_HOURS", 24);
    let (mut manager, backups) = started(&standin, options).await;
    poll::until("the first backup", async || {
        let files = files(&backups);
        let whole = |file: &PathBuf| file.extension().is_some_and(|end| end == "age");
        (files.len() == 1 && files.iter().all(whole)).then_some(())
    })
    .await;
    manager.until("READY").await;
    let log = manager.service.output();
    assert!(log.contains("the session was backed up"), "{log}");
    assert!(!log.contains(&key) && log.contains("BACKUP_KEY=***"));
    manager.stop().await;
}

#[tokio::test]
async fn backup_command_works_with_and_without_a_running_service() {
    let standin = standin(Settings::default()).await;
    let (key, public) = new_key().await;
    let (mut manager, backups) = started(&standin, options(&public)).await;
    let port = manager.service.url.rsplit(':').next().unwrap().to_owned();
    let tokens = manager.tokens().display().to_string();
    let folder = backups.display().to_string();
    let variables = [
        ("TOKENS_DIR", tokens.as_str()),
        ("BACKUP_DIR", folder.as_str()),
        ("BACKUP_KEY", public.as_str()),
        ("PORT", port.as_str()),
    ];
    let home = manager.folder.path();
    let (done, said) = command(&["backup"], &variables, home).await;
    assert!(done && said.contains(".tar.gz.age"), "{said}");
    manager.until("READY").await;
    let (done, said) = command(&["restore", "x"], &variables, home).await;
    assert!(!done && said.contains("stop the service first"), "{said}");

    manager.stop().await;
    let home = manager.folder.path();
    let (done, said) = command(&["backup"], &variables, home).await;
    assert!(done && said.contains(".tar.gz.age"), "{said}");
    let made = files(&backups);
    assert_eq!(made.len(), 2, "{made:?}");
    let words = ["restore", made[0].to_str().unwrap()];
    let (done, said) = command(&words, &variables, home).await;
    assert!(!done && said.contains("public half"), "{said}");
    let (other, _) = new_key().await;
    let variables = [("TOKENS_DIR", tokens.as_str()), ("BACKUP_KEY", &other)];
    let (done, said) = command(&words, &variables, home).await;
    assert!(!done && said.contains("another BACKUP_KEY"), "{said}");
    let variables = [("TOKENS_DIR", tokens.as_str()), ("BACKUP_KEY", &key)];
    let (done, said) = command(&words, &variables, home).await;
    assert!(done && said.contains("profile.before-restore"), "{said}");
    manager.restart().await;
    manager.until("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn backup_refusals_name_their_cause() {
    let standin = standin(Settings::default()).await;
    let (key, _) = new_key().await;
    let options = options(&key).with("WHATSAPP_WEB_URL", standin.web_url());
    let mut manager = Manager::start_in(Scratch::default(), options).await;
    let (status, body) = manager.post("/backup", &json!(null)).await;
    assert_eq!((status, &body["code"]), (409, &json!("BACKUP_UNAVAILABLE")));
    assert!(body["message"].as_str().unwrap().contains("no device"));
    manager.stop().await;

    let (mut manager, _) = started(&standin, ManagerOptions::default()).await;
    let (status, body) = manager.post("/backup", &json!(null)).await;
    assert_eq!((status, &body["code"]), (409, &json!("BACKUP_UNAVAILABLE")));
    assert!(body["message"].as_str().unwrap().contains("BACKUP_KEY"));
    manager.until("READY").await;
    manager.stop().await;

    // If the folder is not writable, no file is left, and the session comes back.
    let (mut manager, _) = started(&standin, self::options(&key)).await;
    std::fs::write(manager.folder.join("backups"), "a file, not a folder").unwrap();
    let (status, body) = manager.post("/backup", &json!(null)).await;
    assert_eq!((status, &body["code"]), (503, &json!("BACKUP_FAILED")));
    manager.until("READY").await;
    manager.stop().await;
}

/// A screen without a monitor.
struct Screen(Child);

impl Screen {
    /// Starts a screen. Returns it with its name for `DISPLAY`.
    async fn new() -> (Self, String) {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1400x1000x24"])
            .args(["-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Xvfb (`cargo xtask setup` installs it)");
        let told = server.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(told).lines();
        let number = lines.next_line().await.expect("a line").expect("a number");
        (Self(server), format!(":{number}"))
    }

    /// Ends the screen, so that it removes its lock.
    async fn end(mut self) {
        let pid = self.0.id().expect("it runs").cast_signed();
        let screen = Process::read(pid).expect("it runs");
        kill(screen.id(), Signal::TERM).expect("a signal");
        self.0.wait().await.expect("its end");
    }
}

/// Makes an extension that marks WhatsApp's page, as a password manager's would.
fn extension(folder: &Path) {
    std::fs::create_dir(folder).expect("a folder");
    let manifest = json!({
        "manifest_version": 3,
        "name": "marks",
        "version": "1",
        "content_scripts": [{"matches": ["https://web.whatsapp.com/*"], "js": ["marks.js"]}],
    });
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).expect("a file");
    let script = "document.documentElement.setAttribute('data-extension', 'runs');";
    std::fs::write(folder.join("marks.js"), script).expect("a file");
}

/// Links, on a desktop, the phone of an account that requires a passkey, in a Chrome with a window
/// and DevTools' virtual authenticator. The server gets the session from a backup.
#[tokio::test]
async fn profile_linked_on_a_desktop_is_restored_on_a_server() {
    // The phone's deadline for the dialog is shorter than the move to the server takes.
    let standin = standin(Settings {
        history: std::time::Duration::from_secs(2),
        passkey: true,
        ..Settings::default()
    })
    .await;
    let whatsapp = WhatsappName::of(&standin).await;
    let (key, _) = new_key().await;
    let desktop = Scratch::default();
    let path = std::env::var("PATH").expect("PATH");
    let tokens = desktop.join("tokens").display().to_string();
    let backups = desktop.join("backups");
    let backup_dir = backups.display().to_string();
    let manager = desktop.join("password-manager");
    extension(&manager);
    // Without this feature, Chromium can load an unpacked extension by a flag.
    let args = format!(
        "{} --disable-features=DisableLoadExtensionCommandLineSwitch --load-extension={}",
        whatsapp.chrome_args(),
        manager.display()
    );
    let chromium = super::chromium_with_devtools(desktop.path());
    let mut variables = vec![
        ("PATH", path.as_str()),
        ("CHROME_BIN", chromium.as_str()),
        ("TOKENS_DIR", tokens.as_str()),
        ("BACKUP_DIR", backup_dir.as_str()),
        ("BACKUP_KEY", key.as_str()),
        ("WHATSAPP_WEB_URL", WhatsappName::URL),
        ("CHROME_ARGS", args.as_str()),
    ];
    let (done, said) = command(&["link"], &variables, desktop.path()).await;
    assert!(!done && said.contains("there is no screen here"), "{said}");

    let (screen, display) = Screen::new().await;
    variables.push(("DISPLAY", &display));
    let output = desktop.join("said");
    let said = || std::fs::read_to_string(&output).expect("what it said");
    let out = std::fs::File::create(&output).expect("a file");
    let mut linking = Command::new(binary("session-manager"))
        .arg("link")
        .current_dir(desktop.path())
        .env_clear()
        .envs(variables.iter().copied())
        .stdout(out.try_clone().expect("the file once more"))
        .stderr(out)
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    // A person scans when the program says so.
    poll::until("the word to scan", async || {
        said().contains("scan the code").then_some(())
    })
    .await;
    let mut person = Person::at(&desktop.join("tokens/profile")).await;
    assert_eq!(person.root_attribute("data-extension").await, "runs");
    person.create_for(&standin.phone()).await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    // The person continues in the window when WhatsApp asks for it.
    poll::until("the word to go on", async || {
        said()
            .contains("asks for the account's passkey")
            .then_some(())
    })
    .await;
    person.press("shortcake_passkey_continue_button").await;
    person.leave().await;
    let done = linking.wait().await.expect("it ends").success();
    let said = said();
    assert!(done, "{said}");
    for words in [
        "scan the code",
        "linked and synced",
        "session-manager restore",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(standin.phone().passkey_refusals(), [""; 0]);
    processes::none_left(&desktop.join("tokens")).await;
    screen.end().await;
    // Otherwise the phone would unlink the device before the server has it, or the server could not
    // write to new people.
    let device = standin.phone().state().devices.remove(0);
    assert!(device.whats_new_seen, "{said}");
    assert!(device.has_history, "{said}");
    // Messages that arrive during the move are news for the server.
    let lead = LeadMessage::text("5491155550001", "mientras viajaba");
    standin.phone().lead_message(&lead).expect("a message");
    let (done, again) = command(&["link"], &variables, desktop.path()).await;
    assert!(!done && again.contains("linked session already"), "{again}");

    let server = Scratch::default();
    let server_tokens = server.join("tokens").display().to_string();
    let taken = files(&backups).pop().expect("a backup");
    let variables = [
        ("TOKENS_DIR", server_tokens.as_str()),
        ("BACKUP_KEY", key.as_str()),
    ];
    let file = taken.display().to_string();
    let (done, said) = command(&["restore", &file], &variables, server.path()).await;
    assert!(done, "{said}");
    // The service uses a headless Chrome, in which WhatsApp does not ask for the passkey again.
    let options = whatsapp
        .options()
        .with("BACKUP_KEY", &key)
        .with("BACKUP_EVERY_HOURS", 0);
    let mut manager = Manager::start_in(server, options).await;
    manager.until("READY").await;
    let (status, body) = send(&manager, "desktop").await;
    assert_eq!(status, 200, "{body}");
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    events
        .until(|event| event.name == "message" && event.data["body"] == "mientras viajaba")
        .await;
    let session = manager.session().await;
    let history = session["history"].as_array().expect("a history");
    assert!(
        history.iter().all(|entry| entry["to"] != "QR_REQUIRED"),
        "{history:#?}"
    );
    manager.stop().await;
}
