//! Extracts the commands from the code blocks of a document.

use std::path::PathBuf;

use harness::repository_root;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// The languages of blocks with commands. In a `console` block, commands begin with `$`, and their
/// output follows.
const SHELLS: [&str; 4] = ["bash", "sh", "shell", "console"];
/// The prefixes of lines that are commands, in a block of any language.
const COMMAND_PREFIXES: [&str; 8] = [
    "$ ", "cargo ", "curl ", "deploy/", "git ", "npm ", "pm2 ", "sudo ",
];

/// The prefixes of commands within a sentence that only query, so that they can run where they
/// stand.
const SENTENCE_COMMANDS: [&str; 3] = ["curl ", "deploy/healthcheck ", "pgrep "];

/// A command of a document.
#[derive(Debug, Clone)]
pub struct Command {
    /// The path of the document, relative to the root.
    pub document: String,
    /// The heading above the command.
    pub heading: String,
    /// The command as typed. It has several lines if it continues.
    pub text: String,
    /// The output that the document shows, if any.
    pub shown: Option<String>,
}

/// Returns all documents, relative to the root.
#[must_use]
pub fn documents() -> Vec<String> {
    let mut documents = ["README.md", "README.es.md"].map(str::to_owned).to_vec();
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(repository_root().join(&folder)).expect("a folder") {
            let name = folder.join(entry.expect("an entry").file_name());
            if repository_root().join(&name).is_dir() {
                folders.push(name);
            } else if name.extension().is_some_and(|extension| extension == "md") {
                documents.push(name.display().to_string());
            }
        }
    }
    documents.sort();
    documents
}

/// Returns the commands of a document, in order.
#[must_use]
pub fn commands(document: &str) -> Vec<Command> {
    let text = std::fs::read_to_string(repository_root().join(document)).expect(document);
    let mut found_commands = Vec::new();
    let (mut heading, mut language, mut block) = (String::new(), None, String::new());
    let mut in_heading = false;
    for event in Parser::new(&text) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                heading.clear();
                in_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(part) | Event::Code(part) if in_heading => heading.push_str(&part),
            Event::Code(text) if is_command(&text) => found_commands.push(Command {
                document: document.to_owned(),
                heading: heading.clone(),
                text: text.to_string(),
                shown: None,
            }),
            Event::Start(Tag::CodeBlock(kind_of_block)) => {
                block.clear();
                language = Some(match kind_of_block {
                    CodeBlockKind::Fenced(name) => name.to_string(),
                    CodeBlockKind::Indented => String::new(),
                });
            }
            Event::Text(part) if language.is_some() => block.push_str(&part),
            Event::End(TagEnd::CodeBlock) => {
                let name = language.take().unwrap_or_default();
                if SHELLS.contains(&name.as_str()) {
                    let to_command = |(text, shown)| Command {
                        document: document.to_owned(),
                        heading: heading.clone(),
                        text,
                        shown,
                    };
                    found_commands
                        .extend(split(&block, name == "console").into_iter().map(to_command));
                } else {
                    // A command that no test would see is an error.
                    let hidden_command = block
                        .lines()
                        .find(|line| COMMAND_PREFIXES.iter().any(|word| line.starts_with(word)));
                    assert_eq!(
                        hidden_command, None,
                        "{document}: a command in a block of {name:?}"
                    );
                }
            }
            _ => {}
        }
    }
    found_commands
}

/// Returns whether a code span in a sentence is a complete command.
fn is_command(text: &str) -> bool {
    let has_prefix = SENTENCE_COMMANDS.iter().any(|word| text.starts_with(word));
    has_prefix && (!text.starts_with("curl") || text.contains("http") || text.contains("$hub"))
}

/// Returns each command of a block, with the output that is shown below it or next to it.
fn split(block: &str, console: bool) -> Vec<(String, Option<String>)> {
    let mut found_commands: Vec<(String, Option<String>)> = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        let line = if console {
            let Some(command) = line.strip_prefix("$ ") else {
                let (_, shown) = found_commands
                    .last_mut()
                    .expect("a command above its answer");
                let shown = shown.get_or_insert_default();
                shown.push_str(line);
                shown.push('\n');
                continue;
            };
            command
        } else {
            line
        };
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (command, comment) = split_comment(line);
        let mut text = command.to_owned();
        // Read continuation lines, and a heredoc or a loop up to its end.
        let terminator = line
            .split_once("<<'")
            .and_then(|(_, rest)| rest.split('\'').next())
            .or_else(|| command.starts_with("for ").then_some("done"));
        while text.ends_with('\\')
            || terminator.is_some_and(|terminator| text.lines().last() != Some(terminator))
        {
            text.push('\n');
            text.push_str(lines.next().expect("the rest of a command"));
        }
        let comment = comment.filter(|words| words.starts_with('{'));
        found_commands.push((text, comment.map(str::to_owned)));
    }
    for (_, shown) in &mut found_commands {
        // Empty lines between two commands are not output.
        *shown = shown
            .take()
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty());
    }
    found_commands
}

/// Splits a line into its command and the comment after it.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    match line.rsplit_once(" # ") {
        Some((command, words)) => (command.trim_end(), Some(words.trim())),
        None => (line.trim_end(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_is_split_into_commands() {
        let bash = "# 1. said\ncurl a/status   # {\"status\":\"READY\"}\ncat >x <<'END'\na # b\nEND\nb \\\n  c\n";
        assert_eq!(
            split(bash, false),
            [
                (
                    "curl a/status".into(),
                    Some("{\"status\":\"READY\"}".into())
                ),
                ("cat >x <<'END'\na # b\nEND".into(), None),
                ("b \\\n  c".into(), None),
            ]
        );
        let console = "$ curl a \\\n    b\n{\"ok\":true}\n\n$ c   # why\n";
        assert_eq!(
            split(console, true),
            [
                ("curl a \\\n    b".into(), Some("{\"ok\":true}".into())),
                ("c".into(), None),
            ]
        );
    }
}
