//! Chrome's command-line flags.

use std::path::Path;

use super::user_agent::{major, user_agent};

/// Off: hidden pages of the browser's own, services of others, and a process
/// for each site. One site is open here, and beside it what drives it: in one
/// process they save the memory of a second and the time to start it.
const FEATURES_OFF: &str = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,\
SpareRendererForSitePerProcess,Translate,MediaRouter,OptimizationHints,\
AutofillServerCommunication,CertificateTransparencyComponentUpdater,\
IsolateOrigins,site-per-process";

/// On: the network is the browser's own work, as on phones with little memory.
const FEATURES_ON: &str = "NetworkServiceInProcess2";

/// What Chrome may keep of what it fetched, in bytes.
const DISK_CACHE: u64 = 64 << 20;

/// The command line of Chrome for this profile.
///
/// `chromedriver_version` gives the user agent its major version: ChromeDriver
/// drives only the Chrome of its own major version, so it is known before
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
        // Chrome ends by itself when this pipe closes, however chromedriver
        // came to its end.
        "--remote-debugging-pipe".to_owned(),
        format!("--user-data-dir={}", user_data_dir.display()),
        // For what is asked before a target is attached; the client hints that
        // this empties are given to each (`user_agent.rs`).
        format!("--user-agent={}", user_agent(major(chromedriver_version))),
        "--disable-blink-features=AutomationControlled".to_owned(),
        "--disable-site-isolation-trials".to_owned(),
        "--renderer-process-limit=1".to_owned(),
        "--disable-gpu".to_owned(),
        // Nothing is drawn that would need a process for it, or a renderer in
        // the place of a graphics card.
        "--in-process-gpu".to_owned(),
        "--disable-software-rasterizer".to_owned(),
        "--disable-quic".to_owned(),
        // By itself it takes what a large disk has room for. There is none of
        // its own for media any more (`--media-cache-size` is not known).
        format!("--disk-cache-size={DISK_CACHE}"),
        // Nobody reads its crash reports; a crash shows on the pipe.
        "--disable-breakpad".to_owned(),
        "--disable-crash-reporter".to_owned(),
        "--disable-crashpad-for-testing".to_owned(),
        // It forks what has no sandbox, of which nothing is left.
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
        // A page in the background would have its timers slowed down.
        "--disable-background-timer-throttling".to_owned(),
        "--disable-backgrounding-occluded-windows".to_owned(),
        "--disable-renderer-backgrounding".to_owned(),
        "--window-size=1280,900".to_owned(),
        // Of a screen that its window fits on: a headless one is 800×600.
        "--screen-info={1280x900}".to_owned(),
    ];
    if as_root {
        args.push("--no-sandbox".to_owned());
    }
    // Of a flag that comes twice Chrome takes the last: these are lists.
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

/// Takes the first of them away: a window on the screen, as a person has it.
///
/// All else stays: the profile has to be the same for the headless Chrome that
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
