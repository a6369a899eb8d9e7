//! Builds Chrome's command line.

use std::path::Path;

use super::user_agent::{major, user_agent};

/// The features to disable: hidden pages of the browser itself, and third-party services.
const DISABLED_FEATURES: &str = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,\
SpareRendererForSitePerProcess,Translate,MediaRouter,OptimizationHints,\
AutofillServerCommunication,CertificateTransparencyComponentUpdater";

/// The features to disable so that there is no process per site. Only one site is open here, next
/// to the page that drives it. Sharing one process saves the memory and the start time of a second.
const DISABLED_ISOLATION: &str = ",IsolateOrigins,site-per-process";

/// Flags that are left out when a person links the phone in the window, who may need all that
/// Chrome can do.
///
/// A passkey may be in a password manager, which is an extension or the account that Chrome is
/// signed in to (its sync). Or it may be on a phone nearby, which Chrome reaches over Bluetooth and
/// the network. A person who signs in to a site gets a process per site.
///
/// All other flags stay, since the headless Chrome that uses the profile next has to be able to
/// read it. So does `--password-store=basic`: with the desktop's keyring Chrome would encrypt
/// cookies by a key that the server does not have, and a passkey needs no keyring on Linux.
const UNATTENDED_FLAGS: [&str; 6] = [
    "--headless=new",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
];

/// Flags that ChromeDriver adds by itself and that are left out as well. With `enable-automation`
/// Chrome fills in no credentials.
pub const UNATTENDED_CHROMEDRIVER_FLAGS: [&str; 3] = [
    "disable-sync",
    "disable-background-networking",
    "enable-automation",
];

/// The features to enable: networking in the browser process, as on phones with little memory.
const ENABLED_FEATURES: &str = "NetworkServiceInProcess2";

/// Maximum size of Chrome's HTTP cache, in bytes.
const DISK_CACHE: u64 = 64 << 20;

/// Returns Chrome's command line for this profile.
///
/// `chromedriver_version` provides the major version in the user agent. ChromeDriver only drives
/// the Chrome of its own major version, so the version is known before Chrome runs.
/// `HeadlessChrome` in the user agent makes WhatsApp refuse the browser. `attended` says that a
/// person uses the browser.
#[must_use]
pub fn chrome_args(
    user_data_dir: &Path,
    chromedriver_version: &str,
    as_root: bool,
    attended: bool,
    extra: &[String],
) -> Vec<String> {
    let mut args = vec![
        "--headless=new".to_owned(),
        // Chrome exits by itself when this pipe closes, however ChromeDriver
        // ended.
        "--remote-debugging-pipe".to_owned(),
        format!("--user-data-dir={}", user_data_dir.display()),
        // This user agent is for requests before a target is attached. The client hints that the
        // flag empties are set per target (`user_agent.rs`).
        format!("--user-agent={}", user_agent(major(chromedriver_version))),
        "--disable-blink-features=AutomationControlled".to_owned(),
        "--disable-site-isolation-trials".to_owned(),
        "--renderer-process-limit=1".to_owned(),
        "--disable-gpu".to_owned(),
        // No GPU process and no software rasterizer: nothing that is drawn needs one.
        "--in-process-gpu".to_owned(),
        "--disable-software-rasterizer".to_owned(),
        "--disable-quic".to_owned(),
        // The default size grows with the free disk space. Media no longer has a separate cache
        // (`--media-cache-size` is unknown).
        format!("--disk-cache-size={DISK_CACHE}"),
        // Crash reports are not used; a crash shows on the pipe.
        "--disable-breakpad".to_owned(),
        "--disable-crash-reporter".to_owned(),
        "--disable-crashpad-for-testing".to_owned(),
        // The unsandboxed zygote forks unsandboxed processes, none of which are left.
        "--no-unsandboxed-zygote".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-default-apps".to_owned(),
        "--disable-domain-reliability".to_owned(),
        "--disable-extensions".to_owned(),
        "--disable-sync".to_owned(),
        "--metrics-recording-only".to_owned(),
        "--no-first-run".to_owned(),
        "--no-default-browser-check".to_owned(),
        "--no-pings".to_owned(),
        "--mute-audio".to_owned(),
        "--password-store=basic".to_owned(),
        "--use-mock-keychain".to_owned(),
        // Without these flags Chrome would throttle the timers of a background page.
        "--disable-background-timer-throttling".to_owned(),
        "--disable-backgrounding-occluded-windows".to_owned(),
        "--disable-renderer-backgrounding".to_owned(),
        "--window-size=1280,900".to_owned(),
        // A screen that fits the window: that of a headless Chrome is 800×600.
        "--screen-info={1280x900}".to_owned(),
    ];
    let disabled_isolation = match attended {
        true => {
            args.retain(|flag| !UNATTENDED_FLAGS.contains(&flag.as_str()));
            ""
        }
        false => DISABLED_ISOLATION,
    };
    if as_root {
        args.push("--no-sandbox".to_owned());
    }
    // Chrome takes the last of repeated flags, so each of these is one list.
    let mut disabled = format!("{DISABLED_FEATURES}{disabled_isolation}");
    let mut enabled = ENABLED_FEATURES.to_owned();
    for flag in extra {
        match flag.split_once('=') {
            Some(("--disable-features", more)) => disabled = format!("{disabled},{more}"),
            Some(("--enable-features", more)) => enabled = format!("{enabled},{more}"),
            _ => args.push(flag.clone()),
        }
    }
    args.insert(0, format!("--disable-features={disabled}"));
    args.insert(0, format!("--enable-features={enabled}"));
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_is_a_plain_chrome_of_the_same_version() {
        let args = chrome_args(Path::new("/p"), "156.0.8078.79", false, false, &[]);
        let agent = args
            .iter()
            .find(|a| a.starts_with("--user-agent="))
            .unwrap();
        assert!(agent.contains(" Chrome/156.0.0.0 ") && !agent.contains("Headless"));
        assert!(args.contains(&"--user-data-dir=/p".to_owned()));
        assert!(!args.contains(&"--no-sandbox".to_owned()));
    }

    #[test]
    fn a_persons_chrome_can_do_what_a_passkey_may_need() {
        let args_for = |attended| chrome_args(Path::new("/p"), "1", false, attended, &[]);
        let (service, person) = (args_for(false), args_for(true));
        let removed: Vec<_> = service
            .iter()
            .filter(|flag| !person.contains(flag))
            .collect();
        let disabled = format!("--disable-features={DISABLED_FEATURES}{DISABLED_ISOLATION}");
        assert_eq!(removed.len(), 1 + UNATTENDED_FLAGS.len(), "{removed:?}");
        assert!(
            removed
                .iter()
                .all(|flag| **flag == disabled || UNATTENDED_FLAGS.contains(&flag.as_str()))
        );
        let added: Vec<_> = person
            .iter()
            .filter(|flag| !service.contains(flag))
            .collect();
        assert_eq!(added, [&format!("--disable-features={DISABLED_FEATURES}")]);
        assert!(person.contains(&"--password-store=basic".to_owned()));
        // An operator can still disable extensions.
        let extra = ["--disable-extensions".to_owned()];
        let args = chrome_args(Path::new("/p"), "1", false, true, &extra);
        assert_eq!(args.last(), extra.last());
    }

    #[test]
    fn the_operators_flags_come_last_and_so_win() {
        let extra = vec!["--lang=es".to_owned()];
        let args = chrome_args(Path::new("/p"), "1", true, false, &extra);
        assert_eq!(args.last(), extra.last());
        assert!(args.contains(&"--no-sandbox".to_owned()));
    }

    #[test]
    fn the_operators_features_join_ours() {
        let extra = ["--disable-features=A,B", "--enable-features=C"].map(str::to_owned);
        let args = chrome_args(Path::new("/p"), "1", false, false, &extra);
        let features_of = |name: &str| {
            let mut matching = args.iter().filter(|flag| flag.starts_with(name));
            let found = matching.next().unwrap().clone();
            assert_eq!(matching.next(), None);
            found
        };
        assert!(features_of("--disable-features=").ends_with(",A,B"));
        assert!(features_of("--disable-features=").contains("Translate"));
        assert_eq!(
            features_of("--enable-features="),
            "--enable-features=NetworkServiceInProcess2,C"
        );
    }
}
