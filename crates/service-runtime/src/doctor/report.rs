//! Holds the report of `doctor`, prints it as text or JSON, and derives the exit code.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::fs::OFlags;
use serde::Serialize;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No problem.
    Ok,
    /// Works now, but may stop working, or works differently than intended.
    Warning,
    /// Does not work.
    Failure,
}

/// A check with its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// The result.
    pub verdict: Verdict,
    /// What the check found; never contains a secret.
    pub found: String,
    /// The remedy: a command, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// The files and folders whose modes `--fix` sets, where that is safe.
    #[serde(skip)]
    modes: Vec<(PathBuf, u32)>,
}

impl Check {
    /// Creates a passed check.
    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Ok,
            found: found.into(),
            cure: None,
            modes: Vec::new(),
        }
    }

    /// Adds a file or folder whose mode `--fix` sets to `mode`.
    #[must_use]
    pub fn fixed_by_mode(mut self, path: &Path, mode: u32) -> Self {
        self.modes.push((path.to_owned(), mode));
        self
    }

    /// Applies the modes that `--fix` may set, and returns the check with its new result.
    #[must_use]
    pub fn fix(mut self) -> Self {
        let modes = std::mem::take(&mut self.modes);
        if modes.is_empty() {
            return self;
        }
        let mut fixed_modes = BTreeSet::new();
        for (path, mode) in modes {
            match set_mode(&path, mode) {
                Ok(()) => drop(fixed_modes.insert(format!("{mode:o}"))),
                // A running service may have deleted its file meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    return Self {
                        found: format!("{}; not fixed: {error}", self.found),
                        ..self
                    };
                }
            }
        }
        let fixed_modes: Vec<_> = fixed_modes.into_iter().collect();
        let found = format!("{}; fixed: mode {}", self.found, fixed_modes.join(", "));
        Self::ok(self.name, found)
    }

    /// Creates a check with a warning.
    pub fn warning(name: &'static str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warning,
            cure: Some(cure.into()),
            ..Self::ok(name, found)
        }
    }

    /// Creates a failed check.
    pub fn failure(name: &'static str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Failure,
            cure: Some(cure.into()),
            ..Self::ok(name, found)
        }
    }
}

/// Sets the mode of a file. Does not follow a symbolic link and does not wait for a pipe, since
/// another user may have created either.
fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    let no_link = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = File::options()
        .read(true)
        .custom_flags(no_link)
        .open(path)?;
    opened.set_permissions(Permissions::from_mode(mode))
}

/// The report of a `doctor` command.
#[derive(Clone, Debug, Serialize)]
pub struct DoctorReport {
    /// The name of the service.
    pub service: &'static str,
    /// The version of the service.
    pub version: &'static str,
    /// The worst verdict of all checks.
    pub verdict: Verdict,
    /// The checks, in the order in which a user would look at them.
    pub checks: Vec<Check>,
}

impl DoctorReport {
    /// Creates a report of these checks.
    #[must_use]
    pub fn new(service: &'static str, version: &'static str, checks: Vec<Check>) -> Self {
        let worst = checks.iter().map(|check| check.verdict).max();
        Self {
            service,
            version,
            verdict: worst.unwrap_or(Verdict::Ok),
            checks,
        }
    }

    /// Mends all findings that can be mended safely.
    #[must_use]
    pub fn fix(self) -> Self {
        let checks = self.checks.into_iter().map(Check::fix).collect();
        Self::new(self.service, self.version, checks)
    }

    /// Prints the report. Returns exit code 0 if all is well, 1 for a warning, 2 for a failure.
    pub fn print(&self, json: bool) -> ExitCode {
        let text = if json {
            serde_json::to_string_pretty(self).unwrap_or_default()
        } else {
            self.to_string()
        };
        // The reader may have closed the pipe; the exit code still counts.
        let _ = writeln!(std::io::stdout(), "{text}");
        ExitCode::from(self.verdict as u8)
    }
}

impl Display for DoctorReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.service, self.version)?;
        for check in &self.checks {
            let mark = match check.verdict {
                Verdict::Ok => "ok  ",
                Verdict::Warning => "WARN",
                Verdict::Failure => "FAIL",
            };
            writeln!(f, "{mark}  {:<14} {}", check.name, check.found)?;
            if let Some(cure) = &check.cure {
                writeln!(f, "{:>22}{cure}", "→ ")?;
            }
        }
        let count = |verdict| {
            let matching = self.checks.iter().filter(|check| check.verdict == verdict);
            matching.count()
        };
        write!(
            f,
            "{} ok, {} warnings, {} failures",
            count(Verdict::Ok),
            count(Verdict::Warning),
            count(Verdict::Failure)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_has_the_worst_verdict_of_its_checks() {
        let ok = Check::ok("port", "free");
        let warning = Check::warning("disk", "400 MiB free", "make room");
        let failure = Check::failure("Chrome", "none", "apt-get install chromium");
        let verdict_of = |checks: &[&Check]| {
            DoctorReport::new("x", "1", checks.iter().copied().cloned().collect()).verdict
        };
        assert_eq!(verdict_of(&[]), Verdict::Ok);
        assert_eq!(verdict_of(&[&ok, &warning]), Verdict::Warning);
        assert_eq!(verdict_of(&[&failure, &warning, &ok]), Verdict::Failure);
        let text = DoctorReport::new("x", "1", vec![failure]).to_string();
        assert!(text.contains("FAIL  Chrome") && text.contains("→ apt-get install"));
        assert!(text.ends_with("0 ok, 0 warnings, 1 failures"));
    }
}
