//! Tests backups of the linked session: they are taken from a running or a stopped service, and
//! restored into an empty folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use harness::standin::{LeadMessage, Settings, Standin};
use harness::{
    Events, Manager, ManagerOptions, PasskeyBrowser, Scratch, WhatsappName, binary, poll,
    processes, send_request, start_standin,
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

async fn start_linked_for_backup(standin: &Standin, options: ManagerOptions) -> (Manager, PathBuf) {
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
async fn run_command(
    arguments: &[&str],
    variables: &[(&str, &str)],
    folder: &Path,
) -> (bool, String) {
    let output = Command::new(binary("session-manager"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8(text).expect("UTF-8"),
    )
}

/// Generates a key. Returns its secret half and its public half.
async fn new_key() -> (String, String) {
    let folder = Scratch::default();
    let (succeeded, output) = run_command(&["backup", "--new-key"], &[], folder.path()).await;
    assert!(succeeded, "{output}");
    let key_after = |prefix: &str| {
        let mut arguments = output.split_whitespace();
        let key_after = arguments.find_map(|key_after| key_after.strip_prefix(prefix));
        key_after.expect("a key").to_owned()
    };
    (
        key_after("BACKUP_KEY="),
        format!("age1{}", key_after("age1")),
    )
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

async fn send(manager: &Manager, key: &str) -> (u16, Value) {
    let body = json!({"to": LEAD, "message": format!("hola {key}")});
    let request = manager.client().post(manager.url("/send")).json(&body);
    send_request(request.header("Idempotency-Key", key)).await
}

#[tokio::test]
async fn backup_restored_elsewhere_is_linked_and_sends_go_once_meanwhile() {
    let standin = start_standin(Settings::default()).await;
    let (key, _) = new_key().await;
    let (mut manager, _) = start_linked_for_backup(&standin, options(&key)).await;
    let keys: Vec<String> = (0..6).map(|n| format!("key-{n}")).collect();
    let sending = async {
        for key in &keys {
            // Repeat the same key until the message is sent, whatever the responses are.
            poll::until(format!("{key} to be sent"), async || {
                (send(&manager, key).await.0 == 200).then_some(())
            })
            .await;
        }
    };
    let backup = manager.post("/backup", &json!(null));
    let ((status, body), ()) = tokio::join!(backup, sending);
    assert_eq!(status, 200, "{body}");
    let file = PathBuf::from(body["file"].as_str().unwrap());
    assert_eq!(file.metadata().unwrap().len(), body["bytes"]);
    manager.wait_for_state("READY").await;
    let session = manager.session().await;
    assert_eq!(
        session["restarts"]["total"], 0,
        "a backup must not count as a crash"
    );
    let arrived: Vec<_> = standin
        .phone()
        .messages()
        .into_iter()
        .filter(|message| message.body.starts_with("hola key-"))
        .collect();
    assert_eq!(arrived.len(), keys.len(), "{arrived:#?}");
    assert!(manager.stop().await.success());

    let other_folder = Scratch::default();
    let tokens = other_folder.join("tokens").display().to_string();
    let variables = [("TOKENS_DIR", tokens.as_str()), ("BACKUP_KEY", &key)];
    let arguments = ["restore", file.to_str().unwrap()];
    let (succeeded, output) = run_command(&arguments, &variables, other_folder.path()).await;
    assert!(succeeded && output.contains("restored into"), "{output}");
    let options = ManagerOptions::default().with("WHATSAPP_WEB_URL", standin.web_url());
    let mut restored = Manager::start_in(other_folder, options).await;
    restored.wait_for_state("READY").await;
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
    let standin = start_standin(Settings::default()).await;
    let (key, _) = new_key().await;
    let options = options(&key).with("BACKUP_EVERY_HOURS", 24);
    let (mut manager, backups) = start_linked_for_backup(&standin, options).await;
    poll::until("the first backup", async || {
        let files = files(&backups);
        let is_complete =
            |file: &PathBuf| file.extension().is_some_and(|extension| extension == "age");
        (files.len() == 1 && files.iter().all(is_complete)).then_some(())
    })
    .await;
    manager.wait_for_state("READY").await;
    let log = manager.service.output();
    assert!(log.contains("the session was backed up"), "{log}");
    assert!(!log.contains(&key) && log.contains("BACKUP_KEY=***"));
    manager.stop().await;
}

#[tokio::test]
async fn backup_command_works_with_and_without_a_running_service() {
    let standin = start_standin(Settings::default()).await;
    let (key, public) = new_key().await;
    let (mut manager, backups) = start_linked_for_backup(&standin, options(&public)).await;
    let port = manager.service.url.rsplit(':').next().unwrap().to_owned();
    let tokens = manager.tokens().display().to_string();
    let folder = backups.display().to_string();
    let variables = [
        ("TOKENS_DIR", tokens.as_str()),
        ("BACKUP_DIR", folder.as_str()),
        ("BACKUP_KEY", public.as_str()),
        ("PORT", port.as_str()),
    ];
    let data_folder = manager.folder.path();
    let (succeeded, output) = run_command(&["backup"], &variables, data_folder).await;
    assert!(succeeded && output.contains(".tar.gz.age"), "{output}");
    manager.wait_for_state("READY").await;
    let (succeeded, output) = run_command(&["restore", "x"], &variables, data_folder).await;
    assert!(
        !succeeded && output.contains("stop the service first"),
        "{output}"
    );

    manager.stop().await;
    let data_folder = manager.folder.path();
    let (succeeded, output) = run_command(&["backup"], &variables, data_folder).await;
    assert!(succeeded && output.contains(".tar.gz.age"), "{output}");
    let created = files(&backups);
    assert_eq!(created.len(), 2, "{created:?}");
    let arguments = ["restore", created[0].to_str().unwrap()];
    let (succeeded, output) = run_command(&arguments, &variables, data_folder).await;
    assert!(!succeeded && output.contains("public half"), "{output}");
    let (other_key, _) = new_key().await;
    let variables = [("TOKENS_DIR", tokens.as_str()), ("BACKUP_KEY", &other_key)];
    let (succeeded, output) = run_command(&arguments, &variables, data_folder).await;
    assert!(
        !succeeded && output.contains("another BACKUP_KEY"),
        "{output}"
    );
    let variables = [("TOKENS_DIR", tokens.as_str()), ("BACKUP_KEY", &key)];
    let (succeeded, output) = run_command(&arguments, &variables, data_folder).await;
    assert!(
        succeeded && output.contains("profile.before-restore"),
        "{output}"
    );
    manager.restart().await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn backup_refusals_name_their_cause() {
    let standin = start_standin(Settings::default()).await;
    let (key, _) = new_key().await;
    let options = options(&key).with("WHATSAPP_WEB_URL", standin.web_url());
    let mut manager = Manager::start_in(Scratch::default(), options).await;
    let (status, body) = manager.post("/backup", &json!(null)).await;
    assert_eq!((status, &body["code"]), (409, &json!("BACKUP_UNAVAILABLE")));
    assert!(body["message"].as_str().unwrap().contains("no device"));
    manager.stop().await;

    let (mut manager, _) = start_linked_for_backup(&standin, ManagerOptions::default()).await;
    let (status, body) = manager.post("/backup", &json!(null)).await;
    assert_eq!((status, &body["code"]), (409, &json!("BACKUP_UNAVAILABLE")));
    assert!(body["message"].as_str().unwrap().contains("BACKUP_KEY"));
    manager.wait_for_state("READY").await;
    manager.stop().await;

    // If the folder is not writable, no file is left, and the session comes back.
    let (mut manager, _) = start_linked_for_backup(&standin, self::options(&key)).await;
    std::fs::write(manager.folder.join("backups"), "a file, not a folder").unwrap();
    let (status, body) = manager.post("/backup", &json!(null)).await;
    assert_eq!((status, &body["code"]), (503, &json!("BACKUP_FAILED")));
    manager.wait_for_state("READY").await;
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
        let stdout = server.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let number = lines.next_line().await.expect("a line").expect("a number");
        (Self(server), format!(":{number}"))
    }

    /// Ends the screen, so that it removes its lock.
    async fn end(mut self) {
        let pid = self.0.id().expect("a running process").cast_signed();
        let screen = Process::read(pid).expect("a running process");
        kill(screen.id(), Signal::TERM).expect("a signal");
        self.0.wait().await.expect("an exit status");
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
    let standin = start_standin(Settings {
        history: std::time::Duration::from_secs(2),
        passkey: true,
        ..Settings::default()
    })
    .await;
    let whatsapp = WhatsappName::serve(&standin).await;
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
    let (succeeded, output_text) = run_command(&["link"], &variables, desktop.path()).await;
    assert!(
        !succeeded && output_text.contains("there is no screen here"),
        "{output_text}"
    );

    let (screen, display) = Screen::new().await;
    variables.push(("DISPLAY", &display));
    let output = desktop.join("said");
    let output_text = || std::fs::read_to_string(&output).expect("the output");
    let output_file = std::fs::File::create(&output).expect("a file");
    let mut link_process = Command::new(binary("session-manager"))
        .arg("link")
        .current_dir(desktop.path())
        .env_clear()
        .envs(variables.iter().copied())
        .stdout(output_file.try_clone().expect("a second descriptor"))
        .stderr(output_file)
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    // A person scans when the program says so.
    poll::until("the request to scan", async || {
        output_text().contains("scan the code").then_some(())
    })
    .await;
    let mut browser = PasskeyBrowser::attach(&desktop.join("tokens/profile")).await;
    assert_eq!(browser.root_attribute("data-extension").await, "runs");
    browser.create_passkey_for(&standin.phone()).await;
    poll::until("a code to scan", async || {
        standin.phone().scan_current().ok()
    })
    .await;
    // The person continues in the window when WhatsApp asks for it.
    poll::until("the request to continue", async || {
        output_text()
            .contains("asks for the account's passkey")
            .then_some(())
    })
    .await;
    browser.press("shortcake_passkey_continue_button").await;
    browser.close().await;
    let succeeded = link_process.wait().await.expect("an exit status").success();
    let output_text = output_text();
    assert!(succeeded, "{output_text}");
    for arguments in [
        "scan the code",
        "linked and synced",
        "session-manager restore",
    ] {
        assert!(
            output_text.contains(arguments),
            "{arguments}: {output_text}"
        );
    }
    assert_eq!(standin.phone().passkey_refusals(), [""; 0]);
    processes::assert_none_left(&desktop.join("tokens")).await;
    screen.end().await;
    // Otherwise the phone would unlink the device before the server has it, or the server could not
    // write to new people.
    let device = standin.phone().state().devices.remove(0);
    assert!(device.whats_new_seen, "{output_text}");
    assert!(device.has_history, "{output_text}");
    // Messages that arrive during the move are new to the server.
    let lead = LeadMessage::text("5491155550001", "mientras viajaba");
    standin.phone().lead_message(&lead).expect("a message");
    let (succeeded, second_output) = run_command(&["link"], &variables, desktop.path()).await;
    assert!(
        !succeeded && second_output.contains("already holds a linked session"),
        "{second_output}"
    );

    let server = Scratch::default();
    let server_tokens = server.join("tokens").display().to_string();
    let backup = files(&backups).pop().expect("a backup");
    let variables = [
        ("TOKENS_DIR", server_tokens.as_str()),
        ("BACKUP_KEY", key.as_str()),
    ];
    let file = backup.display().to_string();
    let (succeeded, output_text) =
        run_command(&["restore", &file], &variables, server.path()).await;
    assert!(succeeded, "{output_text}");
    // The service uses a headless Chrome, in which WhatsApp does not ask for the passkey again.
    let options = whatsapp
        .options()
        .with("BACKUP_KEY", &key)
        .with("BACKUP_EVERY_HOURS", 0);
    let mut manager = Manager::start_in(server, options).await;
    manager.wait_for_state("READY").await;
    let (status, body) = send(&manager, "desktop").await;
    assert_eq!(status, 200, "{body}");
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    events
        .read_until(|event| event.name == "message" && event.data["body"] == "mientras viajaba")
        .await;
    let session = manager.session().await;
    let history = session["history"].as_array().expect("a history");
    assert!(
        history.iter().all(|entry| entry["to"] != "QR_REQUIRED"),
        "{history:#?}"
    );
    manager.stop().await;
}
