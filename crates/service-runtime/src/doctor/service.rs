//! Whose environment is judged: the running service's, whatever this shell has.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::Check;
use crate::Env;
use crate::process::{Process, ProcessTable};

/// The variables that PM2 gives to what it runs.
const PM2: [&str; 2] = ["pm_id", "PM2_HOME"];

/// Whose environment is judged.
#[derive(Debug)]
pub struct Subject {
    /// The variables.
    pub env: Env,
    /// The running service, where there is one whose environment can be read.
    pub process: Option<Process>,
    /// All that were found.
    others: Vec<Process>,
}

/// Whose environment is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// That of the service that runs, where one does.
    #[default]
    Running,
    /// That of this process.
    Pid(i32),
    /// This shell's.
    Here,
}

impl Subject {
    /// As asked for; by default the running process of the program `name`, or
    /// else this shell.
    #[must_use]
    pub fn find(name: &str, whose: Whose) -> Self {
        let running = match whose {
            Whose::Running => running(name),
            Whose::Pid(pid) => Process::read(pid).into_iter().collect(),
            Whose::Here => Vec::new(),
        };
        let read = running.iter().find_map(|process| {
            let env = environment_of(process.pid)?;
            Some((env, process.clone()))
        });
        match read {
            Some((env, process)) => Self {
                env,
                process: Some(process),
                others: running,
            },
            None => Self {
                env: Env::from_process(),
                process: None,
                others: running,
            },
        }
    }
}

/// Whose variables these are, and whether a `PORT` leaked in.
///
/// `expected` is the port that the service has by default.
#[must_use]
pub fn environment(name: &'static str, subject: &Subject, expected: u16) -> Vec<Check> {
    let mut checks = Vec::new();
    let others = &subject.others;
    match &subject.process {
        None if others.is_empty() => checks.push(Check::warning(
            "process",
            "no running service is looked at: what follows is about this shell's variables",
            "if it should run: pm2 ls, then pm2 start its ecosystem file",
        )),
        None => checks.push(Check::warning(
            "process",
            format!("{name} runs as another user: its variables cannot be read"),
            "run this as the service's user",
        )),
        Some(process) => {
            let by = if PM2.iter().all(|one| subject.env.raw(one).is_some()) {
                "by PM2"
            } else {
                "not by PM2"
            };
            checks.push(Check::ok(
                "process",
                format!(
                    "pid {}, started {by}; its own variables are judged",
                    process.pid
                ),
            ));
        }
    }
    if others.len() > 1 {
        let pids: Vec<String> = others.iter().map(|one| one.pid.to_string()).collect();
        checks.push(Check::warning(
            "process",
            format!(
                "{name} runs {} times: pids {}",
                others.len(),
                pids.join(", ")
            ),
            "pm2 ls, and stop those that PM2 does not list",
        ));
    }
    if let Some(port) = subject.env.raw("PORT") {
        let port = port.to_string_lossy();
        if port.parse() != Ok(expected) {
            checks.push(Check::warning(
                "PORT",
                format!(
                    "PORT is {port}, not {expected}: set on purpose, or leaked in from a shell"
                ),
                format!("if it leaked: pm2 delete {name}, then pm2 start its ecosystem file"),
            ));
        }
    }
    checks
}

/// The processes of this program, but for those that carry out a command.
fn running(name: &str) -> Vec<Process> {
    let Ok(table) = ProcessTable::scan() else {
        return Vec::new();
    };
    // The kernel keeps 15 characters of a name.
    let short = name.get(..15).unwrap_or(name);
    let this = std::process::id().cast_signed();
    table
        .alive()
        .filter(|process| process.comm == short && process.pid != this)
        .filter(|process| process.cmdline.len() <= 1)
        .cloned()
        .collect()
}

fn environment_of(pid: i32) -> Option<Env> {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(&pair[..equals]), text(&pair[equals + 1..])))
    });
    Some(Env::from_pairs(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_leaked_in_is_said() {
        let subject = |port: &str| Subject {
            env: Env::from_pairs([("PORT", port)]),
            process: None,
            others: Vec::new(),
        };
        let names = |port| {
            let checks = environment("no-such-service", &subject(port), 3001);
            checks.iter().map(|check| check.name).collect::<Vec<_>>()
        };
        assert_eq!(names("3001"), ["process"]);
        assert_eq!(names("3000"), ["process", "PORT"]);
        assert_eq!(names(""), ["process"]);
    }

    #[test]
    fn this_process_s_variables_can_be_read() {
        let env = environment_of(std::process::id().cast_signed()).unwrap();
        assert!(env.raw("PATH").is_some());
    }
}
