//! Prints the `[FATAL]` line of a service that cannot start.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Prints `[FATAL] <line>` to standard error and returns exit code 1.
///
/// Replaces line breaks in `error` with spaces, since operators and their scripts look for one
/// line.
#[must_use]
pub fn fatal(error: &impl Display) -> ExitCode {
    // A closed standard error must not turn the exit into a panic.
    let _ = writeln!(std::io::stderr().lock(), "{}", line(error));
    ExitCode::FAILURE
}

fn line(error: &impl Display) -> String {
    let text = error.to_string();
    let text = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    format!("[FATAL] {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_line() {
        assert_eq!(
            line(&"SESSION_MANAGER_BASE_URL environment variable is required"),
            "[FATAL] SESSION_MANAGER_BASE_URL environment variable is required"
        );
        assert_eq!(line(&"one\n  two\r\nthree"), "[FATAL] one two three");
    }
}
