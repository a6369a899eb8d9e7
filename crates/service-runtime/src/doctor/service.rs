//! Finds the environment that `doctor` checks, and runs the checks of a service. The environment is
//! that of the running service, or else that of this shell.

use std::fmt::Display;

use super::{Check, DoctorReport, ServiceManager};
use crate::Env;
use crate::process::{Process, ProcessTable};

/// The service to check.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The name of its program.
    pub name: &'static str,
    /// The name in PM2.
    pub pm2_name: &'static str,
    /// The systemd unit.
    pub unit: &'static str,
    /// The version of the service.
    pub version: &'static str,
    /// The default port.
    pub port: u16,
}

/// Runs all checks of a service: the source of its variables; the configuration, which `parse`
/// parses and `summary` formats; then the service's own checks, `run_checks`.
pub async fn examine<C, E: Display>(
    service: &Service,
    environment_of: EnvironmentOf,
    parse: impl FnOnce(&Env) -> Result<C, E>,
    summary: impl FnOnce(&C) -> String,
    run_checks: impl AsyncFnOnce(&C, &Subject) -> Vec<Check>,
) -> DoctorReport {
    const NAME: &str = "configuration";
    let subject = Subject::find(service, environment_of);
    let mut checks = environment(service, &subject);
    match parse(&subject.env) {
        Ok(config) => {
            checks.push(Check::ok(NAME, summary(&config)));
            checks.extend(run_checks(&config, &subject).await);
        }
        Err(error) => checks.push(Check::failure(
            NAME,
            error.to_string(),
            subject.manager.correct(service),
        )),
    }
    DoctorReport::new(service.name, service.version, checks)
}

/// The environment to check, and where it comes from.
#[derive(Debug)]
pub struct Subject {
    /// The variables.
    pub env: Env,
    /// The running service, if its environment can be read.
    pub process: Option<Process>,
    /// The service manager that runs the service, or would run it.
    pub manager: ServiceManager,
    /// All running processes of the service's program.
    processes: Vec<Process>,
}

/// Which environment to check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnvironmentOf {
    /// The running service's, or this shell's if the service does not run.
    #[default]
    Running,
    /// That of the process with this pid.
    Pid(i32),
    /// That of this shell.
    Here,
}

impl Subject {
    /// Creates a subject from these variables, without a process.
    #[cfg(test)]
    pub(super) const fn of(env: Env, manager: ServiceManager) -> Self {
        Self {
            env,
            process: None,
            manager,
            processes: Vec::new(),
        }
    }

    /// Finds the requested environment; by default that of the running process of the service's
    /// program, or else that of this shell.
    fn find(service: &Service, environment_of: EnvironmentOf) -> Self {
        let running = match environment_of {
            EnvironmentOf::Running => running(service.name),
            EnvironmentOf::Pid(pid) => Process::read(pid).into_iter().collect(),
            EnvironmentOf::Here => Vec::new(),
        };
        let readable = running.iter().find_map(|process| {
            let variables = process.environment()?;
            // The process's relative paths start from its own working directory, not from this one.
            let folder = std::fs::read_link(format!("/proc/{}/cwd", process.pid)).ok();
            Some((Env::from_pairs(variables).within(folder), process.clone()))
        });
        match readable {
            Some((env, process)) => Self {
                manager: ServiceManager::of(&env),
                env,
                process: Some(process),
                processes: running,
            },
            None => Self {
                env: Env::from_process(),
                manager: ServiceManager::of_machine(service),
                process: None,
                processes: running,
            },
        }
    }
}

/// Checks where the variables come from, and whether `PORT` was set for another program.
fn environment(service: &Service, subject: &Subject) -> Vec<Check> {
    let (name, expected) = (service.name, service.port);
    let mut checks = Vec::new();
    let processes = &subject.processes;
    match &subject.process {
        None if processes.is_empty() => checks.push(Check::warning(
            "process",
            "no running service was found: the following checks use this shell's variables",
            format!("if it should run: {}", subject.manager.start(service)),
        )),
        None => checks.push(Check::warning(
            "process",
            format!("{name} runs as another user: its variables cannot be read"),
            "run doctor as the service's user",
        )),
        Some(process) => {
            let run_by = subject.manager.run_by();
            checks.push(Check::ok(
                "process",
                format!(
                    "pid {}, started {run_by}; its variables are checked",
                    process.pid
                ),
            ));
        }
    }
    if processes.len() > 1 {
        let pids: Vec<String> = processes
            .iter()
            .map(|process| process.pid.to_string())
            .collect();
        checks.push(Check::warning(
            "process",
            format!(
                "{name} runs {} times: pids {}",
                processes.len(),
                pids.join(", ")
            ),
            "pm2 ls and systemctl status say which are theirs: stop the others",
        ));
    }
    if let Some(port) = subject.env.raw("PORT") {
        let port = port.to_string_lossy();
        if port.parse() != Ok(expected) {
            checks.push(Check::warning(
                "PORT",
                format!(
                    "PORT is {port}, not {expected}: set on purpose, or inherited from a shell"
                ),
                format!(
                    "if it was inherited: {}",
                    subject.manager.restart_with_new_variables(service)
                ),
            ));
        }
    }
    checks
}

/// Returns the processes of this program, except those that run a subcommand.
fn running(name: &str) -> Vec<Process> {
    let Ok(table) = ProcessTable::scan() else {
        return Vec::new();
    };
    // The kernel keeps 15 characters of a name.
    let kernel_name = name.get(..15).unwrap_or(name);
    let own_pid = std::process::id().cast_signed();
    table
        .alive()
        .filter(|process| process.comm == kernel_name && process.pid != own_pid)
        .filter(|process| process.cmdline.len() <= 1)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inherited_port_variable_is_reported() {
        let subject = |port: &str| Subject {
            env: Env::from_pairs([("PORT", port)]),
            process: None,
            manager: ServiceManager::Pm2,
            processes: Vec::new(),
        };
        let names = |port| {
            let service = Service {
                name: "no-such-service",
                pm2_name: "no-such-service",
                unit: "no-such-service",
                version: "1",
                port: 3001,
            };
            let checks = environment(&service, &subject(port));
            checks.iter().map(|check| check.name).collect::<Vec<_>>()
        };
        assert_eq!(names("3001"), ["process"]);
        assert_eq!(names("3000"), ["process", "PORT"]);
        assert_eq!(names(""), ["process"]);
    }
}
