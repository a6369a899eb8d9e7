//! Tests the files in `deploy/container` against the code.

use service_runtime::env::variable::{DefaultValue, Variables};

use super::*;
use crate::docs_checks::read;
use crate::repo::Package;

static CONFIG: [(&str, &Variables, u64); 2] = [
    ("session-manager", &session_manager::config::VARIABLES, 3001),
    ("central-hub", &central_hub::config::VARIABLES, 3012),
];

fn file(name: &str) -> String {
    read(&format!("deploy/container/{name}"))
}

/// Returns the lines of `text` below `head` with a deeper indentation.
fn below<'a>(text: &'a str, head: &str) -> Vec<&'a str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines();
    let found = lines.find(|line| line.trim_start() == head);
    let depth = indent(found.unwrap_or_else(|| panic!("no {head}")));
    lines
        .take_while(|line| line.trim().is_empty() || indent(line) > depth)
        .collect()
}

/// Returns the settings of a service in `compose.yaml`.
fn service(name: &str) -> String {
    below(&file("compose.yaml"), &format!("{name}:")).join("\n")
}

/// Returns a stage of the Containerfile.
fn stage(name: &str) -> String {
    let text = file("Containerfile");
    let (_, rest) = text.split_once(&format!(" AS {name}\n")).unwrap();
    rest.split("\nFROM ").next().unwrap().to_owned()
}

/// Returns the rest of the line that begins with `word`.
fn value<'a>(text: &'a str, word: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(word));
    line.unwrap_or_else(|| panic!("no {word} in {text}")).trim()
}

#[test]
fn every_variable_reaches_its_service_and_none_is_misspelt() {
    for (name, variables, _) in CONFIG {
        let known = crate::variables::names(variables);
        let service = service(name);
        // All variables come from the operator's file.
        assert_eq!(value(&service, "env_file:"), format!("[{name}.env]"));
        let fixed = below(&service, "environment:");
        let example = file(&format!("{name}.env.example"));
        let fixed = fixed.iter().filter_map(|line| line.split_once(": "));
        let offered = example.lines().filter_map(|line| line.split_once('='));
        for (variable, _) in fixed.chain(offered) {
            let variable = variable.trim_start_matches(['#', ' ']);
            assert!(known.contains(variable), "{name} knows no {variable}");
        }
    }
}

#[test]
fn no_secret_is_in_what_is_committed() {
    let secret = |name: &str| {
        ["_TOKEN", "PASSWORD", "_KEY", "SECRET"]
            .iter()
            .any(|word| name.contains(word))
    };
    for (name, _, _) in CONFIG {
        for line in file(&format!("{name}.env.example")).lines() {
            let Some((variable, value)) = line.split_once('=') else {
                continue;
            };
            let empty = value.is_empty() || line.starts_with('#');
            assert!(!secret(variable) || empty, "{line}");
        }
    }
    for line in file("Containerfile").lines().map(str::trim) {
        let sets = line.starts_with("ENV ") || line.starts_with("ARG ") || line.contains("_DIR=");
        assert!(!(sets && secret(line)), "{line}");
    }
    for name in ["compose.yaml", "rehearsal.yaml"] {
        for line in file(name).lines() {
            let line = line.split('#').next().unwrap();
            assert!(!secret(line), "{name}: {line}");
        }
    }
    // The build inputs are listed, and all other files are ignored.
    let text = read(".dockerignore");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines[0], "*");
    let let_in: Vec<_> = lines.iter().filter(|line| line.starts_with('!')).collect();
    assert_eq!(
        let_in,
        [&"!Cargo.toml", &"!Cargo.lock", &"!crates", &"!tests"]
    );
    assert!(read("deploy/.gitignore").contains("/container/*.env\n"));
}

#[test]
fn ports_patience_and_versions_are_the_codes() {
    for (name, variables, port) in CONFIG {
        let (stage, service) = (stage(name), service(name));
        assert_eq!(variables["PORT"].default, DefaultValue::Number(port));
        assert_eq!(value(&stage, "EXPOSE"), port.to_string());
        assert_eq!(value(&service, "PORT:"), format!("\"{port}\""));
        let check = value(&service, "test:");
        assert_eq!(check, format!("[CMD, {name}, health, --deep]"));
        let unit = read(&format!("deploy/systemd/leadmaster-{name}.service"));
        let patience = value(&unit, "TimeoutStopSec=");
        assert_eq!(
            value(&service, "stop_grace_period:"),
            format!("{patience}s")
        );
        assert_eq!(value(&service, "image:"), tag(name));
        assert_eq!(value(&service, "target:"), name);
    }
    let hub = service("central-hub");
    let manager = "http://session-manager:3001";
    assert_eq!(value(&hub, "SESSION_MANAGER_BASE_URL:"), manager);
    let base = value(&file("Containerfile"), "ARG BASE=").to_owned();
    for name in [service("session-manager"), hub, file("rehearsal.yaml")] {
        let taken = format!("${{LEADMASTER_BASE:-{base}}}");
        assert_eq!(value(&name, "BASE:"), taken);
    }
    let manifest = read("Cargo.toml");
    let rust = value(&manifest, "rust-version = ").trim_matches('"');
    assert_eq!(value(&file("Containerfile"), "ARG RUST="), rust);
}

#[test]
fn nothing_is_open_that_need_not_be() {
    assert!(!service("session-manager").contains("ports:"));
    for (text, port) in [
        (service("central-hub"), "3012"),
        (file("rehearsal.yaml"), "3090"),
    ] {
        let ports = value(&text, "ports:");
        assert!(ports.starts_with("[\"127.0.0.1:$"), "{ports}");
        assert!(ports.ends_with(&format!(":{port}\"]")), "{ports}");
    }
    for (name, _, _) in CONFIG {
        let service = service(name);
        for line in [
            "read_only: true",
            "cap_drop: [ALL]",
            "restart: unless-stopped",
        ] {
            assert!(service.contains(line), "{name}: {line}");
        }
        assert!(value(&service, "security_opt:").contains("no-new-privileges"));
        let user = stage(name);
        let user = value(&user, "USER").split(':').next().unwrap();
        assert!(user.parse::<u32>().unwrap() >= 1000, "{name}: {user}");
    }
}

#[test]
fn chrome_keeps_its_sandbox() {
    for name in ["Containerfile", "compose.yaml", "rehearsal.yaml"] {
        let text = file(name);
        for word in ["no-sandbox", "privileged: true", "unconfined", "SYS_ADMIN"] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
    let options = service("session-manager");
    assert!(value(&options, "security_opt:").contains("seccomp=seccomp.json"));
    let profile = file("seccomp.json");
    let allows = |call: &str| profile.contains(&format!("\"{call}\""));
    for call in ["clone", "clone3", "unshare", "chroot", "seccomp"] {
        assert!(allows(call), "{call}");
    }
    for call in [
        "add_key",
        "bpf",
        "init_module",
        "io_uring_setup",
        "kexec_load",
        "keyctl",
        "mount",
        "open_by_handle_at",
        "perf_event_open",
        "pivot_root",
        "ptrace",
        "reboot",
        "settimeofday",
        "swapon",
        "userfaultfd",
    ] {
        assert!(!allows(call), "{call}");
    }
}

#[test]
fn image_builds_the_embedded_assets() {
    let (pages, build) = (stage("pages"), stage("build"));
    for package in Package::EMBEDDED {
        let folder = package.folder();
        let folder = folder.strip_prefix(repo::root()).unwrap().display();
        assert!(pages.contains(&format!("COPY {folder} ")), "{folder}");
        assert!(build.contains(&format!(" {folder}/dist\n")), "{folder}");
    }
}

#[test]
fn a_build_reads_as_it_is_typed() {
    let options = ImageOptions {
        check: false,
        as_built: false,
        dev: true,
        engine: None,
        base: Some("localhost/debian:13".to_owned()),
    };
    let command = build(Engine::Docker, "central-hub", &options);
    assert_eq!(
        cargo::shown(&command),
        "docker build --file deploy/container/Containerfile --target central-hub \
         --tag localhost/leadmaster/central-hub --build-arg PROFILE=dev \
         --build-arg BASE=localhost/debian:13 ."
    );
}

#[test]
fn container_logs_and_memory_are_bounded() {
    let logging = below(&file("compose.yaml"), "x-logging: &logging").join("\n");
    assert_eq!(value(&logging, "driver:"), "json-file");
    assert_eq!(value(&logging, "max-size:"), "10m");
    assert_eq!(value(&logging, "max-file:"), "\"5\"");
    assert_eq!(value(&logging, "compress:"), "\"true\"");
    for ((name, _, _), memory) in CONFIG.into_iter().zip(["2g", "1g"]) {
        let service = service(name);
        assert_eq!(value(&service, "logging:"), "*logging", "{name}");
        assert_eq!(value(&service, "mem_limit:"), memory, "{name}");
    }
}

/// Returns `secrets.yaml` with its examples, which are the keys and items after a `#`.
fn secrets_with_examples() -> String {
    let text = file("secrets.yaml");
    let (_, settings) = text.split_once("\nservices:\n").unwrap();
    let lines = settings.lines().map(|line| line.replacen("# ", "", 1));
    let lines: Vec<_> = ["services:".to_owned()].into_iter().chain(lines).collect();
    lines.join("\n")
}

#[test]
fn every_secret_can_be_mounted_as_a_file() {
    let text = secrets_with_examples();
    let (services, held) = text.split_once("\nsecrets:\n").unwrap();
    for (name, table, _) in CONFIG {
        let service = below(services, &format!("{name}:")).join("\n");
        let mounted = below(&service, "secrets:");
        let set = below(&service, "environment:");
        let mut variables = Vec::new();
        for (line, secret) in set.into_iter().zip(mounted) {
            let (variable, path) = line.trim().split_once(": ").unwrap();
            let secret = secret.trim().strip_prefix("- ").unwrap();
            assert_eq!(path, format!("/run/secrets/{secret}"), "{name}: {variable}");
            let file = below(held, &format!("{secret}:")).join("\n");
            assert_eq!(value(&file, "file:"), format!("./secrets/{secret}"));
            variables.push(variable.to_owned());
        }
        let mut wanted: Vec<_> = table.secrets().map(|it| format!("{it}_FILE")).collect();
        wanted.sort();
        variables.sort();
        assert_eq!(variables, wanted, "{name}");
    }
    assert!(read("deploy/.gitignore").contains("/container/secrets/\n"));
}

/// Checks that the file works for everybody without its examples. With them it would not: compose
/// rejects a secret whose file is missing.
#[test]
fn secrets_that_each_pair_has_are_mounted() {
    let text = file("secrets.yaml");
    let plain: Vec<_> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let held = below(&plain.join("\n"), "secrets:").join("\n");
    let text = plain.join("\n");
    let (_, files) = text.rsplit_once("\nsecrets:\n").unwrap();
    let files: Vec<_> = files
        .lines()
        .filter_map(|it| it.split_once("file: "))
        .collect();
    assert!(held.contains("- session-manager-token"), "{held}");
    assert_eq!(
        files.iter().map(|(_, file)| *file).collect::<Vec<_>>(),
        [
            "./secrets/session-manager-token",
            "./secrets/hub-admin-password"
        ]
    );
}
