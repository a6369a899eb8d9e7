//! Tests that every page for operators exists in Spanish and has the same content as its English
//! page.
//!
//! ```text
//!  docs/tutorials/move.md ────┐  section by section: blocks of commands, rows
//!                             ├─ of tables, names and figures in sentences
//!  docs/es/tutorials/move.md ─┘
//! ```
//!
//! These tests fail if a command, a default or an error code is changed in one language only. Only
//! the wording may differ.

use std::path::PathBuf;

use crate::docs_checks::{anchor, between, chapters, read};
use crate::repo::root;

/// The English pages whose Spanish page has another name or is not below `docs/es`.
const OTHERWISE_NAMED: [(&str, &str); 3] = [
    ("README.md", "README.es.md"),
    ("deploy/passkey/README.md", "deploy/passkey/README.es.md"),
    ("docs/operations.md", "docs/operaciones.md"),
];

/// The pages for operators, in addition to the tutorials.
const FOR_OPERATORS: [&str; 10] = [
    "README.md",
    "deploy/passkey/README.md",
    "docs/api.md",
    "docs/architecture.md",
    "docs/configuration.md",
    "docs/glossary.md",
    "docs/guide.md",
    "docs/index.md",
    "docs/operations.md",
    "docs/security.md",
];

/// The pages that are translated in part: the introduction and these sections.
const IN_PART: [(&str, &[&str]); 2] = [
    (
        "docs/api.md",
        &[
            "## When nobody knows",
            "## Edits and deletions",
            "## Reactions",
            "## WhatsApp's limits",
            "## Kinds of message",
            "### What becomes of a message",
            "#### Quick answers",
            "### Numbers",
            "### Which numbers have WhatsApp",
            "## Sign-in and access",
            "## Codes",
        ],
    ),
    (
        "docs/architecture.md",
        &["## The states", "## Stopping", "## What is trusted"],
    ),
];

/// The placeholders in code, in English and in Spanish.
const REPLACED: [(&str, &str); 8] = [
    ("<number>", "<número>"),
    ("<this repository>", "<este repositorio>"),
    ("at least ten characters", "al menos diez caracteres"),
    ("leads:secret@", "leads:secreto@"),
    ("127.0.0.1:3012 server", "127.0.0.1:3012 servidor"),
    ("key.txt", "clave.txt"),
    ("FILE", "ARCHIVO"),
    ("saved.html", "guardada.html"),
];

#[derive(Default)]
struct Section {
    heading: String,
    prose: String,
    rows: Vec<String>,
    blocks: Vec<Block>,
}

struct Block {
    kind: String,
    lines: Vec<String>,
}

/// Returns the path of the Spanish translation of `english`.
fn spanish_of(english: &str) -> String {
    OTHERWISE_NAMED
        .iter()
        .find(|(known, _)| *known == english)
        .map_or_else(
            || english.replacen("docs/", "docs/es/", 1),
            |(_, spanish)| (*spanish).to_owned(),
        )
}

/// Returns all pairs of an English page and its Spanish translation.
fn pairs() -> Vec<(String, String)> {
    let named = OTHERWISE_NAMED.map(|(english, spanish)| (english.to_owned(), spanish.to_owned()));
    let below_es = chapters().into_iter().filter_map(|name| {
        let english = name.strip_prefix("es").ok()?;
        let english = format!("docs/{}", english.display());
        Some((english, format!("docs/{}", name.display())))
    });
    named.into_iter().chain(below_es).collect()
}

/// Returns the headings of the translated sections, if `english` is translated in part.
fn part_of(english: &str) -> Option<&'static [&'static str]> {
    IN_PART
        .iter()
        .find(|(known, _)| *known == english)
        .map(|(_, headings)| *headings)
}

/// Splits a page at its headings. The first section is what comes before the title.
fn sections(text: &str) -> Vec<Section> {
    let mut found = vec![Section::default()];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let section = found.last_mut().expect("the first");
        if let Some(kind) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| !line.starts_with("```"));
            section.blocks.push(Block {
                kind: kind.to_owned(),
                lines: inside.map(str::to_owned).collect(),
            });
        } else if line.starts_with('#') {
            found.push(Section {
                heading: line.to_owned(),
                ..Section::default()
            });
        } else if line.starts_with('|') {
            section.rows.push(line.to_owned());
        } else {
            section.prose.push_str(line);
            section.prose.push('\n');
        }
    }
    found
}

fn with_english_words(text: &str) -> String {
    REPLACED
        .iter()
        .fold(text.to_owned(), |text, (english, spanish)| {
            text.replace(spanish, english)
        })
}

/// Returns the code spans and numbers of `text`, sorted. Link targets do not count.
fn unchanging(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in with_english_words(text).lines() {
        for (place, part) in line.split('`').enumerate() {
            if place % 2 == 1 {
                found.push(part.to_owned());
                continue;
            }
            let addresses = between(part, "](", ')');
            let words = addresses.iter().fold(part.to_owned(), |words, address| {
                words.replacen(&format!("]({address})"), " ", 1)
            });
            let figures = words.split(|c: char| !c.is_ascii_digit());
            found.extend(figures.filter(|it| !it.is_empty()).map(str::to_owned));
        }
    }
    found.sort();
    found
}

const fn is_drawn(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{25ff}')
}

/// Returns the lines of a code block without translatable text, which is shell comments, and the
/// labels in a diagram except identifiers.
fn without_words(block: &Block) -> Vec<String> {
    let shell = matches!(block.kind.as_str(), "bash" | "console");
    let picture = block.lines.iter().any(|line| line.contains(is_drawn));
    let of_line = |line: &String| {
        let line = with_english_words(line);
        if picture {
            let drawn = line.chars().filter(|c| is_drawn(*c));
            let names = line
                .split_whitespace()
                .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
                .filter(|word| word.contains(['-', '_', '/', '.']));
            return drawn.collect::<String>() + &names.collect::<Vec<_>>().join(" ");
        }
        match line.rsplit_once(" # ") {
            _ if shell && line.starts_with('#') => "#".to_owned(),
            // `# {…}` after a command is its expected output, not a comment.
            Some((typed, said)) if shell && !said.trim_start().starts_with('{') => {
                typed.trim_end().to_owned()
            }
            _ => line,
        }
    };
    block.lines.iter().map(of_line).collect()
}

fn level(heading: &str) -> usize {
    heading.chars().take_while(|c| *c == '#').count()
}

/// Describes each difference between the Spanish page and the English one.
fn differences(english: &str, spanish: &str, part: Option<&[&str]>) -> Vec<String> {
    let (mut english, spanish) = (sections(english), sections(spanish));
    if let Some(part) = part {
        english.retain(|it| level(&it.heading) < 2 || part.contains(&it.heading.as_str()));
    }
    let levels = |page: &[Section]| page.iter().map(|it| level(&it.heading)).collect::<Vec<_>>();
    if levels(&english) != levels(&spanish) {
        let headings = |page: &[Section]| {
            let lines = page.iter().map(|it| it.heading.as_str());
            lines.collect::<Vec<_>>().join("\n  ")
        };
        return vec![format!(
            "other headings:{}\nand in Spanish:{}",
            headings(&english),
            headings(&spanish)
        )];
    }
    let mut found = Vec::new();
    for (one, other) in english.iter().zip(&spanish) {
        let mut note = |what: String| found.push(format!("{}: {what}", one.heading));
        if one.rows.len() != other.rows.len() {
            note(format!(
                "{} rows, in Spanish {}",
                one.rows.len(),
                other.rows.len()
            ));
        }
        if one.blocks.len() != other.blocks.len() {
            note(format!(
                "{} blocks, in Spanish {}",
                one.blocks.len(),
                other.blocks.len()
            ));
        }
        let prose = [(&one.prose, &other.prose)];
        for (text, translated) in prose.into_iter().chain(one.rows.iter().zip(&other.rows)) {
            let (mut only, mut only_there) = (unchanging(text), unchanging(translated));
            only.retain(|it| {
                let same = only_there.iter().position(|there| there == it);
                same.map(|place| only_there.remove(place)).is_none()
            });
            if !only.is_empty() || !only_there.is_empty() {
                let begins: String = text.trim().chars().take(60).collect();
                note(format!(
                    "{begins}…: only here {only:?}, only in Spanish {only_there:?}"
                ));
            }
        }
        for (block, translated) in one.blocks.iter().zip(&other.blocks) {
            if block.kind != translated.kind {
                note(format!(
                    "a block of `{}` is of `{}` in Spanish",
                    block.kind, translated.kind
                ));
                continue;
            }
            let (lines, there) = (without_words(block), without_words(translated));
            if lines != there {
                let at = lines.iter().zip(&there).take_while(|(a, b)| a == b).count();
                note(format!(
                    "a block has {:?}, in Spanish {:?}",
                    block.lines.get(at),
                    translated.lines.get(at)
                ));
            }
        }
    }
    found
}

#[test]
fn operator_docs_exist_in_spanish() {
    let tutorials = chapters()
        .into_iter()
        .filter(|name| name.starts_with("tutorials"))
        .map(|name| format!("docs/{}", name.display()));
    let mut wanted: Vec<_> = tutorials.collect();
    assert!(wanted.len() > 5, "{wanted:?}");
    wanted.extend(FOR_OPERATORS.map(str::to_owned));
    for english in wanted {
        let spanish = spanish_of(&english);
        assert!(root().join(&spanish).exists(), "{english} wants {spanish}");
    }
}

#[test]
fn both_languages_say_the_same() {
    let mut found = Vec::new();
    for (english, spanish) in pairs() {
        let different = differences(&read(&english), &read(&spanish), part_of(&english));
        found.extend(
            different
                .into_iter()
                .map(|what| format!("{english}, {spanish}: {what}")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Returns the file and the anchor that a link in `document` points to.
fn target(document: &str, link: &str) -> (PathBuf, String) {
    let (path, wanted) = link.split_once('#').unwrap_or((link, ""));
    let folder = root().join(document);
    let file = folder.parent().expect("a folder").join(path);
    (file.canonicalize().unwrap_or(file), wanted.to_owned())
}

#[test]
fn each_language_leads_to_the_other_and_stays_in_its_own() {
    let pairs = pairs();
    let at = |path: &str| root().join(path).canonicalize().expect("a page");
    for (english, spanish) in &pairs {
        for (from, to) in [(english, spanish), (spanish, english)] {
            let text = read(from);
            let head: Vec<_> = text.lines().take(3).collect();
            let leads = between(&head.join("\n"), "](", ')')
                .iter()
                .any(|link| target(from, link).0 == at(to));
            assert!(leads, "{from} does not lead to {to} below its title");
        }
        let text = read(spanish);
        let body: Vec<_> = text.lines().skip(3).collect();
        for link in between(&body.join("\n"), "](", ')') {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let (file, wanted) = target(spanish, link);
            let Some((other, there)) = pairs.iter().find(|(other, _)| at(other) == file) else {
                continue;
            };
            // Sections that are not translated exist only in English.
            let untranslated = part_of(other).is_some_and(|part| {
                !wanted.is_empty() && !part.iter().any(|heading| anchor(heading) == wanted)
            });
            assert!(
                untranslated,
                "{spanish}: {link} leads to the English page, {there} is the Spanish one"
            );
        }
    }
}

#[test]
fn differences_are_reported() {
    let english = "# A\n\nSet `PORT` to 3001.\n\n| a |\n| --- |\n| `X` | 20 s |\n\n```bash\n# first\npm2 save   # keep\n```\n\n## B\n\n```\n ┌── people\n │ :3012 central-hub\n```\n";
    let spanish = "# A\n\nPoné `PORT` en 3001.\n\n| a |\n| --- |\n| `X` | 20 s |\n\n```bash\n# primero\npm2 save   # guardar\n```\n\n## B\n\n```\n ┌── personas\n │ :3012 central-hub\n```\n";
    assert_eq!(differences(english, spanish, None), [""; 0]);
    for (from, to) in [
        ("3001", "3002"),
        ("`PORT`", "`PUERTO`"),
        ("20 s", "30 s"),
        ("| `X` | 20 s |\n", ""),
        ("pm2 save ", "pm2 guardar "),
        ("```bash", "```sh"),
        (" ┌──", " └──"),
        ("central-hub", "hub-central"),
        ("## B", "### B"),
    ] {
        let changed = spanish.replacen(from, to, 1);
        assert_eq!(differences(english, &changed, None).len(), 1, "{from}");
    }
    let first = spanish.split("## B").next().expect("a part");
    assert_eq!(differences(english, first, Some(&[])), [""; 0]);
    assert_eq!(differences(english, first, Some(&["## B"])).len(), 1);
}
