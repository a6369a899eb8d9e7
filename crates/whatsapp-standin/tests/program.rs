//! Tests the program: its output, its rejection of invalid options, and its exit.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_whatsapp-standin");

#[test]
fn program_prints_its_address_and_stops_on_a_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data.json");
    let mut child = Command::new(PROGRAM)
        .args(["--sync-ms", "10", "--set", "codes=2", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a started program");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let web = line();
    let phone = line();
    assert!(
        web.starts_with("web http://127.0.0.1:") && web.ends_with('/'),
        "{web}"
    );
    assert_eq!(phone, format!("{}phone", web.replace("web ", "phone ")));
    let kill = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(kill.expect("an exit status of kill").success());
    assert!(
        child.wait().expect("an exit status").success(),
        "the exit status must be 0"
    );
    assert!(lines.next().is_none(), "there must be no further output");
}

#[test]
fn invalid_options_are_rejected() {
    for (arguments, expected) in [
        (vec!["--host", "0.0.0.0"], "--allow-remote"),
        (vec!["--set", "moon_ms=1"], "moon_ms"),
        (vec!["--set", "moon"], "NAME=JSON"),
    ] {
        let output = Command::new(PROGRAM)
            .args(&arguments)
            .output()
            .expect("the program's output");
        assert!(!output.status.success(), "{arguments:?}");
        let output_text = String::from_utf8_lossy(&output.stderr);
        assert!(
            output_text.contains(expected),
            "{arguments:?}: {output_text}"
        );
    }
}

#[test]
fn program_prints_its_version() {
    let output = Command::new(PROGRAM)
        .arg("--version")
        .output()
        .expect("the program's output");
    let output_text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output_text.trim(),
        concat!("whatsapp-standin ", env!("CARGO_PKG_VERSION"))
    );
}
