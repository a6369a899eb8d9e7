//! Plans `up`: which processes start, with which variables and messages.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::child::Service;
use super::probe::{self, Probe};
use crate::cargo::Profile;
use crate::cli::UpOptions;
use crate::repo;
use crate::say::{Tone, paint};

/// The variables that services inherit from the caller. All others are set here or not at all: a
/// `PORT` forgotten in a shell once took both services down.
const INHERITED: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "CHROME_BIN",
    "CHROMEDRIVER_BIN",
    "CHROME_ARGS",
    "WA_JS_PATH",
    "SESSION_MANAGER_TOKEN",
];

/// The plan of one run.
#[derive(Debug)]
pub(crate) struct Plan {
    options: UpOptions,
    pub(super) profile: Profile,
    /// The working folder of all services, which contains their data.
    home: PathBuf,
    tokens: PathBuf,
    data: PathBuf,
}

impl Plan {
    pub(crate) fn new(options: &UpOptions) -> Result<Self> {
        let mut ports = vec![options.session_port, options.hub_port];
        if options.rehearse {
            ports.push(options.phone_port);
        }
        ports.sort_unstable();
        if ports.windows(2).any(|pair| pair[0] == pair[1]) {
            bail!("two services cannot share a port: {ports:?}");
        }
        let home = if options.rehearse {
            repo::state().join("rehearsal")
        } else {
            repo::root()
        };
        Ok(Self {
            options: options.clone(),
            profile: if options.release {
                Profile::Release
            } else {
                Profile::Dev
            },
            tokens: home.join("tokens"),
            data: home.join("data"),
            home,
        })
    }

    pub(crate) fn check_ports(&self) -> Result<()> {
        let options = &self.options;
        if options.rehearse {
            probe::must_be_free(options.phone_port, "the stand-in", "--phone-port")?;
        }
        probe::must_be_free(options.session_port, "session-manager", "--session-port")?;
        probe::must_be_free(options.hub_port, "central-hub", "--hub-port")
    }

    pub(crate) fn create_folders(&self) -> Result<()> {
        // The services create their data folders themselves.
        let folder = if self.options.rehearse {
            &self.data
        } else {
            &self.home
        };
        // A linked session and its messages are private.
        let mut private = fs::DirBuilder::new();
        let made = private.recursive(true).mode(0o700).create(folder);
        made.with_context(|| format!("creating {}", folder.display()))
    }

    /// Returns the services, in the order in which they start.
    pub(crate) fn services(&self) -> Vec<Service> {
        let mut services = Vec::new();
        if self.options.rehearse {
            services.push(self.standin());
        }
        services.push(self.session_manager());
        services.push(self.central_hub());
        services
    }

    fn standin(&self) -> Service {
        let port = self.options.phone_port;
        let mut arguments: Vec<OsString> = vec![
            "--port".into(),
            port.to_string().into(),
            "--data".into(),
            self.data.join("standin.json").into(),
        ];
        if self.options.fast_codes {
            for (flag, ms) in [("--first-code-ms", "8000"), ("--next-code-ms", "4000")] {
                arguments.extend([flag.into(), ms.into()]);
            }
        }
        Service {
            name: "stand-in",
            tone: Tone::Dim,
            program: self.profile.binary("whatsapp-standin"),
            folder: self.home.clone(),
            arguments,
            environment: environment(&[]),
            probe: Probe::new(port, "/phone"),
            stop_within: Duration::from_secs(5),
        }
    }

    fn session_manager(&self) -> Service {
        let port = self.options.session_port;
        let page = if self.options.rehearse {
            format!("http://127.0.0.1:{}/", self.options.phone_port)
        } else {
            "https://web.whatsapp.com/".to_owned()
        };
        Service {
            name: "session-manager",
            tone: Tone::Green,
            program: self.profile.binary("session-manager"),
            folder: self.home.clone(),
            arguments: Vec::new(),
            environment: environment(&[
                ("NODE_ENV", "development".into()),
                ("HOST", "127.0.0.1".into()),
                ("PORT", port.to_string().into()),
                ("TOKENS_DIR", self.tokens.clone().into()),
                ("DATA_DIR", self.data.clone().into()),
                ("WHATSAPP_WEB_URL", page.into()),
            ]),
            probe: Probe::new(port, "/health"),
            stop_within: Duration::from_secs(30),
        }
    }

    fn central_hub(&self) -> Service {
        let port = self.options.hub_port;
        let manager = format!("http://127.0.0.1:{}", self.options.session_port);
        let dry_run = if self.options.send_for_real {
            "false"
        } else {
            "true"
        };
        let mut variables = vec![
            ("NODE_ENV", "development".into()),
            ("HOST", "127.0.0.1".into()),
            ("PORT", port.to_string().into()),
            ("SESSION_MANAGER_BASE_URL", manager.into()),
            ("DATA_DIR", self.data.clone().into()),
            ("DRY_RUN", dry_run.into()),
            ("AUTO_CAMPAIGNS_ENABLED", "false".into()),
        ];
        if let Some(password) = env::var_os("HUB_ADMIN_PASSWORD") {
            variables.push(("HUB_ADMIN_PASSWORD", password));
        }
        Service {
            name: "central-hub",
            tone: Tone::Magenta,
            program: self.profile.binary("central-hub"),
            folder: self.home.clone(),
            arguments: Vec::new(),
            environment: environment(&variables),
            probe: Probe::new(port, "/health"),
            stop_within: Duration::from_secs(10),
        }
    }

    pub(crate) fn where_to_look(&self) -> String {
        let UpOptions {
            session_port,
            hub_port,
            phone_port,
            ..
        } = self.options;
        let mut text = String::from("\n");
        let mut row = |name: &str, value: String| {
            let _ = writeln!(
                text,
                "  {} {value}",
                paint(Tone::Bold, format!("{name:<16}"))
            );
        };
        row("page", format!("http://127.0.0.1:{hub_port}/whatsapp"));
        if self.options.rehearse {
            row(
                "phone",
                format!("http://127.0.0.1:{phone_port}/phone   (scans, writes and reads for you)"),
            );
        }
        row(
            "session-manager",
            format!("http://127.0.0.1:{session_port}"),
        );
        row("central-hub", format!("http://127.0.0.1:{hub_port}"));
        row("linked device", self.tokens.display().to_string());
        row(
            "sending",
            if self.options.send_for_real {
                paint(Tone::Yellow, "for real (DRY_RUN=false)")
            } else {
                "simulated (DRY_RUN=true; --send-for-real lets messages out)".to_owned()
            },
        );
        let _ = write!(
            text,
            "\n  curl http://127.0.0.1:{session_port}/status\
             \n  curl http://127.0.0.1:{session_port}/qr.txt\
             \n  curl http://127.0.0.1:{hub_port}/api/health\n"
        );
        if !self.options.detached {
            text.push_str("\n  Ctrl-C ends it.\n");
        }
        text
    }
}

fn environment(set: &[(&str, OsString)]) -> Vec<(OsString, OsString)> {
    INHERITED
        .iter()
        .filter_map(|name| Some((OsString::from(name), env::var_os(name)?)))
        .chain(
            set.iter()
                .map(|(name, value)| (OsString::from(name), value.clone())),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> UpOptions {
        UpOptions {
            rehearse: true,
            release: false,
            session_port: 13001,
            hub_port: 13012,
            phone_port: 13090,
            fast_codes: false,
            send_for_real: false,
            detach: false,
            detached: false,
        }
    }

    fn variable(service: &Service, name: &str) -> Vec<String> {
        service
            .environment
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn every_service_has_its_own_port_and_no_other() {
        let plan = Plan::new(&options()).unwrap();
        let [standin, manager, hub] = &plan.services()[..] else {
            panic!("three services");
        };
        assert_eq!(variable(standin, "PORT"), Vec::<String>::new());
        assert_eq!(variable(manager, "PORT"), ["13001"]);
        assert_eq!(variable(hub, "PORT"), ["13012"]);
        assert_eq!(
            variable(hub, "SESSION_MANAGER_BASE_URL"),
            ["http://127.0.0.1:13001"]
        );
        assert_eq!(variable(hub, "DRY_RUN"), ["true"]);
    }

    #[test]
    fn a_rehearsal_touches_neither_whatsapp_nor_the_real_tokens() {
        let rehearsal = Plan::new(&options()).unwrap();
        let real = Plan::new(&UpOptions {
            rehearse: false,
            ..options()
        })
        .unwrap();
        assert_ne!(rehearsal.tokens, real.tokens);
        assert_ne!(rehearsal.data, real.data);
        let [manager, _] = &real.services()[..] else {
            panic!("two services");
        };
        assert_eq!(
            variable(manager, "WHATSAPP_WEB_URL"),
            ["https://web.whatsapp.com/"]
        );
        let manager = &rehearsal.services()[1];
        assert_eq!(
            variable(manager, "WHATSAPP_WEB_URL"),
            ["http://127.0.0.1:13090/"]
        );
    }

    #[test]
    fn ports_must_differ() {
        let same = UpOptions {
            hub_port: 13001,
            ..options()
        };
        assert!(Plan::new(&same).is_err());
    }
}
