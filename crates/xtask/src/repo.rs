//! Returns the paths of the repository.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the root of the current checkout.
///
/// Cargo passes the path at run time, so a checkout that was moved together with its `target/`
/// still works.
pub(crate) fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file())
        .map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// Returns cargo's target folder.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Returns the folder for `xtask`'s own data: a private Node.js, the data of a rehearsal.
pub(crate) fn state() -> PathBuf {
    root().join(".leadmaster")
}

/// One of the npm packages of this repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Package {
    /// The script that session-manager installs in WhatsApp Web.
    Script,
    /// The React page of central-hub.
    Page,
    /// The page for trying out the API of either service.
    ApiDocs,
    /// The npm dependencies of the tests: PM2, playwright-core, other clients.
    Tests,
}

impl Package {
    /// The packages that the binaries embed.
    pub(crate) const EMBEDDED: [Self; 3] = [Self::Script, Self::ApiDocs, Self::Page];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Script => "page script",
            Self::Page => "React page",
            Self::ApiDocs => "API page",
            Self::Tests => "test tools",
        }
    }

    pub(crate) fn folder(self) -> PathBuf {
        root().join(match self {
            Self::Script => "crates/session-manager/page",
            Self::Page => "crates/central-hub/web",
            Self::ApiDocs => "crates/api-docs/page",
            Self::Tests => "tests/node",
        })
    }
}
