//! Chrome's command-line flags.

use std::path::Path;

use super::user_agent::{major, user_agent};

/// Disabled: hidden pages of the browser itself, third-party services, and a
/// process per site. Only one site is open here, next to the page that drives
/// it: sharing one process saves the memory and the start time of a second.
const FEATURES_OFF: &str = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,\
SpareRendererForSitePerProcess,Translate,MediaRouter,OptimizationHints,\
AutofillServerCommunication,CertificateTransparencyComponentUpdater,\
IsolateOrigins,site-per-process";

/// Enabled: networking in the browser process, as on phones with little memory.
const FEATURES_ON: &str = "NetworkServiceInProcess2";

/// The limit of Chrome's HTTP cache, in bytes.
const DISK_CACHE: u64 = 64 << 20;

/// Returns Chrome's command line for this profile.
///
/// `chromedriver_version` provides the user agent's major version: ChromeDriver
/// only drives the Chrome of its own major version, so it is known before
/// Chrome runs. `HeadlessChrome` in the user agent makes WhatsApp refuse the
/// browser.
#[must_use]
pub fn chrome_args(
    user_data_dir: &Path,
    chromedriver_version: &str,
    as_root: bool,
    extra: &[String],
) -> Vec<String> {
    let mut args = vec![
        "--headless=new".to_owned(),
        // Chrome exits by itself when this pipe closes, however ChromeDriver
        // ended.
        "--remote-debugging-pipe".to_owned(),
        format!("--user-data-dir={}", user_data_dir.display()),
        // For requests before a target is attached; the client hints that this
        // flag empties are set per target (`user_agent.rs`).
        format!("--user-agent={}", user_agent(major(chromedriver_version))),
        "--disable-blink-features=AutomationControlled".to_owned(),
        "--disable-site-isolation-trials".to_owned(),
        "--renderer-process-limit=1".to_owned(),
        "--disable-gpu".to_owned(),
        // No GPU process or software rasterizer: nothing is drawn that needs
        // one.
        "--in-process-gpu".to_owned(),
        "--disable-software-rasterizer".to_owned(),
        "--disable-quic".to_owned(),
        // The default grows with free disk space. Media no longer has a cache
        // of its own (`--media-cache-size` is unknown).
        format!("--disk-cache-size={DISK_CACHE}"),
        // Crash reports are not used; a crash shows on the pipe.
        "--disable-breakpad".to_owned(),
        "--disable-crash-reporter".to_owned(),
        "--disable-crashpad-for-testing".to_owned(),
        // It forks unsandboxed processes, none of which are left.
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
        // Timers of a background page would be throttled.
        "--disable-background-timer-throttling".to_owned(),
        "--disable-backgrounding-occluded-windows".to_owned(),
        "--disable-renderer-backgrounding".to_owned(),
        "--window-size=1280,900".to_owned(),
        // A screen that fits the window: a headless one is 800×600.
        "--screen-info={1280x900}".to_owned(),
    ];
    if as_root {
        args.push("--no-sandbox".to_owned());
    }
    // Chrome takes the last of repeated flags: these are lists.
    let (mut off, mut on) = (FEATURES_OFF.to_owned(), FEATURES_ON.to_owned());
    for flag in extra {
        match flag.split_once('=') {
            Some(("--disable-features", more)) => off = format!("{off},{more}"),
            Some(("--enable-features", more)) => on = format!("{on},{more}"),
            _ => args.push(flag.clone()),
        }
    }
    args.insert(0, format!("--disable-features={off}"));
    args.insert(0, format!("--enable-features={on}"));
    args
}

/// Removes the headless flag, so that Chrome opens a window.
///
/// All other flags stay: the profile has to work with the headless Chrome that
/// uses it next.
pub fn show(args: &mut Vec<String>) {
    let headless = args.iter().position(|flag| flag == "--headless=new");
    if let Some(at) = headless {
        args.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_is_a_plain_chrome_of_the_same_version() {
        let args = chrome_args(Path::new("/p"), "156.0.8078.79", false, &[]);
        let agent = args
            .iter()
            .find(|a| a.starts_with("--user-agent="))
            .unwrap();
        assert!(agent.contains(" Chrome/156.0.0.0 ") && !agent.contains("Headless"));
        assert!(args.contains(&"--user-data-dir=/p".to_owned()));
        assert!(!args.contains(&"--no-sandbox".to_owned()));
    }

    #[test]
    fn a_visible_chrome_is_the_same_but_for_its_window() {
        let args = chrome_args(Path::new("/p"), "1", false, &[]);
        let mut shown = args.clone();
        show(&mut shown);
        let gone: Vec<_> = args.iter().filter(|flag| !shown.contains(flag)).collect();
        assert_eq!(gone, ["--headless=new"]);
        assert!(shown.contains(&"--password-store=basic".to_owned()));
    }

    #[test]
    fn the_operators_flags_come_last_and_so_win() {
        let extra = vec!["--lang=es".to_owned()];
        let args = chrome_args(Path::new("/p"), "1", true, &extra);
        assert_eq!(args.last(), extra.last());
        assert!(args.contains(&"--no-sandbox".to_owned()));
    }

    #[test]
    fn the_operators_features_join_ours() {
        let extra = ["--disable-features=A,B", "--enable-features=C"].map(str::to_owned);
        let args = chrome_args(Path::new("/p"), "1", false, &extra);
        let of = |name: &str| {
            let mut all = args.iter().filter(|flag| flag.starts_with(name));
            let found = all.next().unwrap().clone();
            assert_eq!(all.next(), None);
            found
        };
        assert!(of("--disable-features=").ends_with(",A,B"));
        assert!(of("--disable-features=").contains("Translate"));
        assert_eq!(
            of("--enable-features="),
            "--enable-features=NetworkServiceInProcess2,C"
        );
    }
}
