//! Counts tests by the summary lines of the test runners, and records how long tests take.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The number of tests, by result.
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

    /// Parses a summary line of nextest, cargo test or Vitest; `None` for any other line.
    fn from_line(line: &str) -> Option<Self> {
        let line = plain(line);
        // Match only at the start of the line: nextest prints the output of a failed test, which
        // ends with the same line, indented.
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

/// A test that nextest ran, with its duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timed {
    pub(crate) took: Duration,
    pub(crate) name: String,
}

impl Timed {
    /// Parses the line of a finished test:
    /// `PASS [   1.234s] ( 12/345) e2e hub::pair::a_test`.
    fn from_line(line: &str) -> Option<Self> {
        let line = plain(line);
        let (status, rest) = line.trim().split_once(" [")?;
        let over = ["PASS", "FAIL", "TIMEOUT", "SIG", "LEAK"];
        if !over.iter().any(|word| status.starts_with(word)) {
            return None;
        }
        let (seconds, name) = rest.split_once("s] ")?;
        let took = Duration::try_from_secs_f64(seconds.trim().parse().ok()?).ok()?;
        // The name comes after the number of the test.
        let name = match name.strip_prefix('(') {
            Some(numbered) => numbered.split_once(") ")?.1,
            None => name,
        };
        Some(Self {
            took,
            name: name.trim().to_owned(),
        })
    }
}

/// Returns the `count` slowest tests, slowest first, each once.
fn slowest(mut tests: Vec<Timed>, count: usize) -> Vec<Timed> {
    tests.sort_by(|a, b| (&a.name, b.took).cmp(&(&b.name, a.took)));
    // nextest lists failed tests again at its end.
    tests.dedup_by(|later, first| later.name == first.name);
    tests.sort_by_key(|test| std::cmp::Reverse(test.took));
    tests.truncate(count);
    tests
}

/// Returns a line without its colours.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' {
            // Skip "[", the numbers and the final letter.
            rest.find(char::is_ascii_alphabetic);
        } else {
            out.push(letter);
        }
    }
    out
}

/// The result of a test runner.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) status: ExitStatus,
    pub(crate) tally: Tally,
    /// The ten slowest tests; empty for runners other than nextest.
    pub(crate) slowest: Vec<Timed>,
}

enum Line {
    Closing(Tally),
    Test(Timed),
}

/// Runs a test runner, passes its output on, and counts the tests.
pub(crate) fn run(command: &mut Command) -> Result<Counted> {
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
    let mut tests = Vec::new();
    for line in found {
        match line {
            Line::Closing(counted) => tally.add(counted),
            Line::Test(test) => tests.push(test),
        }
    }
    for copy in copies {
        let _ = copy.join();
    }
    let status = child.wait().context("waiting for a test runner")?;
    Ok(Counted {
        status,
        tally,
        slowest: slowest(tests, 10),
    })
}

fn copy(from: impl Read, mut to: impl Write, found: &mpsc::Sender<Line>) {
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let _ = to.write_all(&line);
        let _ = to.write_all(b"\n");
        let line = String::from_utf8_lossy(&line);
        if let Some(tally) = Tally::from_line(&line) {
            let _ = found.send(Line::Closing(tally));
        } else if let Some(test) = Timed::from_line(&line) {
            let _ = found.send(Line::Test(test));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_are_found_in_the_runners_lines() {
        let lines = [
            "        PASS [   0.012s] (  1/345) xtask tally::tests::quick",
            "\u{1b}[32;1m        PASS\u{1b}[0m [ 101.500s] (\u{1b}[1m  2/345) \u{1b}[35;1me2e\u{1b}[0m hub::pair::slow",
            "        SLOW [> 60.000s] (  3/345) e2e hub::pair::slow",
            "        FAIL [   7.000s] (  3/345) e2e hub::pair::failed",
            "        FAIL [   7.000s] (  3/345) e2e hub::pair::failed",
            "     Summary [ 108.512s] 3 tests run: 2 passed (1 slow), 1 failed, 0 skipped",
            "     TIMEOUT [ 900.001s] (  4/345) e2e hub::pair::never",
        ];
        let tests = lines.into_iter().filter_map(Timed::from_line).collect();
        let names: Vec<_> = slowest(tests, 3)
            .into_iter()
            .map(|test| (test.name, test.took.as_secs()))
            .collect();
        let expected = [
            ("e2e hub::pair::never", 900),
            ("e2e hub::pair::slow", 101),
            ("e2e hub::pair::failed", 7),
        ];
        assert_eq!(names, expected.map(|(name, took)| (name.to_owned(), took)));
    }

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
