//! Prints to the console. All output of this crate goes through this module.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a person at a terminal is what this program is for"
)]

use std::fmt;
use std::io::IsTerminal as _;
use std::time::Duration;

/// The styles of text on a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
    Blue,
    Magenta,
}

/// Returns `text` in a colour, or plain if stdout is not a terminal or `NO_COLOR` is set.
pub(crate) fn paint(tone: Tone, text: impl fmt::Display) -> String {
    if !std::io::stdout().is_terminal()
        || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
    {
        return text.to_string();
    }
    let code = match tone {
        Tone::Bold => "1",
        Tone::Dim => "2",
        Tone::Green => "32",
        Tone::Red => "31",
        Tone::Yellow => "33",
        Tone::Blue => "34",
        Tone::Magenta => "35",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// Prints one line.
pub(crate) fn line(text: impl fmt::Display) {
    println!("{text}");
}

/// Prints one line to stderr, unchanged.
pub(crate) fn err_line(text: impl fmt::Display) {
    eprintln!("{text}");
}

/// Prints the start of a step.
pub(crate) fn step(text: impl fmt::Display) {
    println!("{} {text}", paint(Tone::Blue, "==>"));
}

/// Prints a warning, which stops nothing.
pub(crate) fn warning(text: impl fmt::Display) {
    eprintln!("{} {text}", paint(Tone::Yellow, "warning:"));
}

/// Prints the error that stopped the run.
pub(crate) fn error(text: impl fmt::Display) {
    eprintln!("{} {text}", paint(Tone::Red, "error:"));
}

/// Formats a duration: `12.3 s`, `4 min 05 s`.
pub(crate) fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 60 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(took(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(took(Duration::from_secs(245)), "4 min 05 s");
    }
}
