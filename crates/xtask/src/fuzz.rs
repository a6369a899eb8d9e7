//! Implements `cargo xtask fuzz`, which fuzzes the parsers of untrusted input.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::cli::FuzzOptions;
use crate::setup::Needs;
use crate::{assets, cargo, repo, say, setup};

/// The targets in `tests/fuzz`, each with one or two seeds.
const TARGETS: [(&str, &[&str]); 7] = [
    ("numbers", &["+54 9 11 5825-4201", "5491158254201@c.us"]),
    (
        "requests",
        &[
            r#"{"to":"5491158254201","message":"Hola"}"#,
            r#"{"to":"5491158254201","type":"location","latitude":-34.6,"longitude":-58.4}"#,
        ],
    ),
    (
        "lists",
        &[
            "telefono;nombre\n1158254201;Ana\n",
            r#"[{"phone":"5491158254201","nombre":"Ana"}]"#,
        ],
    ),
    (
        "page",
        &[
            r#"[{"type":"facts","facts":{"registered":false,"code":"2@abc,d,e,f"}}]"#,
            r#"[{"type":"ack","id":"true_1@c.us_3EB0","ack":2}]"#,
        ],
    ),
    (
        "environment",
        &[
            "PORT=3012\nSESSION_MANAGER_BASE_URL=http://127.0.0.1:3001\nDRY_RUN=true\n",
            "PORT=3001\nCHROME_ARGS=--lang=es\nHEARTBEAT_MS=1000\n",
        ],
    ),
    (
        "multipart",
        &[
            "\u{7}--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\nhola\r\n--x--\r\n",
            "\u{1}--x\r\nContent-Disposition: form-data; name=file; filename*=UTF-8''a%2fb\r\n\r\n\r\n--x--",
        ],
    ),
    (
        "content-disposition",
        &[
            "filename=\"lista de precios.pdf\"",
            "filename*=UTF-8''%e2%80%aefdp.exe",
            "filename=\"a\\\"b\"; filename=\"../c\"",
        ],
    ),
];

/// The targets that need a service's crate, through the feature of the same name.
const OF_SERVICES: [&str; 4] = ["numbers", "lists", "page", "environment"];

/// Runs all targets, or only the selected ones, each for the given number of minutes.
pub(crate) fn run(options: &FuzzOptions) -> Result<()> {
    let unknown = |name: &&String| TARGETS.iter().all(|(target, _)| target != name);
    if let Some(name) = options.targets.iter().find(unknown) {
        bail!(
            "there is no target {name}: {}",
            TARGETS.map(|it| it.0).join(", ")
        );
    }
    let tools = setup::setup(Needs::NODE)?;
    // Build the pages, since the services embed them.
    assets::build_all(&tools)?;
    let folder = repo::root().join("tests/fuzz");
    // Use the same versions of dependencies as the product.
    fs::copy(repo::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    for (name, seeds) in TARGETS {
        if !options.targets.is_empty() && !options.targets.iter().any(|it| it == name) {
            continue;
        }
        say::step(format!("{name}, {} min", options.minutes));
        fuzz(name, seeds, options.minutes)?;
    }
    Ok(())
}

fn fuzz(name: &str, seeds: &[&str], minutes: u64) -> Result<()> {
    let target = repo::target().join("fuzz");
    let corpus = target.join("corpus").join(name);
    fs::create_dir_all(&corpus)?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), seed)?;
    }
    let words = ["run", "--fuzz-dir", "tests/fuzz", "--target-dir"];
    let mut command = cargo::plugin("fuzz", &words)?;
    command.arg(&target);
    if OF_SERVICES.contains(&name) {
        command.args(["--features", "services"]);
    }
    command
        .arg(name)
        .arg(&corpus)
        .arg("--")
        .arg(format!("-max_total_time={}", minutes * 60))
        .arg(format!("-artifact_prefix={}/", target.display()))
        // Instrumentation needs a nightly compiler, or this variable.
        .env("RUSTC_BOOTSTRAP", "1");
    cargo::run(&mut command)
        .with_context(|| format!("{name}; what breaks it is kept in {}", target.display()))
}
