//! Tests the files of the Debian packages, which `cargo xtask dist` builds and tries.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use harness::{Scratch, repository_root};
use serde_json::Value;
use tokio::process::Command;

const SERVICES: [&str; 2] = ["session-manager", "central-hub"];

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs `settings.sh` for these services, with `folder` as its folder.
async fn write_settings(folder: &Path, services: &[&str]) {
    let output = Command::new(repository_root().join("deploy/debian/settings.sh"))
        .arg(repository_root().join("deploy/systemd"))
        .args(services)
        .env("LEADMASTER_ETC", folder)
        .output()
        .await
        .expect("it is executable");
    assert!(output.status.success(), "{output:?}");
}

fn read_token(folder: &Path, service: &str) -> Option<String> {
    let text = read(&folder.join(format!("{service}.env")));
    let mut lines = text.lines();
    let token = lines.find_map(|line| line.strip_prefix("SESSION_MANAGER_TOKEN="));
    token.map(str::to_owned)
}

#[tokio::test]
async fn package_settings_are_written_once_with_one_secret() {
    let scratch = Scratch::default();
    for order in [SERVICES, [SERVICES[1], SERVICES[0]]] {
        let etc = scratch.join(order[0]);
        write_settings(&etc, &order[..1]).await;
        let first = read_token(&etc, order[0]).expect("a secret");
        assert!(first.len() >= 32, "{first}");
        write_settings(&etc, &order[1..]).await;
        assert_eq!(read_token(&etc, order[1]).as_ref(), Some(&first));
        for service in order {
            let file = etc.join(format!("{service}.env"));
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{service}");
            std::fs::write(&file, "MINE=1\n").unwrap();
        }
        write_settings(&etc, &order).await;
        for service in order {
            assert_eq!(read(&etc.join(format!("{service}.env"))), "MINE=1\n");
        }
    }
    // If an operator's own settings need no secret, the script writes none, not even for one of the
    // two services.
    let etc = scratch.join("own");
    std::fs::create_dir(&etc).unwrap();
    std::fs::write(etc.join("session-manager.env"), "PORT=3001\n").unwrap();
    write_settings(&etc, &SERVICES).await;
    assert_eq!(read_token(&etc, "central-hub"), None);
}

/// Returns the `package.metadata.deb` of a service.
async fn manifest(service: &str) -> Value {
    let arguments = [
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ];
    let mut cargo = Command::new(env!("CARGO"));
    let metadata = cargo
        .args(arguments)
        .current_dir(repository_root())
        .output()
        .await;
    let metadata: Value = serde_json::from_slice(&metadata.expect("cargo").stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|entry| entry["name"] == service);
    package.expect("the service")["metadata"]["deb"].clone()
}

/// Checks that the drop-ins start what the packages install, and that the scripts are complete.
#[tokio::test]
async fn packages_install_what_their_units_start() {
    for service in SERVICES {
        let package = manifest(service).await;
        let mut installed = Vec::new();
        for asset in package["assets"].as_array().expect("assets") {
            let (source, destination) = (asset[0].as_str().unwrap(), asset[1].as_str().unwrap());
            let (_, name) = source.rsplit_once('/').expect("a path");
            if !source.starts_with("target/") {
                let file = repository_root().join("crates").join(service).join(source);
                assert!(file.exists(), "{service}: {source}");
            }
            let folder = destination.ends_with('/');
            installed.push(format!("/{destination}{}", if folder { name } else { "" }));
        }
        // This drop-in passes secrets as credentials, which `dist --check --boot` tries.
        let credentials = format!("/usr/lib/leadmaster/{service}/{service}.credentials.conf");
        assert!(installed.contains(&credentials), "{installed:?}");
        let folder = repository_root().join("deploy/debian").join(service);
        let mut drop_ins = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().path();
            if file
                .extension()
                .is_some_and(|extension| extension == "conf")
            {
                drop_ins += 1;
                let text = read(&file);
                let start_commands = text
                    .lines()
                    .filter_map(|extension| extension.strip_prefix("ExecStart=/"));
                let start_commands: Vec<_> = start_commands.collect();
                assert_eq!(start_commands.len(), 1, "{text}");
                let program = start_commands[0].split(' ').next().unwrap();
                assert!(installed.contains(&format!("/{program}")), "{program}");
                let name = file.file_name().unwrap().to_str().unwrap();
                assert!(package.to_string().contains(name), "{name}");
                continue;
            }
            // Without this marker cargo-deb leaves the unit out.
            assert!(read(&file).contains("\n#DEBHELPER#\n"), "{file:?}");
            let checked = Command::new("sh").arg("-n").arg(&file).status().await;
            assert!(checked.unwrap().success(), "{file:?}");
        }
        assert!(drop_ins > 0, "{service}");
        let unit = package["systemd-units"]["unit-name"].as_str().unwrap();
        assert!(
            repository_root()
                .join(format!("deploy/systemd/{unit}.service"))
                .exists()
        );
    }
}
