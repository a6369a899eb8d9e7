//! Tests the systemd files of `deploy/`, which systemd itself checks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harness::{Scratch, binary};
use tokio::process::Command;

const UNITS: [(&str, &str); 2] = [
    ("leadmaster-session-manager.service", "session-manager"),
    ("leadmaster-central-hub.service", "central-hub"),
];

/// The units that send alerts, each with the path of its program in the archive.
const ALERT_UNITS: [&str; 3] = [
    "leadmaster-alert@.service",
    "leadmaster-healthcheck.service",
    "leadmaster-healthcheck.timer",
];

fn unit(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/systemd");
    folder.join(name)
}

/// Runs systemd-analyze. Returns whether it succeeded, and its output.
async fn analyze(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .expect("systemd-analyze: `cargo xtask test` installs it");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("UTF-8");
    (output.status.success(), text)
}

#[tokio::test]
async fn systemd_exposure_of_both_units_is_below_3() {
    for (name, _) in UNITS {
        let file = unit(name).display().to_string();
        let arguments = [
            "security",
            "--offline=yes",
            "--threshold=29",
            "--no-pager",
            &file,
        ];
        let (succeeded, output) = analyze(&arguments).await;
        assert!(succeeded, "{name}: {output}");
        // Show that the check can fail.
        let arguments = [
            "security",
            "--offline=yes",
            "--threshold=1",
            "--no-pager",
            &file,
        ];
        assert!(!analyze(&arguments).await.0, "{name}");
    }
}

#[tokio::test]
async fn systemd_verifies_both_units() {
    let folder = Scratch::default();
    for (name, program) in UNITS {
        let text = std::fs::read_to_string(unit(name)).expect("the unit");
        let installed = format!("/opt/leadmaster/bin/{program}");
        assert!(text.contains(&installed));
        let text = text.replace(&installed, &binary(program).display().to_string());
        std::fs::write(folder.join(name), text).expect("written");
    }
    // Check the units with the drop-ins that provide their secrets as well.
    for (name, program) in UNITS {
        let credentials = format!("{program}.credentials.conf");
        let text = std::fs::read_to_string(unit(&credentials)).expect("the drop-in");
        assert!(text.contains(&format!("/{name}.d/credentials.conf")));
        let drop_ins = folder.join(&format!("{name}.d"));
        std::fs::create_dir(&drop_ins).expect("a folder");
        // The examples that are commented out have to be valid as well.
        let text: Vec<_> = text.lines().map(directive).collect();
        let text = text.join("\n");
        std::fs::write(drop_ins.join("credentials.conf"), text).expect("written");
    }
    let installed = "/opt/leadmaster/current/deploy";
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    for name in ALERT_UNITS {
        let text = std::fs::read_to_string(unit(name)).expect("the unit");
        assert_eq!(
            text.contains(installed),
            name.ends_with(".service"),
            "{name}"
        );
        let text = text.replace(installed, &here.display().to_string());
        std::fs::write(folder.join(name), text).expect("written");
    }
    // A template is verified through an instance of it.
    let alert_units = UNITS.map(|(name, _)| format!("leadmaster-alert@{name}.service"));
    let names = UNITS.iter().map(|(name, _)| *name);
    let names = names
        .chain(alert_units.iter().map(String::as_str))
        .chain([ALERT_UNITS[1], ALERT_UNITS[2]]);
    for name in names {
        let file = folder.join(name).display().to_string();
        let (succeeded, output) = analyze(&["verify", "--man=no", &file]).await;
        assert!(succeeded && !output.contains(name), "{name}: {output}");
    }
}

#[tokio::test]
async fn both_units_send_an_alert_when_systemd_gives_them_up() {
    for (name, _) in UNITS {
        let text = std::fs::read_to_string(unit(name)).expect("the unit");
        assert!(
            text.contains("\nOnFailure=leadmaster-alert@%n.service\n"),
            "{name}"
        );
    }
    let install = std::fs::read_to_string(unit("../install.sh")).expect("the script");
    for name in ALERT_UNITS {
        assert!(install.contains(name), "{name}");
    }
}

/// Returns the line without the `#` of an example directive.
fn directive(line: &str) -> &str {
    let example = line.strip_prefix('#').filter(|rest| {
        let name = rest.split_once('=').map(|(name, _)| name);
        name.is_some_and(|key| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic()))
    });
    example.unwrap_or(line)
}

#[tokio::test]
async fn every_credential_is_a_variable_of_its_service() {
    for (_, program) in UNITS {
        let text = std::fs::read_to_string(unit(&format!("{program}.credentials.conf")));
        let text = text.expect("the drop-in").replace("\n#", "\n");
        let help = Command::new(binary(program)).arg("--help").output().await;
        let help = String::from_utf8(help.expect("it starts").stdout).expect("UTF-8");
        let mut count = 0;
        for line in text.lines() {
            let Some(assignment) = line.strip_prefix("Environment=") else {
                continue;
            };
            let (variable, path) = assignment.split_once("=%d/").expect("a credential's path");
            assert!(help.contains(variable), "{program}: {variable}");
            assert!(text.contains(&format!("LoadCredential={path}:/etc/leadmaster/{path}\n")));
            count += 1;
        }
        assert_eq!(count, text.matches("LoadCredential=").count(), "{program}");
        // Each secret can be provided in this way.
        let arguments = help
            .split_whitespace()
            .filter(|word| word.ends_with("_FILE"));
        let secrets: BTreeSet<_> = arguments.collect();
        assert_eq!(count, secrets.len(), "{program}: {secrets:?}");
    }
}

#[tokio::test]
async fn both_units_bound_memory_and_are_watched() {
    for ((name, _), memory) in UNITS.into_iter().zip(["2G", "1G"]) {
        let text = std::fs::read_to_string(unit(name)).expect("the unit");
        assert!(text.contains(&format!("\nMemoryMax={memory}\n")), "{name}");
        for line in ["Type=notify", "WatchdogSec=60", "LimitCORE=0"] {
            assert!(text.contains(&format!("\n{line}\n")), "{name}: {line}");
        }
    }
    // If a Chrome process is killed, that is no reason to stop the service.
    let manager = std::fs::read_to_string(unit(UNITS[0].0)).expect("the unit");
    assert!(manager.contains("\nOOMPolicy=continue\n"));
}

#[tokio::test]
async fn install_script_reports_its_steps_and_missing_tools() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/install.sh");
    let run_script = async |arguments: &[&str]| {
        let output = Command::new(&script).args(arguments).output().await;
        let output = output.expect("it is executable");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        (output.status.code(), said)
    };
    let (code, said) = run_script(&["--help"]).await;
    assert_eq!(code, Some(0));
    for word in ["upgrade", "--rollback", "/etc/leadmaster"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(run_script(&["--nonsense"]).await.0, Some(2));
    // A checkout has nothing to install, on any host.
    let (code, said) = run_script(&[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("install: "), "{said}");
    // The script installs the units that it should.
    let text = std::fs::read_to_string(&script).expect("the script");
    for (name, _) in UNITS {
        assert!(text.contains(name.trim_end_matches(".service")), "{name}");
    }
}
