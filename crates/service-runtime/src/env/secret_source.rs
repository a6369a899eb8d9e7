//! Sources of a secret's value: the variable itself, a file or a command.
//!
//! ```text
//!  NAME           the value
//!  NAME_FILE      a file with the value: systemd's credentials, compose's secrets
//!  NAME_COMMAND   a program that prints it, such as a vault client; run without a shell
//! ```

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::variable::{COMMAND_SUFFIX, FILE_SUFFIX};
use super::{Env, EnvError};
use crate::process::{Signal, hide_supervisor, kill_group};

/// Timeout of a command that prints a secret.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// Poll interval for the exit of a command whose output is complete.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Maximum size of a secret, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// The source of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Value,
    File(PathBuf),
    Command(Vec<String>),
}

impl Env {
    /// Returns the source of `name`; `None` if all of its variables are unset.
    fn source(&self, name: &str) -> Result<Option<Source>, EnvError> {
        let (file, command) = (
            format!("{name}{FILE_SUFFIX}"),
            format!("{name}{COMMAND_SUFFIX}"),
        );
        let set: Vec<&str> = [name, &file, &command]
            .into_iter()
            .filter(|variable| self.raw(variable).is_some())
            .collect();
        match *set {
            [] => Ok(None),
            [variable] if variable == name => Ok(Some(Source::Value)),
            [variable] if variable == file => Ok(self.optional_path(&file).map(Source::File)),
            [variable] => {
                // Not shown: an argument may contain a password.
                let takes = "a program and its arguments as a shell would split them, with \
                             every quote closed; none of a shell's other signs is obeyed";
                self.raw(variable)
                    .and_then(|raw| raw.to_str())
                    .and_then(shlex::split)
                    .filter(|words| !words.is_empty())
                    .map(|words| Some(Source::Command(words)))
                    .ok_or_else(|| EnvError::invalid_secret(variable, takes))
            }
            [variable, other, ..] => Err(EnvError::SetTwice {
                name: variable.to_owned(),
                other: other.to_owned(),
            }),
        }
    }

    /// Describes the source of the secret `name` for error messages: its variable, with the
    /// path if it is a file.
    pub fn describe_source(&self, name: &str) -> String {
        match self.source(name) {
            Ok(Some(Source::File(path))) => format!("{name}{FILE_SUFFIX} {path:?}"),
            Ok(Some(Source::Command(_))) => format!("{name}{COMMAND_SUFFIX}"),
            _ => name.to_owned(),
        }
    }

    /// Returns the bytes of a secret from its source.
    pub(super) fn secret_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, EnvError> {
        let Some(source) = self.source(name)? else {
            return Ok(None);
        };
        let read = match &source {
            Source::Value => {
                let raw = self.raw(name).map(|raw| raw.as_encoded_bytes().to_vec());
                return Ok(raw);
            }
            Source::File(path) => read(path),
            Source::Command(words) => self.run_command(words),
        };
        let mut bytes = read.map_err(|problem| EnvError::NoSecret {
            source_of: self.describe_source(name),
            problem,
        })?;
        while bytes
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            bytes.pop();
        }
        if bytes.is_empty() {
            return Err(EnvError::NoSecret {
                source_of: self.describe_source(name),
                problem: match source {
                    Source::Command(_) => "printed nothing".to_owned(),
                    _ => "is empty".to_owned(),
                },
            });
        }
        Ok(Some(bytes))
    }

    /// Returns the output of a command. Its standard error is inherited, so that its
    /// messages can be read.
    fn run_command(&self, words: &[String]) -> Result<Vec<u8>, String> {
        let [program, arguments @ ..] = words else {
            return Err("names no program".to_owned());
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        hide_supervisor(&mut command);
        let mut child = command
            .spawn()
            .map_err(|error| format!("cannot be run: {program:?}: {error}"))?;
        let output = read_output(&mut child, COMMAND_TIMEOUT);
        if output.is_err() {
            kill_command(&mut child);
        }
        let (status, bytes) = output.map_err(|why| format!("failed: {program:?} {why}"))?;
        // First: a command that prints too much is not read to its end, and may
        // fail because of that.
        let bytes = check_size(bytes)?;
        match status.success() {
            true => Ok(bytes),
            false => Err(format!("failed: {program:?} ended with {status}")),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let read_error = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe without a writer would block the start forever.
    if !std::fs::metadata(path).map_err(read_error)?.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read_error)?;
    file.take(MAX_SECRET_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(read_error)?;
    check_size(bytes)
}

fn check_size(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!("holds more than {MAX_SECRET_BYTES} bytes"));
    }
    Ok(bytes)
}

/// Returns the exit status and the output of `child`.
fn read_output(child: &mut Child, deadline: Duration) -> Result<(ExitStatus, Vec<u8>), String> {
    let end_by = Instant::now() + deadline;
    let timed_out = || format!("took longer than {} s", deadline.as_secs_f32());
    let (sender, output) = channel();
    if let Some(stdout) = child.stdout.take() {
        // Ends with the command's end of the pipe: `kill_command` closes it.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes);
            let _ = sender.send(read.map(|_| bytes));
        });
    }
    let bytes = output
        .recv_timeout(deadline)
        .map_err(|_| timed_out())?
        .map_err(|error| error.to_string())?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok((status, bytes)),
            Ok(None) if Instant::now() < end_by => std::thread::sleep(POLL_INTERVAL),
            Ok(None) => return Err(timed_out()),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Kills a command with all its children.
fn kill_command(child: &mut Child) {
    let _ = kill_group(child.id().cast_signed(), Signal::KILL);
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::process::ProcessTable;

    fn env(pairs: &[(&str, &OsStr)]) -> Env {
        let path = std::env::var_os("PATH").unwrap();
        let path = ("PATH", path.as_os_str());
        Env::from_pairs(pairs.iter().copied().chain([path]))
    }

    fn command(words: &str) -> Result<String, String> {
        secret(&env(&[("X_COMMAND", words.as_ref())]))
    }

    fn secret(env: &Env) -> Result<String, String> {
        match env.secret("X") {
            Ok(secret) => Ok(secret.unwrap().expose_secret().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn file_content_loses_its_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (content, expected) in [
            ("hunter2", "hunter2"),
            ("hunter2\n", "hunter2"),
            ("hunter2\r\n", "hunter2"),
            ("hun ter2\n", "hun ter2"),
        ] {
            fs::write(&file, content).unwrap();
            let env = env(&[("X_FILE", file.as_os_str()), ("X", "".as_ref())]);
            assert_eq!(secret(&env).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn unusable_file_is_named_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let complaint = |name: &str, content: Option<&[u8]>| {
            let file = folder.path().join(name);
            if let Some(content) = content {
                fs::write(&file, content).unwrap();
            }
            let error = secret(&env(&[("X_FILE", file.as_os_str())])).unwrap_err();
            assert!(error.starts_with(&format!("X_FILE {file:?} ")), "{error}");
            assert!(!error.contains("hunter") && !error.contains('\n'));
            error
        };
        assert!(complaint("none", None).contains("cannot be read: No such file"));
        assert!(complaint("empty", Some(b"")).ends_with("is empty"));
        assert!(complaint("newlines", Some(b"\n\n")).ends_with("is empty"));
        assert!(complaint("two\nlines", Some(b"hunter\n2")).contains("it takes printable"));
        assert!(complaint("latin", Some(b"hunter\xe9")).contains("it takes printable"));
        assert!(complaint("huge", Some(&[b'h'; 65_537])).contains("more than 65536 bytes"));
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(complaint("folder", None).ends_with("is not a regular file"));
    }

    #[test]
    fn secret_that_is_set_twice_is_refused() {
        let (x, file, command) = ("X", "X_FILE", "X_COMMAND");
        for (variable, other) in [(x, file), (x, command), (file, command)] {
            let env = env(&[(variable, "hunter2".as_ref()), (other, "hunter3".as_ref())]);
            assert_eq!(
                secret(&env).unwrap_err(),
                format!("{variable} and {other} are both set: set one of them")
            );
        }
    }

    #[test]
    fn command_prints_the_secret_without_a_shell() {
        assert_eq!(command("printf 'hun  ter2\\n'").as_deref(), Ok("hun  ter2"));
        assert_eq!(command("echo $HOME;id").as_deref(), Ok("$HOME;id"));
    }

    #[test]
    fn failed_command_is_named_without_its_arguments() {
        for (words, expected) in [
            (
                "no-such-program hunter2",
                "cannot be run: \"no-such-program\"",
            ),
            (
                "sh -c 'echo hunter2; exit 3'",
                "\"sh\" ended with exit status: 3",
            ),
            ("true hunter2", "printed nothing"),
            ("echo 'hunter2", "every quote closed"),
            ("head -c 70000 /dev/zero", "more than 65536 bytes"),
        ] {
            let error = command(words).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(error.starts_with("X_COMMAND ") && !error.contains("hunter"));
        }
    }

    #[test]
    fn command_that_times_out_is_killed_with_its_children() {
        let spawn = |words: &[&str]| {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).stdout(Stdio::piped());
            command.process_group(0).spawn().unwrap()
        };
        // A command that keeps its output open, one that closed it, one whose
        // child keeps it open.
        for script in ["sleep 600", "exec >&-; sleep 600", "sleep 600 & exit 0"] {
            let mut child = spawn(&["sh", "-c", script]);
            let group = child.id().cast_signed();
            let why = read_output(&mut child, Duration::from_millis(300)).unwrap_err();
            assert_eq!(why, "took longer than 0.3 s");
            kill_command(&mut child);
            // Its children are not ours to wait for, and take a moment to die.
            let deadline = Instant::now() + Duration::from_secs(10);
            while ProcessTable::scan().unwrap().group(group).next().is_some() {
                assert!(Instant::now() < deadline, "{script} goes on");
                std::thread::sleep(POLL_INTERVAL);
            }
        }
    }
}
