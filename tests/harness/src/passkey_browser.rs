//! Controls a browser with DevTools' virtual authenticator: a new browser, or one that another
//! program opened.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use whatsapp_standin::Phone;

use crate::{Scratch, WhatsappName, node_scripts, poll, processes};

/// A browser with an authenticator.
#[derive(Debug)]
pub struct PasskeyBrowser {
    process: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    folder: Scratch,
}

impl PasskeyBrowser {
    /// Opens a new browser on the page of `whatsapp`.
    pub async fn open(whatsapp: WhatsappName) -> Self {
        let address = whatsapp.address().to_string();
        Self::start(&[("WHATSAPP", &address)]).await
    }

    /// Takes over the page that another program has opened, through the DevTools port of that
    /// Chromium's profile.
    pub async fn attach(profile: &Path) -> Self {
        let file = profile.join("DevToolsActivePort");
        let port = poll::until("DevTools' port", async || {
            let text = std::fs::read_to_string(&file).ok()?;
            text.lines().next().map(str::to_owned)
        })
        .await;
        Self::start(&[("DEVTOOLS", &format!("http://127.0.0.1:{port}"))]).await
    }

    async fn start(variables: &[(&str, &str)]) -> Self {
        let folder = Scratch::default();
        let mut process = Command::new("node")
            .arg("passkey-browser.mjs")
            .current_dir(node_scripts())
            .env("TMPDIR", folder.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node");
        let commands = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut browser = Self {
            process,
            commands,
            answers,
            folder,
        };
        browser.read_answer().await;
        browser
    }

    async fn read_answer(&mut self) -> Value {
        let line = tokio::time::timeout(crate::PATIENCE, self.answers.next_line());
        let line = line.await.expect("an answer in time").expect("a line");
        let answer = line.expect("a running script");
        serde_json::from_str(&answer).expect("JSON")
    }

    async fn send_command(&mut self, command: Value) -> Value {
        let line = format!("{command}\n");
        let written = self.commands.write_all(line.as_bytes()).await;
        written.expect("a script that reads its input");
        self.read_answer().await
    }

    /// Makes the authenticator create a passkey for WhatsApp. Returns its id and its public key.
    pub async fn create_passkey(&mut self) -> (String, String) {
        let passkey = self.send_command(json!({"do": "create_passkey"})).await;
        let text = |name: &str| passkey[name].as_str().expect(name).to_owned();
        (text("credential_id"), text("public_key"))
    }

    /// Works like [`Self::create_passkey`], and adds the passkey to the account of `phone`. Returns
    /// its id.
    pub async fn create_passkey_for(&mut self, phone: &Phone) -> String {
        let (id, key) = self.create_passkey().await;
        phone.add_passkey(&id, &key).expect("a key of P-256");
        id
    }

    /// Makes the authenticator sign the request in a body of `GET /passkey` with the passkey `id`.
    /// `changes` replaces options of the request.
    ///
    /// # Errors
    /// The name of the error with which the browser refused.
    pub async fn sign_request(
        &mut self,
        request: &Value,
        id: &str,
        changes: Value,
    ) -> Result<Value, String> {
        let mut options = request["public_key"].clone();
        options["allowCredentials"] = json!([{"type": "public-key", "id": id}]);
        for (name, value) in changes.as_object().into_iter().flatten() {
            options[name] = value.clone();
        }
        let answer = self
            .send_command(json!({"do": "sign_request", "public_key": options}))
            .await;
        match answer["error"].as_str() {
            Some(name) => Err(name.to_owned()),
            None => Ok(answer),
        }
    }

    /// Sets whether the authenticator verifies its owner from now on.
    pub async fn set_user_verified(&mut self, is_verified: bool) {
        self.send_command(json!({"do": "set_user_verified", "is_verified": is_verified}))
            .await;
    }

    /// Presses the page's button with this test id, once the button exists.
    pub async fn press(&mut self, test_id: &str) {
        self.send_command(json!({"do": "press", "test_id": test_id}))
            .await;
    }

    /// Returns an attribute of the page's root element.
    pub async fn root_attribute(&mut self, name: &str) -> Value {
        let answer = self
            .send_command(json!({"do": "root_attribute", "name": name}))
            .await;
        answer["value"].clone()
    }

    /// Closes the browser if it is a new one. Otherwise leaves it to the other program.
    pub async fn close(mut self) {
        drop(self.commands);
        let status = self.process.wait().await.expect("its exit status");
        assert!(status.success(), "{status}");
        processes::assert_none_left(self.folder.path()).await;
    }
}
