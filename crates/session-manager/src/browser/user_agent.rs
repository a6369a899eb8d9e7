//! Builds the User-Agent and client hints: those of the same Chrome with a window.
//!
//! A headless Chrome sends `HeadlessChrome`. The flag `--user-agent` removes that word, but also
//! empties the high-entropy client hints (`fullVersionList`, `platformVersion`, `architecture`), a
//! fingerprint that no real Chrome has. So the user agent and the hints are both set over the
//! DevTools protocol, for the page and its service workers.
//!
//! Source of the brands: `components/embedder_support/user_agent_utils.cc`, which derives their
//! order and one meaningless brand from the major version.

use std::path::Path;

use serde::Serialize;

/// The parameters of `Emulation.setUserAgentOverride`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserAgent {
    user_agent: String,
    user_agent_metadata: Metadata,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    brands: Vec<Brand>,
    full_version_list: Vec<Brand>,
    full_version: String,
    platform: &'static str,
    /// Empty, as in Chrome on Linux.
    platform_version: &'static str,
    architecture: &'static str,
    model: &'static str,
    mobile: bool,
    bitness: &'static str,
    wow64: bool,
    form_factors: [&'static str; 1],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Brand {
    brand: String,
    version: String,
}

/// Returns the `User-Agent` of a Chrome of this major version with a window.
pub(super) fn user_agent(major: &str) -> String {
    format!(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    )
}

/// Returns the major version of a version such as `156.0.8078.79`.
pub(super) fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

impl UserAgent {
    /// Creates the user agent of `program` in this version (such as `156.0.8078.79`).
    pub(super) fn of(program: &Path, version: &str) -> Self {
        let resolved = program.canonicalize().unwrap_or_else(|_| program.into());
        let is_google = resolved.to_string_lossy().contains("google");
        let brand = is_google.then_some("Google Chrome");
        let major = major(version);
        Self {
            user_agent: user_agent(major),
            user_agent_metadata: Metadata {
                brands: brands(major, major, brand, false),
                full_version_list: brands(major, version, brand, true),
                full_version: version.to_owned(),
                platform: "Linux",
                platform_version: "",
                architecture: match std::env::consts::ARCH {
                    "aarch64" | "arm" => "arm",
                    _ => "x86",
                },
                model: "",
                mobile: false,
                bitness: if cfg!(target_pointer_width = "64") {
                    "64"
                } else {
                    "32"
                },
                wow64: false,
                form_factors: ["Desktop"],
            },
        }
    }
}

/// Returns the list of brands in Chrome's order for `major`.
fn brands(major: &str, version: &str, brand: Option<&str>, full: bool) -> Vec<Brand> {
    const CHARACTERS: [&str; 11] = [" ", "(", ":", "-", ".", "/", ")", ";", "=", "?", "_"];
    const VERSIONS: [&str; 3] = ["8", "99", "24"];
    const ORDERS: [[usize; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let seed: usize = major.parse().unwrap_or_default();
    let new_brand = |brand: String, version: String| Brand { brand, version };
    let meaningless = new_brand(
        format!(
            "Not{}A{}Brand",
            CHARACTERS[seed % CHARACTERS.len()],
            CHARACTERS[(seed + 1) % CHARACTERS.len()]
        ),
        match VERSIONS[seed % VERSIONS.len()] {
            version if full => format!("{version}.0.0.0"),
            version => version.to_owned(),
        },
    );
    let chromium = new_brand("Chromium".to_owned(), version.to_owned());
    let Some(brand) = brand else {
        let mut brands = vec![meaningless, chromium];
        brands.rotate_left(seed % 2);
        return brands;
    };
    let brands = [
        meaningless,
        chromium,
        new_brand(brand.to_owned(), version.to_owned()),
    ];
    let mut ordered: Vec<_> = ORDERS[seed % ORDERS.len()]
        .into_iter()
        .zip(brands)
        .collect();
    ordered.sort_by_key(|(position, _)| *position);
    ordered.into_iter().map(|(_, brand)| brand).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(brands: &[Brand]) -> Vec<String> {
        let brands = brands.iter();
        brands
            .map(|Brand { brand, version }| format!("{brand} {version}"))
            .collect()
    }

    /// Compares with the lists that Debian's Chromium 156 and Google's Chrome 120 send.
    #[test]
    fn brands_are_those_of_the_same_chrome_with_a_window() {
        assert_eq!(
            names(&brands("156", "156.0.8078.108", None, true)),
            ["Not:A-Brand 8.0.0.0", "Chromium 156.0.8078.108"]
        );
        assert_eq!(
            names(&brands("120", "120", Some("Google Chrome"), false)),
            ["Not_A Brand 8", "Chromium 120", "Google Chrome 120"]
        );
    }

    #[test]
    fn a_user_agent_is_plain_chrome() {
        let agent = UserAgent::of(Path::new("/usr/bin/chromium"), "156.0.8078.79");
        assert!(agent.user_agent.contains(" Chrome/156.0.0.0 "));
        assert_eq!(agent.user_agent_metadata.full_version, "156.0.8078.79");
    }
}
