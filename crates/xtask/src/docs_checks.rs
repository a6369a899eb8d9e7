//! Tests that check the documents against the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::cli::Xtask;
use crate::repo::root;

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the paths of the book's documents, relative to `docs`.
pub(crate) fn chapters() -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join("docs").join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(name);
            } else if name.extension().is_some_and(|end| end == "md") {
                found.insert(name);
            }
        }
    }
    found
}

fn documents() -> Vec<PathBuf> {
    let book = chapters()
        .into_iter()
        .map(|name| root().join("docs").join(name));
    let front = ["README.md", "README.es.md"].map(|name| root().join(name));
    book.chain(front).collect()
}

/// Returns the parts of `text` between `open` and `close`.
pub(crate) fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split(close).next())
        .collect()
}

/// Returns the anchor that GitHub derives from a heading.
pub(crate) fn anchor(heading: &str) -> String {
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
    let book = root().join("docs").canonicalize().unwrap();
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
            // The documentation site does not publish files outside the book.
            let of_the_book = file.canonicalize().unwrap().starts_with(&book);
            assert!(
                of_the_book || document.parent() == Some(root().as_path()),
                "{}: {link} is not in the book",
                document.display()
            );
            assert!(
                wanted.is_empty() || has_anchor(&file, wanted),
                "{}: {link} has no such heading",
                document.display()
            );
        }
    }
}

#[test]
fn the_book_has_every_document_once() {
    let summary = read("docs/SUMMARY.md");
    let mut listed: Vec<_> = between(&summary, "](", ')')
        .into_iter()
        .map(PathBuf::from)
        .collect();
    listed.push("SUMMARY.md".into());
    let once: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), once.len(), "a document is listed twice");
    assert_eq!(once, chapters());
    // Each decision has its number and name.
    for decision in once
        .iter()
        .filter(|name| name.starts_with("decisions") && !name.ends_with("index.md"))
    {
        let text = fs::read_to_string(root().join("docs").join(decision)).unwrap();
        let heading = text.lines().next().unwrap().trim_start_matches("# ");
        assert!(summary.contains(&format!("[{heading}]")), "{heading}");
    }
}

/// Checks that the help in the page is the book's guide, without the line that leads to the other
/// language.
#[test]
fn the_guide_in_the_page_is_the_books() {
    for (document, page) in [
        ("docs/guide.md", "guide.en.md"),
        ("docs/es/guide.md", "guide.es.md"),
    ] {
        let document = read(document);
        let (title, rest) = document.split_once("\n\n").unwrap();
        let (_, body) = rest.split_once("\n\n").unwrap();
        let page = read(&format!("crates/central-hub/web/src/help/{page}"));
        assert_eq!(page, format!("{title}\n\n{body}"));
    }
    let pictures = |folder: &str| {
        let folder = root().join(folder);
        let files = fs::read_dir(folder).unwrap().map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name(), fs::read(entry.path()).unwrap())
        });
        files.collect::<std::collections::BTreeMap<_, _>>()
    };
    // The page is built where there are no documents, so it has its own copies of the pictures.
    let page = pictures("crates/central-hub/web/src/help/pictures");
    assert!(
        page == pictures("docs/images/guide"),
        "GUIDE_PICTURES=1 makes both"
    );
}

/// Checks that every `cargo xtask` command in the documents parses.
#[test]
fn every_task_is_called_as_it_can_be() {
    let mut tried = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for line in text.lines() {
            for typed in line.split("cargo xtask ").skip(1) {
                let typed = typed.split(['`', '#', '&', ';']).next().unwrap();
                let words = typed.split_whitespace().map(|word| word.trim_matches('\''));
                let words = ["xtask"].into_iter().chain(words);
                if let Err(error) = Xtask::try_parse_from(words) {
                    let shown = document.display();
                    assert!(
                        error.kind() == ErrorKind::DisplayHelp,
                        "{shown}: cargo xtask {typed}: {error}"
                    );
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried} tasks");
}

#[test]
fn every_code_and_cause_is_documented() {
    let api = read("docs/api.md");
    for code in between(&read("crates/session-api/src/error.rs"), " = \"", '"') {
        assert!(
            api.contains(&format!("`{code}`")),
            "{code} is not in docs/api.md"
        );
    }
    let causes = read("crates/session-manager/src/session/cause.rs")
        + &read("crates/session-manager/src/failure.rs");
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
fn every_file_of_the_how_tos_is_there() {
    let mut named = 0;
    for page in chapters().iter().filter(|name| name.starts_with("how-to")) {
        let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
        for path in between(&text, "`", '`').into_iter().step_by(2) {
            let folders = ["crates/", "deploy/", "docs/", "tests/"];
            if folders.iter().any(|folder| path.starts_with(folder)) {
                assert!(root().join(path).exists(), "{}: {path}", page.display());
                named += 1;
            }
        }
    }
    assert!(named > 40, "{named} files");
}

/// Counts the test files that `text` names. Each must exist and contain the tests that are named
/// after it.
fn files_of_tests(text: &str) -> usize {
    let (mut file, mut held) = (String::new(), 0);
    for word in between(text, "`", '`').into_iter().step_by(2) {
        if word.contains('/') {
            file = read(word);
            held += 1;
        } else {
            assert!(file.contains(&format!("fn {word}(")), "no test {word}");
        }
    }
    held
}

#[test]
fn the_tests_that_hold_the_security_are_there() {
    let text = read("docs/security.md");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let held: usize = rows
        .filter_map(|row| row.trim_end_matches(['|', ' ']).rsplit(" | ").next())
        .map(files_of_tests)
        .sum();
    assert!(held >= 20, "{held} files of tests");
}

#[test]
fn the_tests_that_hold_the_decisions_are_there() {
    for decision in chapters()
        .iter()
        .filter(|name| name.starts_with("decisions"))
    {
        let text = fs::read_to_string(root().join("docs").join(decision)).unwrap();
        let held = text
            .lines()
            .filter_map(|line| line.strip_prefix("Held by "));
        let held: usize = held.map(files_of_tests).sum();
        let index = decision.ends_with("index.md");
        assert!(held > 0 || index, "nothing holds {}", decision.display());
    }
}
