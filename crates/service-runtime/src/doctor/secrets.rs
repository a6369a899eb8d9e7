//! Checks who can read the files that hold secrets: PM2's dump, `local.cjs`, environment files, and
//! files with a single secret.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Check, Service, Subject};
use crate::Env;

/// The names of all variables that hold a secret, of both services.
pub const SECRETS: [&str; 11] = [
    "SESSION_MANAGER_TOKEN",
    "SESSION_MANAGER_TOKEN_PREVIOUS",
    "HUB_ADMIN_PASSWORD",
    "INTERNAL_TOKEN",
    "INTERNAL_TOKEN_PREVIOUS",
    "INTERNAL_LISTENER_TOKEN",
    "DATABASE_URL",
    "BACKUP_KEY",
    "SMTP_URL",
    "ALERT_WEBHOOK_URL",
    "ALERT_WEBHOOK_SECRET",
];
/// The secrets of the former Node services, which no program reads any more.
const OBSOLETE_SECRETS: [&str; 3] = ["DB_PASSWORD", "JWT_SECRET", "CENTRAL_HUB_PASS"];
const SETTINGS_FOLDER: &str = "/etc/leadmaster";
/// Folders where runtimes put the secrets that they pass to a service.
const RUNTIME_FOLDERS: [&str; 1] = ["/run/"];

/// Checks every file that holds secrets of the service. Returns a single passed check if nothing is
/// wrong.
#[must_use]
pub fn secrets(service: &Service, subject: &Subject) -> Vec<Check> {
    const NAME: &str = "secrets";
    let mut checks = Vec::new();
    for dump in dumps(&subject.env) {
        checks.extend(check_dump(NAME, &dump));
    }
    for file in local_files(subject) {
        checks.extend(private_file(NAME, &file));
        let text = fs::read_to_string(&file).unwrap_or_default();
        checks.extend(plain_text_warnings(NAME, &file, &secrets_in_script(&text)));
    }
    let settings = Path::new(SETTINGS_FOLDER).join(format!("{}.env", service.name));
    checks.extend(private_file(NAME, &settings));
    checks.extend(check_settings_folder(NAME, Path::new(SETTINGS_FOLDER)));
    for file in named_files(&subject.env) {
        checks.extend(check_secret_file(NAME, &file));
    }
    if checks.is_empty() {
        checks.push(Check::ok(
            NAME,
            "no file with a secret is readable by others",
        ));
    }
    checks
}

/// Returns the paths where `pm2 save` writes its dump, whether or not the files exist.
fn dumps(env: &Env) -> Vec<PathBuf> {
    let home = env.optional_path("HOME");
    let pm2 = env.optional_path("PM2_HOME");
    let Some(pm2) = pm2.or_else(|| Some(home?.join(".pm2"))) else {
        return Vec::new();
    };
    ["dump.pm2", "dump.pm2.bak"]
        .into_iter()
        .map(|name| pm2.join(name))
        .collect()
}

fn check_dump(name: &'static str, dump: &Path) -> Vec<Check> {
    let mut checks: Vec<_> = private_file(name, dump).into_iter().collect();
    let Ok(text) = fs::read_to_string(dump) else {
        return checks;
    };
    let mut found = BTreeSet::new();
    if let Ok(saved) = serde_json::from_str(&text) {
        collect_secrets(&saved, &mut found);
    }
    checks.extend(plain_text_warnings(name, dump, &found));
    checks
}

/// Returns a warning about secrets that the file contains in plain text, and one about secrets that
/// no program reads any more.
fn plain_text_warnings(name: &'static str, file: &Path, found: &BTreeSet<&str>) -> Vec<Check> {
    let path = file.display();
    let found = found.iter().copied();
    let (old, read): (Vec<&str>, Vec<&str>) =
        found.partition(|secret| OBSOLETE_SECRETS.contains(secret));
    let mut checks = Vec::new();
    if !read.is_empty() {
        checks.push(Check::warning(
            name,
            format!("{path} holds {} in plain text", read.join(", ")),
            "put each into a file of mode 600, name it in deploy/local.cjs as …_FILE, \
             pm2 delete and pm2 start, then pm2 save",
        ));
    }
    if !old.is_empty() {
        checks.push(Check::warning(
            name,
            format!(
                "{path} holds {}, which no program reads any more",
                old.join(", ")
            ),
            "remove it from deploy/local.cjs, pm2 delete and pm2 start, then pm2 save",
        ));
    }
    checks
}

fn all_secrets() -> impl Iterator<Item = &'static str> {
    SECRETS.into_iter().chain(OBSOLETE_SECRETS)
}

/// Returns the secrets that a script sets to a value, as `NAME: 'value'`, outside comments.
fn secrets_in_script(text: &str) -> BTreeSet<&'static str> {
    let lines = text.lines().map(str::trim_start);
    let code: Vec<_> = lines
        .filter(|line| !["//", "/*", "*"].iter().any(|mark| line.starts_with(mark)))
        .collect();
    let has = |secret: &str| {
        let occurrences = code.iter().flat_map(|line| {
            let ends = line
                .match_indices(secret)
                .map(|(at, name)| (at, at + name.len()));
            ends.map(move |(at, end)| (&line[..at], &line[end..]))
        });
        occurrences.into_iter().any(|(before, after)| {
            let is_whole = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let after = after.trim_start_matches(['\'', '"']).trim_start();
            let value = after.strip_prefix(':').map(str::trim_start);
            let quoted = value.and_then(|value| {
                let quote = value.chars().next().filter(|c| "'\"`".contains(*c))?;
                value[1..].split(quote).next()
            });
            is_whole && quoted.is_some_and(|value| is_secret(secret, value))
        })
    };
    all_secrets().filter(|secret| has(secret)).collect()
}

/// Returns a warning for each file in the settings' folder that everybody can read: files with
/// variables, and files that units pass on as credentials.
fn check_settings_folder(name: &'static str, folder: &Path) -> Vec<Check> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let exposed = files.iter().filter_map(|file| {
        let data = fs::symlink_metadata(file)
            .ok()
            .filter(fs::Metadata::is_file)?;
        let warning = check_secret_file(name, file)?;
        Some(warning.fixed_by_mode(file, data.mode() & 0o770))
    });
    exposed.collect()
}

/// Collects the secrets that have a value anywhere in `saved`.
fn collect_secrets(saved: &Value, found: &mut BTreeSet<&'static str>) {
    match saved {
        Value::Array(values) => values.iter().for_each(|item| collect_secrets(item, found)),
        Value::Object(values) => {
            for (name, value) in values {
                let secret = all_secrets().find(|secret| secret == name);
                if let (Some(secret), Value::String(text)) = (secret, value)
                    && is_secret(secret, text)
                {
                    found.insert(secret);
                }
                collect_secrets(value, found);
            }
        }
        _ => {}
    }
}

/// Returns whether this variable's value is a secret. The `DATABASE_URL` of a SQLite file is not a
/// secret.
fn is_secret(name: &str, value: &str) -> bool {
    !value.is_empty() && (name != "DATABASE_URL" || value.contains('@'))
}

/// Returns the `deploy/local.cjs` files in the working directory and in the checkout of the
/// service's process, or else of this process.
fn local_files(subject: &Subject) -> Vec<PathBuf> {
    let pid = match &subject.process {
        Some(process) => process.pid.to_string(),
        None => "self".to_owned(),
    };
    let link = |link_name: &str| fs::read_link(format!("/proc/{pid}/{link_name}")).ok();
    // The executable is target/release/session-manager in the checkout.
    let checkout = link("exe").and_then(|exe| Some(exe.ancestors().nth(3)?.to_owned()));
    let values = [link("cwd"), checkout].into_iter().flatten();
    let files = values.map(|folder| folder.join("deploy/local.cjs"));
    let files: BTreeSet<_> = files.filter(|file| file.is_file()).collect();
    files.into_iter().collect()
}

/// Returns the files that the `…_FILE` variables name.
fn named_files(env: &Env) -> Vec<PathBuf> {
    let variables = SECRETS.iter().map(|secret| format!("{secret}_FILE"));
    let files = variables.filter_map(|name| env.optional_path(&name));
    files
        .filter(|file| {
            !RUNTIME_FOLDERS
                .iter()
                .any(|folder| file.starts_with(folder))
        })
        .collect()
}

/// Returns a warning if users other than the owner can read or write the file.
pub(super) fn private_file(name: &'static str, file: &Path) -> Option<Check> {
    let data = fs::symlink_metadata(file).ok()?;
    let mode = data.mode() & 0o777;
    if !data.is_file() || mode & 0o077 == 0 {
        return None;
    }
    let path = file.display();
    let found = format!("{path} can be read by other users (mode {mode:o})");
    let warning = Check::warning(name, found, format!("chmod 600 {path}"));
    Some(warning.fixed_by_mode(file, 0o600))
}

/// Returns a warning if everybody can read the file. Two services may share a secret's file through
/// a group, so the warning is not mended automatically.
fn check_secret_file(name: &'static str, file: &Path) -> Option<Check> {
    let mode = fs::metadata(file).ok()?.mode() & 0o777;
    (mode & 0o007 != 0).then(|| {
        let path = file.display();
        let found = format!("{path} can be read by everybody (mode {mode:o})");
        Check::warning(name, found, format!("chmod o= {path}"))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::{ServiceManager, Verdict};
    use super::*;

    const SERVICE: Service = Service {
        name: "no-such-service",
        pm2_name: "no-such-service",
        unit: "no-such-service",
        version: "1",
        port: 3001,
    };

    fn set_mode(file: &Path, mode: u32) {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn secrets_saved_by_pm2_are_reported_by_name_only() {
        let home = tempfile::tempdir().unwrap();
        let pm2 = home.path().join(".pm2");
        fs::create_dir(&pm2).unwrap();
        let dump = pm2.join("dump.pm2");
        let saved = r#"[{"name":"session-manager","env":{"SESSION_MANAGER_TOKEN":"hunter2",
            "BACKUP_KEY":"","DATABASE_URL":"sqlite:data/hub.db"},"SMTP_URL":"smtps://a:hunter3@b"}]"#;
        fs::write(&dump, saved).unwrap();
        let file = home.path().join("token");
        fs::write(&file, "hunter4").unwrap();
        set_mode(&file, 0o640);
        let subject = |env| Subject::of(env, ServiceManager::Pm2);
        let env = || {
            Env::from_pairs([
                ("HOME", home.path().as_os_str()),
                ("SESSION_MANAGER_TOKEN_FILE", file.as_os_str()),
            ])
        };
        set_mode(&dump, 0o644);
        let found = secrets(&SERVICE, &subject(env()));
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].found.contains("mode 644"), "{found:#?}");
        assert!(
            found[1]
                .found
                .ends_with("holds SESSION_MANAGER_TOKEN, SMTP_URL in plain text"),
            "{found:#?}"
        );
        assert!(!format!("{found:?}").contains("hunter"), "{found:#?}");
        // A check that cannot be mended keeps its verdict.
        let fixed: Vec<_> = found.into_iter().map(Check::fix).collect();
        assert_eq!(fixed[0].verdict, Verdict::Ok, "{fixed:#?}");
        assert_eq!(fs::metadata(&dump).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fixed[1].verdict, Verdict::Warning);
        fs::write(&dump, "[]").unwrap();
        let clean = secrets(&SERVICE, &subject(env()));
        assert_eq!(
            (clean.len(), clean[0].verdict),
            (1, Verdict::Ok),
            "{clean:#?}"
        );
        set_mode(&file, 0o644);
        let exposed = secrets(&SERVICE, &subject(env()));
        assert!(
            exposed[0].cure.as_ref().unwrap().starts_with("chmod o= "),
            "{exposed:#?}"
        );
    }

    #[test]
    fn secrets_in_a_script_are_reported_by_name_only() {
        let text = r#"
module.exports = {
  'session-manager': { SESSION_MANAGER_TOKEN: 'hunter2', "BACKUP_KEY" : "hunter3" },
  'leadmaster-central-hub': {
    // HUB_ADMIN_PASSWORD: 'another one',
    HUB_ADMIN_PASSWORD_FILE: '/etc/leadmaster/hub-admin-password',
    INTERNAL_TOKEN: '', SMTP_URL: process.env.SMTP,
    DATABASE_URL: 'sqlite:data/hub.db', ALERT_WEBHOOK_URL:`hunter4`,
    DB_PASSWORD: 'hunter5',
  },
};"#;
        let found: Vec<_> = secrets_in_script(text).into_iter().collect();
        let expected = [
            "ALERT_WEBHOOK_URL",
            "BACKUP_KEY",
            "DB_PASSWORD",
            "SESSION_MANAGER_TOKEN",
        ];
        assert_eq!(found, expected);
        assert_eq!(
            secrets_in_script("BACKUP_KEY: 'é").len(),
            1,
            "an unclosed quote"
        );
        let checks = plain_text_warnings("secrets", Path::new("x"), &secrets_in_script(text));
        assert_eq!(checks.len(), 2, "{checks:#?}");
        assert!(!format!("{checks:?}").contains("hunter"));
        assert!(checks[0].cure.as_ref().unwrap().contains("…_FILE"));
        assert!(
            checks[1]
                .found
                .ends_with("DB_PASSWORD, which no program reads any more")
        );
    }

    #[test]
    fn settings_readable_by_everybody_are_fixed() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("token", 0o644), ("hub.env", 0o640), ("key", 0o600)] {
            fs::write(folder.path().join(name), "x").unwrap();
            set_mode(&folder.path().join(name), mode);
        }
        let found = check_settings_folder("secrets", folder.path());
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].found.contains("/token can be read by everybody"));
        assert_eq!(found[0].clone().fix().verdict, Verdict::Ok);
        assert_eq!(check_settings_folder("secrets", folder.path()), []);
        let mode = fs::metadata(folder.path().join("token")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn fix_does_not_follow_a_link() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("target");
        fs::write(&target, "x").unwrap();
        set_mode(&target, 0o644);
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let check = Check::warning("secrets", "open", "chmod").fixed_by_mode(&link, 0o600);
        assert_eq!(check.fix().verdict, Verdict::Warning);
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o644);
    }
}
