//! Runs a person's browser with DevTools' virtual authenticator: a new browser, or one that a
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
pub struct Person {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    folder: Scratch,
}

impl Person {
    /// Opens a new browser on `whatsapp`.
    pub async fn of(whatsapp: WhatsappName) -> Self {
        let address = whatsapp.address().to_string();
        Self::start(&[("WHATSAPP", &address)]).await
    }

    /// Takes over the page that another program has opened, through the DevTools port of that
    /// Chromium's profile.
    pub async fn at(profile: &Path) -> Self {
        let file = profile.join("DevToolsActivePort");
        let port = poll::until("DevTools' port", async || {
            let told = std::fs::read_to_string(&file).ok()?;
            told.lines().next().map(str::to_owned)
        })
        .await;
        Self::start(&[("DEVTOOLS", &format!("http://127.0.0.1:{port}"))]).await
    }

    async fn start(variables: &[(&str, &str)]) -> Self {
        let folder = Scratch::default();
        let mut process = Command::new("node")
            .arg("person.mjs")
            .current_dir(node_scripts())
            .env("TMPDIR", folder.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node");
        let orders = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut person = Self {
            process,
            orders,
            answers,
            folder,
        };
        person.hear().await;
        person
    }

    async fn hear(&mut self) -> Value {
        let line = tokio::time::timeout(crate::PATIENCE, self.answers.next_line());
        let line = line.await.expect("an answer in time").expect("a line");
        let answer = line.expect("the script to go on");
        serde_json::from_str(&answer).expect("JSON")
    }

    async fn order(&mut self, order: Value) -> Value {
        let line = format!("{order}\n");
        let told = self.orders.write_all(line.as_bytes()).await;
        told.expect("the script to listen");
        self.hear().await
    }

    /// Makes the authenticator create a passkey for WhatsApp. Returns its id and its public key.
    pub async fn create(&mut self) -> (String, String) {
        let made = self.order(json!({"do": "create"})).await;
        let text = |name: &str| made[name].as_str().expect(name).to_owned();
        (text("credential_id"), text("public_key"))
    }

    /// Works like [`Self::create`], and adds the passkey to the account of `phone`. Returns its id.
    pub async fn create_for(&mut self, phone: &Phone) -> String {
        let (id, key) = self.create().await;
        phone.add_passkey(&id, &key).expect("a key of P-256");
        id
    }

    /// Makes the authenticator answer a body of `GET /passkey` with the passkey `id`, after
    /// `changes` to the request.
    ///
    /// # Errors
    /// The name of the error with which the browser refused.
    pub async fn answer(
        &mut self,
        asked: &Value,
        id: &str,
        changes: Value,
    ) -> Result<Value, String> {
        let mut options = asked["public_key"].clone();
        options["allowCredentials"] = json!([{"type": "public-key", "id": id}]);
        for (name, value) in changes.as_object().into_iter().flatten() {
            options[name] = value.clone();
        }
        let answer = self
            .order(json!({"do": "answer", "public_key": options}))
            .await;
        match answer["error"].as_str() {
            Some(name) => Err(name.to_owned()),
            None => Ok(answer),
        }
    }

    /// Sets whether the authenticator recognizes its owner from now on.
    pub async fn verifies(&mut self, does: bool) {
        self.order(json!({"do": "verifies", "does": does})).await;
    }

    /// Presses the page's button with this test id, once the button exists.
    pub async fn press(&mut self, test_id: &str) {
        self.order(json!({"do": "press", "test_id": test_id})).await;
    }

    /// Returns an attribute of the page's root element.
    pub async fn root_attribute(&mut self, name: &str) -> Value {
        let told = self.order(json!({"do": "attribute", "name": name})).await;
        told["value"].clone()
    }

    /// Closes the browser if it is a new one. Otherwise leaves it to the other program.
    pub async fn leave(mut self) {
        drop(self.orders);
        let ended = self.process.wait().await.expect("its end");
        assert!(ended.success(), "{ended}");
        processes::none_left(self.folder.path()).await;
    }
}
