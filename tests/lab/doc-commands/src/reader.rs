//! Simulates a reader who types the commands of a document and checks their output.

use tokio::time::{Duration, Instant, sleep};

use super::{Checkout, Command, CommandOutput, Stream, matches};
use harness::PATIENCE;

/// The commands that may end with an exit code other than 0, with that code.
const TOLERATED: [(&str, i32); 3] = [
    // A warning: no phone is linked yet.
    ("deploy/healthcheck hourly", 1),
    // Warnings: it runs as root, keeps no backups, and has no password.
    (" doctor", 1),
    // Nothing was found, which is the desired result.
    ("grep -E '\"(WARN|ERROR)\"|FATAL'", 1),
];

/// A reader of a document.
#[derive(Debug)]
pub struct Reader {
    /// A long-running command in a separate terminal. It is ended before its folder is removed.
    pub terminal: Option<Stream>,
    /// The checkout in which the reader types.
    pub checkout: Checkout,
}

impl Reader {
    /// Creates a reader in this checkout.
    #[must_use]
    pub const fn new(checkout: Checkout) -> Self {
        Self {
            terminal: None,
            checkout,
        }
    }

    /// Types one command. A query is repeated until its output matches the document. Returns the
    /// output.
    pub async fn type_command(&mut self, command: &Command) -> CommandOutput {
        let text = &command.text;
        if text.starts_with("cargo xtask up") {
            return self.start_in_terminal(text).await;
        }
        if text.starts_with("pm2 logs") && !text.contains("--nostream") {
            let mut stream = self.checkout.start_stream(text);
            stream
                .wait_for_output(|output| output.contains("listening on"))
                .await;
            let (code, text) = (0, String::new());
            return CommandOutput { code, text };
        }
        if text.starts_with("curl -N") {
            let shown = command.shown.clone().unwrap_or_default();
            let mut stream = self.checkout.start_stream(text);
            stream
                .wait_for_output(|output| matches(&shown, output))
                .await;
            let (code, text) = (0, String::new());
            return CommandOutput { code, text };
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let output = self.checkout.run(text).await;
            let Err(mismatch) = self.check_output(command, &output) else {
                self.remember_values(&output.text);
                return output;
            };
            assert!(
                is_query(text) && Instant::now() < deadline,
                "{}, {}: {}\n{mismatch} ({})\n{}",
                command.document,
                command.heading,
                self.checkout.adapt(text),
                output.code,
                output.text
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Starts the services in a separate terminal, and waits until they print where to look.
    async fn start_in_terminal(&mut self, text: &str) -> CommandOutput {
        let mut stream = self.checkout.start_stream(text);
        let last = format!(
            "curl http://127.0.0.1:{}/api/health",
            self.checkout.ports[1]
        );
        stream
            .wait_for_output(|output| output.contains(&last))
            .await;
        assert!(
            self.terminal.replace(stream).is_none(),
            "another command is running already"
        );
        let (code, text) = (0, String::new());
        CommandOutput { code, text }
    }

    fn check_output(&self, command: &Command, output: &CommandOutput) -> Result<(), String> {
        let tolerated =
            |(part, code): &(&str, i32)| command.text.contains(part) && output.code == *code;
        if output.code != 0 && !TOLERATED.iter().any(tolerated) {
            return Err("the command failed".to_owned());
        }
        let shown = command.shown.as_deref().unwrap_or_default();
        let shown = self.checkout.adapt(shown);
        if !matches(&shown, &output.text) {
            return Err(format!("the output differs from the document: {shown}"));
        }
        let error_field = "\"error\":true";
        if output.text.contains(error_field) && !shown.contains(error_field) {
            return Err("the response is an error".to_owned());
        }
        Ok(())
    }

    /// Remembers what a user would type in place of `…` from now on.
    fn remember_values(&mut self, output: &str) {
        for (prefix, placeholder, kept_prefix) in [
            ("BACKUP_KEY=AGE-", "AGE-SECRET-KEY-1…", "AGE-"),
            ("\"token\":\"lm_", "lm_…", "lm_"),
            ("\"file_id\":\"", "<file_id>", ""),
            ("backups/session-", "session-….tar.gz.age", "session-"),
        ] {
            if let Some((_, rest)) = output.split_once(prefix) {
                let word = rest.split(['"', ',', '\n']).next().unwrap_or_default();
                self.checkout
                    .replace(placeholder, format!("{kept_prefix}{word}"));
            }
        }
    }
}

/// Returns whether a command changes nothing, so that it can be repeated.
fn is_query(text: &str) -> bool {
    let changes = ["-X ", "-d ", "-F ", "--data", "send "];
    let queries = ["curl ", "cargo xtask status"];
    queries.iter().any(|word| text.starts_with(word))
        && !changes.iter().any(|change| text.contains(change))
}
