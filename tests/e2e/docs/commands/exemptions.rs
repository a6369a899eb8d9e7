//! Lists the commands that a test cannot run unchanged, and the tests that cover them instead.

/// A command (or a prefix, if it ends with a space), and the file and the words in it that cover
/// the command.
type Exemption = (&'static str, &'static str, &'static str);

/// The exempt commands. A command that could be run must not be listed here.
pub const EXEMPTIONS: &[Exemption] = &[
    // The tested checkout was created in this way. It is set up and built before the first test.
    ("git clone ", ".ci/run", "cargo xtask test"),
    ("git pull", ".ci/run", "cargo xtask test"),
    (
        "cargo xtask setup && cargo xtask assets && cargo build --release",
        "crates/xtask/src/suite.rs",
        "setup::setup(Needs::ALL)",
    ),
    (
        "cargo xtask assets && cargo build --release",
        "crates/xtask/src/suite.rs",
        "assets::build_all(tools)",
    ),
    // The tests themselves.
    ("cargo xtask test", ".ci/run", "exec cargo xtask test"),
    (
        "cargo xtask test ",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "cargo xtask lint",
        "crates/xtask/src/suite.rs",
        "report.stage(\"clippy\", |_| clippy())",
    ),
    (
        "cargo xtask check",
        "crates/xtask/src/check.rs",
        "fn a_file_is_of_the_package_around_it()",
    ),
    // Needs a contact to forget.
    (
        "curl -X DELETE http://localhost:3012/api/contacts/<number>",
        "crates/central-hub/tests/hub/contacts.rs",
        "async fn deleted_contact_keeps_only_its_opt_out(",
    ),
    (
        "curl -X DELETE http://localhost:3012/api/contacts/<número>",
        "crates/central-hub/tests/hub/contacts.rs",
        "async fn deleted_contact_keeps_only_its_opt_out(",
    ),
    // Needs a recipient for the mail.
    (
        "deploy/healthcheck --test",
        "tests/e2e/deploy/doctor.rs",
        "async fn healthcheck_reports_a_failed_unit_and_has_a_test_mode()",
    ),
    // Needs a database of the Node pair.
    (
        "target/release/central-hub import-node ",
        "crates/central-hub/tests/hub/import_node.rs",
        "fn command_prints_its_plan_and_its_result()",
    ),
    // Writes to the folders of a server's nginx.
    (
        "sudo cp ",
        "tests/e2e/deploy/nginx.rs",
        "fn old_page_is_served_next_to_the_hub()",
    ),
    // Needs the real WhatsApp.
    (
        "cargo xtask up",
        "crates/xtask/tests/up.rs",
        "fn up_runs_the_pair_and_ends_it_at_a_signal()",
    ),
    // Takes minutes or hours, or needs the internet.
    (
        "cargo xtask chaos ",
        "tests/lab/chaos/tests/short_run.rs",
        "fn chaos_for_half_a_minute_breaks_no_promise()",
    ),
    (
        "cargo xtask abuse",
        "tests/lab/abuse/tests/short_run.rs",
        "fn unread_responses_do_not_block_others(",
    ),
    (
        "cargo xtask abuse ",
        "tests/lab/abuse/tests/short_run.rs",
        "fn unread_responses_do_not_block_others(",
    ),
    (
        "cargo xtask bench",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "cargo xtask bench ",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "cargo xtask soak ",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "cargo xtask fuzz",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "cargo xtask fuzz ",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "cargo xtask docs",
        "crates/xtask/src/docs_checks.rs",
        "fn the_book_has_every_document_once()",
    ),
    (
        "cargo bench -p central-hub --bench outbox",
        "crates/central-hub/Cargo.toml",
        "name = \"outbox\"",
    ),
    (
        "cargo bench -p central-hub --bench lists",
        "crates/central-hub/Cargo.toml",
        "name = \"lists\"",
    ),
    (
        "cargo bench -p central-hub --bench import",
        "crates/central-hub/Cargo.toml",
        "name = \"import\"",
    ),
    (
        "cargo bench -p central-hub --bench page",
        "crates/central-hub/Cargo.toml",
        "name = \"page\"",
    ),
    (
        "cargo bench -p central-hub --bench migration",
        "crates/central-hub/Cargo.toml",
        "name = \"migration\"",
    ),
    // Needs a server with systemd, and an archive from another host.
    (
        "cargo xtask dist",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "tar -xzf leadmaster-*.tar.gz",
        "crates/xtask/src/dist/mod.rs",
        "format!(\"leadmaster-{}-{triple}\"",
    ),
    (
        "sudo leadmaster-*/deploy/install.sh",
        "tests/e2e/deploy/systemd.rs",
        "fn install_script_reports_its_steps_and_missing_tools()",
    ),
    (
        "sudo apt install ./leadmaster-session-manager_*.deb ./leadmaster-central-hub_*.deb",
        "crates/xtask/src/dist/packages_check.rs",
        "const INSTALL: &str",
    ),
    (
        "systemctl status leadmaster-session-manager leadmaster-central-hub",
        "tests/e2e/deploy/debian.rs",
        "async fn packages_install_what_their_units_start()",
    ),
    (
        "journalctl -u leadmaster-session-manager -f",
        "tests/e2e/deploy/systemd.rs",
        "fn systemd_verifies_both_units()",
    ),
    // Containers: need podman or Docker, and take minutes.
    (
        "cargo xtask image --check",
        "crates/xtask/src/docs_checks.rs",
        "fn every_task_is_called_as_it_can_be()",
    ),
    (
        "cd deploy/container",
        "crates/xtask/src/image/check.rs",
        "fn while_up<",
    ),
    (
        "umask 077",
        "crates/xtask/src/image/check.rs",
        "fn while_up<",
    ),
    (
        "token=$(openssl rand -hex 32)",
        "crates/xtask/src/image/check.rs",
        "fn while_up<",
    ),
    (
        "for service in session-manager central-hub; do\n  sed \"s/^SESSION_MANAGER_TOKEN=/&$token/\" $service.env.example > $service.env\ndone",
        "crates/xtask/src/image/tests.rs",
        "fn every_variable_reaches_its_service_and_none_is_misspelt()",
    ),
    (
        "nano central-hub.env",
        "crates/xtask/src/image/check.rs",
        "fn while_up<",
    ),
    (
        "docker compose ",
        "crates/xtask/src/image/check.rs",
        "fn try_all(",
    ),
    // PM2 for the whole host; the tests run the same from tests/node.
    (
        "npm install -g pm2",
        "tests/e2e/deploy/pm2.rs",
        "fn pair_is_online_with_its_own_variables()",
    ),
    // Needs a failed message, which does not occur under DRY_RUN.
    (
        "curl -X POST http://localhost:3012/api/sender/messages/<id>/decide ",
        "tests/e2e/hub/outbox.rs",
        "fn undecidable_message_waits_for_a_person()",
    ),
    (
        "curl -X POST http://localhost:3012/api/sender/messages/<id>/retry ",
        "crates/central-hub/tests/hub/outbox.rs",
        "fn temporary_failures_are_retried_and_refusals_are_final(",
    ),
    // Needs a screen, and a person in front of it.
    (
        "BACKUP_KEY='AGE-SECRET-KEY-1…' TOKENS_DIR=desktop-tokens target/release/session-manager link",
        "tests/e2e/session/backups.rs",
        "fn profile_linked_on_a_desktop_is_restored_on_a_server()",
    ),
    // An interactive screen.
    (
        "pm2 monit",
        "tests/e2e/deploy/pm2.rs",
        "fn pm2_settings_match_the_node_pair()",
    ),
];

/// Returns the command's row in the table.
pub fn find_exemption(command: &str) -> Option<&'static Exemption> {
    EXEMPTIONS.iter().find(|(exempted, ..)| {
        command == *exempted || (exempted.ends_with(' ') && command.starts_with(exempted))
    })
}
