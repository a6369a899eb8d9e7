//! Simulates a reader who types the commands of a document and checks their output.

use tokio::time::{Duration, Instant, sleep};

use super::{Command, Desk, Said, Stream, shows};
use harness::PATIENCE;

/// The commands that may end with another exit code than 0, with that code.
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
    /// The desk at which the reader types.
    pub desk: Desk,
}

impl Reader {
    /// Creates a reader at this desk.
    #[must_use]
    pub const fn at(desk: Desk) -> Self {
        Self {
            terminal: None,
            desk,
        }
    }

    /// Types one command. A query is repeated until its output matches the document. Returns the
    /// output.
    pub async fn types(&mut self, command: &Command) -> Said {
        let text = &command.text;
        if text.starts_with("cargo xtask up") {
            return self.in_a_terminal(text).await;
        }
        if text.starts_with("pm2 logs") && !text.contains("--nostream") {
            let mut stream = self.desk.begin(text);
            stream.until(|said| said.contains("listening on")).await;
            let (code, text) = (0, String::new());
            return Said { code, text };
        }
        if text.starts_with("curl -N") {
            let shown = command.shown.clone().unwrap_or_default();
            let mut stream = self.desk.begin(text);
            stream.until(|said| shows(&shown, said)).await;
            let (code, text) = (0, String::new());
            return Said { code, text };
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.desk.run(text).await;
            let Err(wrong) = self.judge(command, &said) else {
                self.learn(&said.text);
                return said;
            };
            assert!(
                only_asks(text) && Instant::now() < deadline,
                "{}, {}: {}\n{wrong} ({})\n{}",
                command.document,
                command.heading,
                self.desk.here(text),
                said.code,
                said.text
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Starts the services in a separate terminal, and waits until they print where to look.
    async fn in_a_terminal(&mut self, text: &str) -> Said {
        let mut stream = self.desk.begin(text);
        let last = format!("curl http://127.0.0.1:{}/api/health", self.desk.ports[1]);
        stream.until(|said| said.contains(&last)).await;
        assert!(self.terminal.replace(stream).is_none(), "one at a time");
        let (code, text) = (0, String::new());
        Said { code, text }
    }

    fn judge(&self, command: &Command, said: &Said) -> Result<(), String> {
        let tolerated =
            |(part, code): &(&str, i32)| command.text.contains(part) && said.code == *code;
        if said.code != 0 && !TOLERATED.iter().any(tolerated) {
            return Err("it failed".to_owned());
        }
        let shown = command.shown.as_deref().unwrap_or_default();
        let shown = self.desk.here(shown);
        if !shows(&shown, &said.text) {
            return Err(format!("it did not answer as shown: {shown}"));
        }
        let refused = "\"error\":true";
        if said.text.contains(refused) && !shown.contains(refused) {
            return Err("it was refused".to_owned());
        }
        Ok(())
    }

    /// Remembers what a user would type in place of `…` from now on.
    fn learn(&mut self, said: &str) {
        for (begins, stands_for, whole) in [
            ("BACKUP_KEY=AGE-", "AGE-SECRET-KEY-1…", "AGE-"),
            ("\"token\":\"lm_", "lm_…", "lm_"),
            ("\"file_id\":\"", "<file_id>", ""),
            ("backups/session-", "session-….tar.gz.age", "session-"),
        ] {
            if let Some((_, rest)) = said.split_once(begins) {
                let word = rest.split(['"', ',', '\n']).next().unwrap_or_default();
                self.desk.rewrite(stands_for, format!("{whole}{word}"));
            }
        }
    }
}

/// Returns whether a command changes nothing, so that it can be repeated.
fn only_asks(text: &str) -> bool {
    let changes = ["-X ", "-d ", "-F ", "--data", "send "];
    let asks = ["curl ", "cargo xtask status"];
    asks.iter().any(|word| text.starts_with(word)) && !changes.iter().any(|it| text.contains(it))
}
