//! Checks the architecture: the layers of central-hub and session-manager, and that files do not
//! import each other in a cycle.
//!
//! The test reads the `use` lines and inline paths of every file (`crate::…`, `super::…`), outside
//! tests, and resolves them to the files that define the items. A re-export of a `mod.rs` counts as
//! the file behind it. A module may import only from the rows below its own. `docs/architecture.md`
//! draws the same rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::repo::root;

/// The modules directly below `src`, as rows from top to bottom.
type Rows = &'static [&'static [&'static str]];

const CENTRAL_HUB: Rows = &[
    &["main"],
    &["lib"],
    &["commands"],
    &["router"],
    &["routes"],
    &["http"],
    &["state"],
    &["alerts"],
    &["lookups"],
    &[
        "scheduler",
        "inbound",
        "webhooks",
        "backup",
        "inbox",
        "recipient_import",
        "caller_limits",
        "session_deleter",
    ],
    &["outbox"],
    &["relay", "auth"],
    &["error"],
    // These are independent of each other: rules without I/O, and all SQL.
    &["campaigns", "store"],
    &[
        "sending_windows",
        "opt_out",
        "outage",
        "message_content",
        "media_links",
        "whatsapp_limit",
    ],
    &["config", "text"],
];

/// The rows of session-manager, from top to bottom.
const SESSION_MANAGER: Rows = &[
    &["main"],
    &["lib"],
    &["commands"],
    &["config"],
    &["router"],
    &["http"],
    &["state"],
    &["inbound"],
    &["outbox", "backup", "account_limits", "media"],
    &["session", "files"],
    &["ledger", "browser"],
    &["failure", "event_log", "error", "clock_skew"],
];

/// The source of a crate, as files by their module paths.
struct Sources {
    files: BTreeMap<Vec<String>, Source>,
}

struct Source {
    /// The path below `src`, for messages.
    name: String,
    text: String,
    /// The re-exports by `pub use`: each name with its source.
    exports: BTreeMap<String, Vec<String>>,
}

impl Sources {
    fn read(name: &str) -> Self {
        let src = root().join("crates").join(name).join("src");
        let mut sources = Self {
            files: BTreeMap::new(),
        };
        sources.read_folder(&src, &src);
        assert!(sources.files.len() > 50, "{name}: {}", sources.files.len());
        sources
    }

    fn read_folder(&mut self, folder: &Path, src: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read_folder(&path, src);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(src).unwrap();
                self.add(name.to_str().unwrap(), &fs::read_to_string(&path).unwrap());
            }
        }
    }

    fn add(&mut self, name: &str, text: &str) {
        let mut module: Vec<String> = name
            .trim_end_matches(".rs")
            .split('/')
            .map(str::to_owned)
            .collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        if module.iter().any(|part| part == "tests") {
            return;
        }
        let text = without_comments_and_tests(text);
        let source = Source {
            name: name.to_owned(),
            exports: exports(&text),
            text,
        };
        self.files.insert(module, source);
    }

    /// Returns the module of the file that defines `path`, which is relative to the crate's root.
    /// `None` if there is none.
    fn resolve(&self, path: &[String], depth: usize) -> Option<Vec<String>> {
        let known = |length: &usize| self.files.contains_key(&path[..*length]);
        let length = (1..=path.len()).rev().find(known);
        let module = match length {
            Some(length) => &path[..length],
            // The item is in the crate's root.
            None => return self.files.contains_key(&root_module()).then(root_module),
        };
        let rest = &path[module.len()..];
        let exported = rest
            .first()
            .and_then(|name| self.files[module].exports.get(name))
            .filter(|_| depth < 8);
        let Some(from) = exported else {
            return Some(module.to_vec());
        };
        let from = absolute(module, from)?;
        let whole = [&from[..], &rest[1..]].concat();
        self.resolve(&whole, depth + 1)
            .or_else(|| Some(module.to_vec()))
    }

    /// Returns the imports of each module.
    fn arrows(&self) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
        let mut arrows = BTreeMap::new();
        for (module, source) in &self.files {
            let mut to = BTreeSet::new();
            for path in paths(&source.text) {
                let Some(path) = absolute(module, &path) else {
                    continue;
                };
                let found = self.resolve(&path, 0);
                // A module declares its submodules, and those imports do not count.
                to.extend(found.filter(|found| !found.starts_with(module)));
            }
            arrows.insert(module.clone(), to);
        }
        arrows
    }

    fn name(&self, module: &[String]) -> &str {
        &self.files[module].name
    }

    /// Lists every import that does not lead to a lower row, as `file -> file`.
    fn upward(&self, rows: Rows) -> Vec<String> {
        let row = |module: &[String]| {
            let unit = module[0].as_str();
            let row = rows.iter().position(|row| row.contains(&unit));
            row.unwrap_or_else(|| panic!("{unit} is in no row of the layers"))
        };
        let mut found = Vec::new();
        for (from, all) in self.arrows() {
            for to in all {
                if from[0] != to[0] && row(&from) >= row(&to) {
                    found.push(format!("{} -> {}", self.name(&from), self.name(&to)));
                }
            }
        }
        found
    }

    /// Finds a cycle of files, if there is one.
    fn circle(&self) -> Option<String> {
        let arrows = self.arrows();
        let mut done = BTreeSet::new();
        for start in arrows.keys() {
            let mut way = Vec::new();
            if let Some(circle) = walk(start, &arrows, &mut way, &mut done) {
                let names: Vec<_> = circle.iter().map(|module| self.name(module)).collect();
                return Some(names.join(" -> "));
            }
        }
        None
    }

    /// Lists the files below `folder` whose text contains `needle`.
    fn with(&self, folder: &str, needle: &str) -> Vec<&str> {
        self.files
            .values()
            .filter(|file| file.name.starts_with(folder) && file.text.contains(needle))
            .map(|file| file.name.as_str())
            .collect()
    }
}

fn walk(
    module: &Vec<String>,
    arrows: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
    way: &mut Vec<Vec<String>>,
    done: &mut BTreeSet<Vec<String>>,
) -> Option<Vec<Vec<String>>> {
    if let Some(at) = way.iter().position(|it| it == module) {
        let mut circle = way[at..].to_vec();
        circle.push(module.clone());
        return Some(circle);
    }
    if !done.contains(module) {
        way.push(module.clone());
        for next in &arrows[module] {
            if let Some(circle) = walk(next, arrows, way, done) {
                return Some(circle);
            }
        }
        way.pop();
        done.insert(module.clone());
    }
    None
}

fn root_module() -> Vec<String> {
    vec!["lib".to_owned()]
}

/// Resolves a path to one that is relative to the crate's root, without `crate`, `self` and
/// `super`.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base = module.to_vec();
    if module == root_module() {
        base.clear();
    }
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        _ => {}
    }
    while rest.first().is_some_and(|part| part == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend_from_slice(rest);
    Some(base)
}

fn without_comments_and_tests(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// Finds every path that begins with `crate::`, `super::` or `self::`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            let is_inner = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
            let is_visibility = text[..at].ends_with("pub(in ");
            if !is_inner && !is_visibility {
                tree(&text[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Parses `a::{b, c::d as e}` into its paths. Returns the remaining text.
fn tree<'a>(text: &'a str, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if let Some(behind) = rest.strip_prefix('}') {
                return behind;
            }
            let length = path.len();
            let before = rest;
            rest = tree(rest, path, found);
            path.truncate(length);
            // Skip `as …` up to the comma or the brace.
            let Some(end) = rest.find([',', '}']) else {
                return "";
            };
            rest = rest[end..].trim_start_matches(',');
            if before == rest {
                return "";
            }
        }
    }
    let length = text
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    if !matches!(name, "" | "*") {
        path.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => tree(rest, path, found),
        _ => {
            found.push(path.clone());
            rest
        }
    }
}

/// Finds the re-exports of a file (`pub use` or `pub(…) use`).
fn exports(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut exports = BTreeMap::new();
    for (at, _) in text.match_indices(" use ") {
        let line = text[..at].rsplit('\n').next().unwrap_or_default();
        if !line.trim_start().starts_with("pub") {
            continue;
        }
        let statement = text[at + 5..].split(';').next().unwrap_or_default();
        let mut found = Vec::new();
        tree(statement, &mut Vec::new(), &mut found);
        for path in found {
            if let Some(name) = path.last() {
                exports.insert(name.clone(), path.clone());
            }
        }
    }
    exports
}

#[test]
fn the_hub_imports_only_downwards() {
    let hub = Sources::read("central-hub");
    let upward = hub.upward(CENTRAL_HUB);
    assert!(upward.is_empty(), "not downwards:\n{}", upward.join("\n"));
    assert_eq!(hub.circle(), None);
}

#[test]
fn session_manager_imports_only_downwards() {
    let all = Sources::read("session-manager");
    let upward = all.upward(SESSION_MANAGER);
    assert!(upward.is_empty(), "not downwards:\n{}", upward.join("\n"));
    assert_eq!(all.circle(), None);
}

#[test]
fn the_hubs_sql_is_in_store() {
    let hub = Sources::read("central-hub");
    let all = hub.with("", "sqlx::query");
    let outside: Vec<_> = all
        .into_iter()
        .filter(|name| !name.starts_with("store/"))
        .collect();
    assert_eq!(outside, Vec::<&str>::new());
    // A handler calls the store or a service, which begins the transaction.
    assert_eq!(hub.with("http/", ".begin()"), Vec::<&str>::new());
}

#[cfg(test)]
fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources {
        files: BTreeMap::new(),
    };
    for (name, text) in files {
        sources.add(name, text);
    }
    sources
}

#[test]
fn an_arrow_upward_and_a_circle_are_named() {
    const ROWS: Rows = &[&["http"], &["store"], &["text"]];
    let some = sources(&[
        ("http/mod.rs", "pub(crate) use list::{Page, List as Old};"),
        ("http/list.rs", "use crate::store::{self, rows::Row};"),
        (
            "store/mod.rs",
            "mod rows;\npub use rows::Row;\nuse crate::{text::fold};",
        ),
        (
            "store/rows.rs",
            "use super::Row;\nfn f() -> crate::http::Page {}\n// crate::http::none",
        ),
        (
            "text.rs",
            "#[cfg(test)]\nmod tests {\nuse crate::http::Page;\n}",
        ),
    ]);
    assert_eq!(some.upward(ROWS), ["store/rows.rs -> http/list.rs"]);
    let circle = some.circle().unwrap();
    assert_eq!(circle, "http/list.rs -> store/rows.rs -> http/list.rs");
    let none = sources(&[
        ("http/list.rs", "use crate::store::Row;"),
        ("store/mod.rs", "pub use rows::Row;"),
        ("store/rows.rs", "use crate::text::fold;"),
        ("text.rs", ""),
    ]);
    assert_eq!((none.upward(ROWS).len(), none.circle()), (0, None));
}
