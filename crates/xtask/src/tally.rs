//! Counts tests by the summary lines of the runners.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result};

/// How many tests there were, by their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What a line says, if it is a closing line of nextest, cargo test or
    /// Vitest.
    fn from_line(line: &str) -> Option<Self> {
        let line = plain(line);
        // At the edge: nextest shows a failed test's own output, which ends so
        // too, indented.
        let at_edge = line.starts_with("test result:");
        let line = line.trim();
        let counts = if line.starts_with("Summary [") {
            // Summary [  12.3s] 45 tests run: 44 passed (1 slow), 1 failed, 2 skipped
            line.split_once("run:")?.1
        } else if at_edge {
            // test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; …
            line.split_once(". ")?.1
        } else {
            // Tests  1 failed | 11 passed (12)
            line.strip_prefix("Tests  ")?
        };
        let mut tally = Self::default();
        for part in counts.split([',', ';', '|']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next())
            else {
                continue;
            };
            match what {
                "passed" => tally.passed += count,
                "failed" | "exec" | "timed" => tally.failed += count,
                "skipped" | "ignored" | "todo" => tally.skipped += count,
                _ => {}
            }
        }
        Some(tally)
    }
}

/// A line without its colours.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' {
            // "[", numbers, and one letter that ends it.
            rest.find(char::is_ascii_alphabetic);
        } else {
            out.push(letter);
        }
    }
    out
}

/// Runs it, shows what it prints as it comes, and counts.
pub(crate) fn run(command: &mut Command) -> Result<(ExitStatus, Tally)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{}`", crate::cargo::shown(command)))?;
    let (lines, found) = mpsc::channel();
    let out = child.stdout.take().context("no stdout")?;
    let err = child.stderr.take().context("no stderr")?;
    let copies = [
        thread::spawn({
            let lines = lines.clone();
            move || copy(out, std::io::stdout(), &lines)
        }),
        thread::spawn(move || copy(err, std::io::stderr(), &lines)),
    ];
    let mut tally = Tally::default();
    for counted in found {
        tally.add(counted);
    }
    for copy in copies {
        let _ = copy.join();
    }
    let status = child.wait().context("waiting for a test runner")?;
    Ok((status, tally))
}

fn copy(from: impl Read, mut to: impl Write, counted: &mpsc::Sender<Tally>) {
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let _ = to.write_all(&line);
        let _ = to.write_all(b"\n");
        if let Some(tally) = Tally::from_line(&String::from_utf8_lossy(&line)) {
            let _ = counted.send(tally);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_understood() {
        let counts = |passed, failed, skipped| {
            Some(Tally {
                passed,
                failed,
                skipped,
            })
        };
        for (line, expected) in [
            (
                "     Summary [  12.345s] 45 tests run: 44 passed (1 slow), 1 failed, 2 skipped",
                counts(44, 1, 2),
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m3\u{1b}[0m tests run: \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped",
                counts(3, 0, 0),
            ),
            (
                "     Summary [   5.0s] 4/9 tests run: 2 passed, 1 failed, 1 timed out, 0 skipped",
                counts(2, 2, 0),
            ),
            (
                "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                counts(5, 0, 1),
            ),
            (
                "test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
                counts(4, 1, 0),
            ),
            ("      Tests  1 failed | 11 passed (12)", counts(11, 1, 0)),
            (
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m12 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (12)\u{1b}[39m",
                counts(12, 0, 0),
            ),
            (
                "    test result: FAILED. 0 passed; 1 failed; 0 ignored",
                None,
            ),
            (" Test Files  2 passed (2)", None),
            ("test tally::tests::x ... ok", None),
        ] {
            assert_eq!(Tally::from_line(line), expected, "{line}");
        }
    }
}
