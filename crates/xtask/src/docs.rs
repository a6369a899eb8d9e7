//! What the documents say, held against what the code says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::repo::root;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn documents() -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    found.push(root().join("README.md"));
    found
}

/// The words in `text` that stand between `open` and `close`.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split(close).next())
        .collect()
}

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim_matches(['#', ' '])
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_anchor(file: &Path, wanted: &str) -> bool {
    fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .any(|line| line.starts_with('#') && anchor(line) == wanted)
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in between(&text, "](", ')') {
            if link.starts_with("http") {
                continue;
            }
            let (path, wanted) = link.split_once('#').unwrap_or((link, ""));
            let file = if path.is_empty() {
                document.clone()
            } else {
                document.parent().unwrap().join(path)
            };
            assert!(file.exists(), "{}: {link}", document.display());
            assert!(
                wanted.is_empty() || has_anchor(&file, wanted),
                "{}: {link} has no such heading",
                document.display()
            );
        }
    }
}

/// A word such as `SESSION_MANAGER_TOKEN` at the start of a line.
fn listed_variables(source: &str) -> BTreeSet<String> {
    let text = read(source);
    let (_, list) = text.split_once("Environment:\n").unwrap();
    list.lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| {
            word.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_variable_is_documented_and_in_its_ecosystem_file() {
    let document = read("docs/configuration.md");
    for (source, ecosystem) in [
        (
            "crates/session-manager/src/config.rs",
            "deploy/session-manager/ecosystem.config.cjs",
        ),
        (
            "crates/central-hub/src/config.rs",
            "deploy/central-hub/ecosystem.config.js",
        ),
    ] {
        let variables = listed_variables(source);
        assert!(variables.len() > 5, "{source}: {variables:?}");
        let file = read(ecosystem);
        for name in variables {
            assert!(
                document.contains(&format!("`{name}`")),
                "{name} is not documented"
            );
            assert!(
                file.contains(&format!("{name}: ")),
                "{name} is not in {ecosystem}"
            );
        }
    }
}

#[test]
fn every_code_and_cause_is_documented() {
    let api = read("docs/api.md");
    for code in between(&read("crates/session-api/src/error.rs"), " = \"", '"') {
        // Not answered by any route yet.
        if code != "MESSAGE_NOT_FOUND" {
            assert!(
                api.contains(&format!("`{code}`")),
                "{code} is not in docs/api.md"
            );
        }
    }
    let causes = read("crates/session-manager/src/session/cause.rs");
    for document in ["docs/operations.md", "docs/operaciones.md"] {
        let text = read(document);
        for code in between(&causes, " => \"", '"') {
            assert!(
                text.contains(&format!("`{code}`")),
                "{code} is not in {document}"
            );
        }
    }
}

#[test]
fn both_languages_say_the_same_things() {
    let parts = |path: &str| {
        let text = read(path);
        let count = |mark: &str| text.lines().filter(|line| line.starts_with(mark)).count();
        [
            count("## "),
            count("```"),
            count("| "),
            count("**"),
            count("curl"),
            count("pm2"),
        ]
    };
    assert_eq!(parts("docs/operations.md"), parts("docs/operaciones.md"));
}

#[test]
fn the_tests_that_hold_the_security_are_there() {
    let text = read("docs/security.md");
    let mut held = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cell = row.trim_end_matches(['|', ' ']).rsplit(" | ").next();
        let mut file = String::new();
        for word in between(cell.unwrap_or_default(), "`", '`')
            .into_iter()
            .step_by(2)
        {
            if word.contains('/') {
                file = read(word);
                held += 1;
            } else {
                assert!(file.contains(&format!("fn {word}()")), "no test {word}");
            }
        }
    }
    assert!(held >= 20, "{held} files of tests");
}
