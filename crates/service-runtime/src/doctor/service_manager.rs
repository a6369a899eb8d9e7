//! Detects the service manager (PM2, systemd or none), and gives its commands to start, restart and
//! read logs.

use std::path::Path;

use super::Service;
use crate::Env;

/// Variables that PM2 sets for its processes.
const PM2_VARIABLES: [&str; 2] = ["pm_id", "PM2_HOME"];
/// The variable that systemd sets for its processes. PM2 inherits and passes it on if systemd
/// starts PM2.
const SYSTEMD_VARIABLE: &str = "INVOCATION_ID";
/// The folders where `deploy/install.sh` and the packages put the units.
const UNIT_FOLDERS: [&str; 2] = ["/etc/systemd/system", "/usr/lib/systemd/system"];

/// The service manager that runs the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceManager {
    /// PM2, with the ecosystem files.
    Pm2,
    /// systemd, with the units.
    Systemd,
    /// None: the service runs in a terminal or a container, or not at all.
    Nobody,
}

impl ServiceManager {
    /// Detects the manager from the variables of a running process.
    pub(super) fn of(env: &Env) -> Self {
        if PM2_VARIABLES.iter().all(|name| env.raw(name).is_some()) {
            Self::Pm2
        } else if env.raw(SYSTEMD_VARIABLE).is_some() {
            Self::Systemd
        } else {
            Self::Nobody
        }
    }

    /// Detects the manager of a service that is not running: systemd if its
    /// unit is installed.
    pub(super) fn of_machine(service: &Service) -> Self {
        let name = format!("{}.service", service.unit);
        match UNIT_FOLDERS
            .iter()
            .any(|folder| Path::new(folder).join(&name).exists())
        {
            true => Self::Systemd,
            false => Self::Pm2,
        }
    }

    /// Returns a phrase that says which manager runs the service.
    pub(super) const fn run_by(self) -> &'static str {
        match self {
            Self::Pm2 => "by PM2",
            Self::Systemd => "by systemd",
            Self::Nobody => "not by PM2",
        }
    }

    /// Returns the command that starts the service.
    #[must_use]
    pub fn start(self, service: &Service) -> String {
        match self {
            Self::Systemd => format!("systemctl start {}", service.unit),
            Self::Pm2 | Self::Nobody => "pm2 ls, then pm2 start its ecosystem file".to_owned(),
        }
    }

    /// Returns the command that restarts the service with the same variables.
    #[must_use]
    pub fn restart(self, service: &Service) -> String {
        match self {
            Self::Systemd => format!("systemctl restart {}", service.unit),
            Self::Pm2 | Self::Nobody => format!("pm2 restart {}", service.pm2_name),
        }
    }

    /// Returns the command that restarts the service with changed variables.
    pub(super) fn restart_with_new_variables(self, service: &Service) -> String {
        match self {
            Self::Systemd => self.restart(service),
            Self::Pm2 | Self::Nobody => format!(
                "pm2 delete {}, then pm2 start its ecosystem file",
                service.pm2_name
            ),
        }
    }

    /// Returns the file that holds the operator's variables.
    #[must_use]
    pub fn settings(self, service: &Service) -> String {
        match self {
            Self::Systemd => format!("/etc/leadmaster/{}.env", service.name),
            Self::Pm2 | Self::Nobody => "deploy/local.cjs".to_owned(),
        }
    }

    /// Returns the instruction for correcting a variable.
    pub(super) fn correct(self, service: &Service) -> String {
        let file = self.settings(service);
        format!(
            "correct it in {file}, then {}",
            self.restart_with_new_variables(service)
        )
    }

    /// Returns the command that shows the service's log.
    #[must_use]
    pub fn logs(self, service: &Service) -> String {
        match self {
            Self::Systemd => format!("journalctl -u {} -n 50", service.unit),
            Self::Pm2 | Self::Nobody => format!("pm2 logs {} --lines 50", service.pm2_name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_manager_gives_its_own_commands() {
        let service = Service {
            name: "session-manager",
            pm2_name: "session-manager",
            unit: "leadmaster-session-manager",
            version: "1",
            port: 3001,
        };
        let systemd = [("INVOCATION_ID", "9f2c")];
        let variables = [("pm_id", "0"), ("PM2_HOME", "/root/.pm2"), systemd[0]];
        assert_eq!(
            ServiceManager::of(&Env::from_pairs(variables)),
            ServiceManager::Pm2
        );
        assert_eq!(ServiceManager::of(&Env::default()), ServiceManager::Nobody);
        let manager = ServiceManager::of(&Env::from_pairs(systemd));
        assert_eq!(
            manager.correct(&service),
            "correct it in /etc/leadmaster/session-manager.env, \
             then systemctl restart leadmaster-session-manager"
        );
        assert_eq!(
            ServiceManager::Pm2.correct(&service),
            "correct it in deploy/local.cjs, \
             then pm2 delete session-manager, then pm2 start its ecosystem file"
        );
    }
}
