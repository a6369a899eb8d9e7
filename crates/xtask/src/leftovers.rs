//! Detects processes and temporary files that a test run left behind.
//!
//! The run has its own folder as `TMPDIR`, and its own variable in the environment. A process
//! belongs to the run if it has that variable, has that folder in its command line, or works inside
//! it. (Chrome overwrites the environment of some of its processes, but its profile is in the
//! command line.) So other runs on the same machine do not interfere.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// The variable that marks the processes of a run.
pub(crate) const MARK: &str = "LEADMASTER_TEST_RUN";

/// How long processes that are ending may still take.
const GRACE: Duration = Duration::from_secs(5);

/// A test run.
#[derive(Debug)]
pub(crate) struct Run {
    id: String,
    folder: PathBuf,
}

impl Run {
    /// Creates a run with a new folder in `target`.
    pub(crate) fn new(target: &Path) -> Result<Self> {
        let id = std::process::id().to_string();
        // Keep it short: the path of a socket must fit into 108 bytes.
        let folder = target.join("tmp").join(&id);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("emptying {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        Ok(Self { id, folder })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Describes what is left. Waits briefly for processes that are ending.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let deadline = Instant::now() + GRACE;
        loop {
            let mut found = self.processes();
            found.extend(self.files());
            if found.is_empty() || Instant::now() > deadline {
                return found;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn processes(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let me = std::process::id();
        entries
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| *pid != me)
            .filter_map(|pid| {
                let proc = PathBuf::from(format!("/proc/{pid}"));
                self.is_ours(&proc).then(|| {
                    let words = fs::read(proc.join("cmdline")).unwrap_or_default();
                    let line = String::from_utf8_lossy(&words).replace('\0', " ");
                    format!("process {pid}: {}", shortened(line.trim()))
                })
            })
            .collect()
    }

    fn is_ours(&self, proc: &Path) -> bool {
        let folder = self.folder.to_string_lossy();
        let mark = format!("{MARK}={}", self.id);
        let has = |file: &str, wanted: &str, whole: bool| {
            let bytes = fs::read(proc.join(file)).unwrap_or_default();
            bytes.split(|byte| *byte == 0).any(|word| {
                let word = String::from_utf8_lossy(word);
                if whole {
                    word == wanted
                } else {
                    word.contains(wanted)
                }
            })
        };
        has("environ", &mark, true)
            || has("cmdline", &folder, false)
            || fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&self.folder))
    }

    fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return vec![format!("{} itself was removed", self.folder.display())];
        };
        entries
            .filter_map(Result::ok)
            .map(|entry| format!("file {}", entry.path().display()))
            .collect()
    }

    /// Removes the folder if it is empty. Otherwise its contents stay for inspection.
    pub(crate) fn close(&self) {
        let _ = fs::remove_dir(&self.folder);
        if let Some(parent) = self.folder.parent() {
            let _ = fs::remove_dir(parent);
        }
    }
}

fn shortened(line: &str) -> String {
    const MOST: usize = 160;
    if line.chars().count() <= MOST {
        return line.to_owned();
    }
    line.chars().take(MOST).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn finds_its_own_processes_and_files_and_no_others() {
        let base = std::env::temp_dir().join(format!("xtask-left-{}", std::process::id()));
        let run = Run::new(&base).unwrap();
        assert_eq!(run.files(), Vec::<String>::new());
        assert_eq!(run.processes(), Vec::<String>::new());

        let sleep = |command: &mut Command| {
            command
                .args(["-c", "read -r _"])
                .stdin(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let mut marked = sleep(Command::new("sh").env(MARK, run.id()));
        let mut placed = sleep(Command::new("sh").current_dir(run.folder()));
        let mut other = sleep(Command::new("sh").env(MARK, "another"));
        fs::write(run.folder().join("core"), "").unwrap();
        // The child can be recognized only after exec, but its folder exists at once.
        let deadline = Instant::now() + GRACE;
        while run.processes().len() < 2 && Instant::now() < deadline {
            thread::yield_now();
        }
        let found = run.processes().join("\n");
        assert!(
            found.contains(&format!("process {}:", marked.id())),
            "{found}"
        );
        assert!(
            found.contains(&format!("process {}:", placed.id())),
            "{found}"
        );
        assert!(
            !found.contains(&format!("process {}:", other.id())),
            "{found}"
        );
        assert_eq!(run.files().len(), 1);

        for child in [&mut marked, &mut placed, &mut other] {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
        fs::remove_dir_all(&base).unwrap();
    }
}
