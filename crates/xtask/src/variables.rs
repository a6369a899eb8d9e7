//! Tests of the services' tables of environment variables: what is parsed, the
//! documents and the files of `deploy/` agree with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};

use service_runtime::Env;
use service_runtime::doctor::SECRETS;
use service_runtime::env::variable::{DefaultValue, Values, Variable, Variables};

use crate::docs_checks::{between, read};

/// A service with its table.
struct Service {
    name: &'static str,
    variables: &'static Variables,
    ecosystem: &'static str,
    /// Its configuration as debug text, or the error.
    parse: fn(&Env) -> Result<String, String>,
}

static SERVICES: [Service; 2] = [
    Service {
        name: "central-hub",
        variables: &central_hub::config::VARIABLES,
        ecosystem: "deploy/central-hub/ecosystem.config.js",
        parse: |env| shown(central_hub::config::Config::from_env(env)),
    },
    Service {
        name: "session-manager",
        variables: &session_manager::config::VARIABLES,
        ecosystem: "deploy/session-manager/ecosystem.config.cjs",
        parse: |env| shown(session_manager::config::Config::from_env(env)),
    },
];

/// Returns a configuration as debug text, or the error.
fn shown<T: Debug, E: Display>(parsed: Result<T, E>) -> Result<String, String> {
    parsed
        .map(|config| format!("{config:?}"))
        .map_err(|error| error.to_string())
}

impl Service {
    /// Parses these variables and those that are required.
    fn parse(&self, pairs: &[(&str, &str)]) -> Result<String, String> {
        let required = [("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:3001")];
        let all = required.iter().chain(pairs);
        (self.parse)(&Env::from_pairs(all.copied()))
    }
}

/// All names of a table, including the files and commands of secrets.
pub(crate) fn names(variables: &Variables) -> BTreeSet<String> {
    let own = variables
        .into_iter()
        .map(|variable| variable.name.to_owned());
    own.chain(variables.sources()).collect()
}

#[test]
fn numbers_are_taken_within_the_range_of_the_table_only() {
    for service in &SERVICES {
        for Variable { name, values, .. } in service.variables {
            let Values::Range(range) = values else {
                continue;
            };
            let (least, most) = (*range.start(), *range.end());
            for number in [least, most] {
                let parsed = service.parse(&[(*name, &number.to_string())]);
                assert!(parsed.is_ok(), "{name}={number}: {parsed:?}");
            }
            let below = match least {
                0 => "-1".to_owned(),
                least => (least - 1).to_string(),
            };
            for number in [below, (most + 1).to_string()] {
                let error = service.parse(&[(*name, &number)]).unwrap_err();
                let says_what = error.starts_with(&format!("{name} is {number:?}: it takes "));
                // Of a port, 0 is told apart.
                let says_range = error.contains(&format!("from {least} to {most}"));
                assert!(says_what && (says_range || *name == "PORT"), "{error}");
            }
        }
    }
}

#[test]
fn words_are_those_of_the_table() {
    for service in &SERVICES {
        for Variable { name, values, .. } in service.variables {
            let Values::Words(words) = values else {
                continue;
            };
            for word in *words {
                let parsed = service.parse(&[(*name, word)]);
                assert!(parsed.is_ok(), "{name}={word}: {parsed:?}");
            }
            let error = service.parse(&[(*name, "nonsense")]).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}

#[test]
fn defaults_of_the_table_change_nothing_where_they_are_set() {
    for service in &SERVICES {
        for Variable { name, default, .. } in service.variables {
            let is_value = matches!(default, DefaultValue::Number(_) | DefaultValue::Text(_));
            // Only as the default it may leave out an address that is not there.
            if is_value && *name != "HOST" {
                let set = service.parse(&[(*name, &default.to_string())]);
                assert_eq!(set, service.parse(&[]), "{name}={default}");
            }
        }
    }
}

#[test]
fn secrets_of_the_table_and_no_others_come_from_files() {
    for service in &SERVICES {
        for Variable {
            name, is_secret, ..
        } in service.variables
        {
            let file = format!("{name}_FILE");
            let parsed = service.parse(&[(&file, "/nowhere/secret")]);
            let unread = format!("{file} \"/nowhere/secret\" cannot be read");
            let is_read = parsed
                .as_ref()
                .is_err_and(|error| error.starts_with(&unread));
            assert_eq!(is_read, *is_secret, "{file}: {parsed:?}");
        }
    }
}

#[test]
fn secrets_that_the_doctor_looks_for_are_those_of_the_tables() {
    let read = SERVICES
        .iter()
        .flat_map(|service| service.variables.secrets());
    // The Node pair's name, which the hub still takes.
    let mut secrets: BTreeSet<_> = read.chain(["INTERNAL_LISTENER_TOKEN"]).collect();
    for secret in SECRETS {
        assert!(secrets.remove(secret), "{secret} is in no table");
    }
    assert!(secrets.is_empty(), "the doctor misses {secrets:?}");
}

#[test]
fn every_variable_is_in_its_ecosystem_file() {
    for service in &SERVICES {
        let file = read(service.ecosystem);
        let (_, rest) = file.split_once("env: environment(").unwrap();
        let (settings, _) = rest.split_once("\n      }),").unwrap();
        let named = settings
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(name, _)| name.to_owned())
            .filter(|name| !name.starts_with("//"));
        let named: BTreeSet<_> = named.collect();
        assert_eq!(named, names(service.variables), "{}", service.ecosystem);
    }
}

/// A row of a document's table of variables.
#[derive(Debug)]
struct Row {
    default: String,
    values: String,
}

/// The rows below `## {heading}`, by the variables' names.
fn rows(document: &str, heading: &str) -> BTreeMap<String, Row> {
    let (_, section) = document
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|line| {
        let cells: Vec<_> = line.split('|').map(plain).collect();
        let [_, name, default, values, ..] = &*cells else {
            panic!("no row of a variable: {line}");
        };
        let (default, values) = (default.clone(), values.clone());
        (name.clone(), Row { default, values })
    });
    rows.collect()
}

/// The text of a cell without marks and links.
fn plain(cell: &str) -> String {
    let mut text = cell.trim().replace(['`', '*', '['], "");
    for target in between(cell, "](", ')') {
        text = text.replace(&format!("]({target})"), "");
    }
    text
}

/// Where a row differs from the table, if it does.
fn difference(variable: &Variable, row: &Row, is_spanish: bool) -> Option<String> {
    let default = variable.default.to_string();
    let is_default = match variable.default {
        DefaultValue::Required if is_spanish => row.default == "obligatoria",
        DefaultValue::None if is_spanish => matches!(&*row.default, "ninguno" | "ninguna"),
        // In its own words.
        DefaultValue::Computed(_) if is_spanish => !row.default.is_empty(),
        // Of both services: 3001 / 3012.
        _ => row.default.split(" / ").any(|cell| cell == default),
    };
    let values = match &variable.values {
        Values::Any => String::new(),
        Values::Words(words) => words.join(", "),
        Values::Range(range) => {
            let to = if is_spanish { "a" } else { "to" };
            format!("{} {to} {}", range.start(), range.end())
        }
    };
    (!is_default || row.values != values).then(|| {
        let Variable { name, .. } = variable;
        format!("{name} is ({default}; {values}) in the table and {row:?} in the document")
    })
}

#[test]
fn documents_have_the_names_defaults_and_ranges_of_the_tables() {
    for (document, both) in [
        ("docs/configuration.md", "Both"),
        ("docs/es/configuration.md", "Ambos"),
    ] {
        let text = read(document);
        for Service {
            name, variables, ..
        } in &SERVICES
        {
            let mut rows = rows(&text, name);
            rows.extend(self::rows(&text, both));
            let documented: BTreeSet<_> = rows.keys().map(String::as_str).collect();
            let known: BTreeSet<_> = variables.into_iter().map(|it| it.name).collect();
            assert_eq!(documented, known, "{document}: {name}");
            let differences: Vec<_> = variables
                .into_iter()
                .filter_map(|it| difference(it, &rows[it.name], both == "Ambos"))
                .collect();
            assert!(differences.is_empty(), "{document}: {differences:#?}");
        }
    }
}

#[test]
fn documents_name_the_files_and_commands_of_every_secret() {
    let sources: BTreeSet<_> = SERVICES
        .iter()
        .flat_map(|service| service.variables.sources())
        .collect();
    for document in ["docs/configuration.md", "docs/es/configuration.md"] {
        let text = read(document);
        let rows = text.lines().filter(|line| {
            let name = line.split(['`', ',']).nth(1).unwrap_or_default();
            line.starts_with("| `") && (name.ends_with("_FILE") || name.ends_with("_COMMAND"))
        });
        let cells = rows.filter_map(|line| line.split('|').nth(1));
        let named = cells.flat_map(|cell| cell.split(", ").map(plain));
        assert_eq!(named.collect::<BTreeSet<_>>(), sources, "{document}");
    }
}
