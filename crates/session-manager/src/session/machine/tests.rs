//! Tests the machine with fixed sequences, and with property tests of any sequence.

use proptest::prelude::*;
use service_runtime::Env;

use super::*;
use crate::config::Config;

impl Default for Limits {
    /// Those of an empty environment.
    fn default() -> Self {
        Config::from_env(&Env::default()).unwrap().limits
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms).unwrap()
}

fn machine(linked: bool) -> Machine {
    Machine::new(Limits::default(), linked, at(0))
}

fn unpaired(code: &str) -> PageReport {
    PageReport {
        socket: Some("UNPAIRED".into()),
        registered: Some(false),
        code: Some(code.into()),
        ..PageReport::default()
    }
}

fn idle() -> PageReport {
    PageReport {
        socket: Some("UNPAIRED_IDLE".into()),
        registered: Some(false),
        idle: true,
        ..PageReport::default()
    }
}

fn syncing() -> PageReport {
    PageReport {
        socket: Some("CONNECTED".into()),
        stream: Some("SYNCING".into()),
        registered: Some(true),
        ..PageReport::default()
    }
}

fn ready() -> PageReport {
    PageReport {
        socket: Some("CONNECTED".into()),
        stream: Some("CONNECTED".into()),
        synced: true,
        tools: true,
        registered: Some(true),
        ..PageReport::default()
    }
}

fn of_document(document: &str, report: PageReport) -> PageReport {
    PageReport {
        document: document.into(),
        ..report
    }
}

fn up(machine: &mut Machine) {
    machine.apply(Input::Connect(Intent::Requested), at(1));
    machine.apply(Input::BrowserUp, at(2));
}

#[test]
fn transitions_from_init_to_ready() {
    let mut m = machine(false);
    assert_eq!(m.state(), SessionState::Init);
    assert_eq!(
        m.apply(Input::Connect(Intent::Requested), at(1)),
        [Effect::Start]
    );
    assert_eq!(m.apply(Input::Connect(Intent::Requested), at(1)), []);
    m.apply(Input::BrowserUp, at(2));
    m.apply(Input::PageReport(unpaired("a").into()), at(3));
    assert_eq!(m.state(), SessionState::QrRequired);
    assert_eq!(m.code().unwrap().text, "a");
    assert_eq!(
        m.apply(Input::PageReport(syncing().into()), at(4)),
        [Effect::RememberLinked]
    );
    assert_eq!(m.state(), SessionState::Authenticated);
    assert_eq!(m.cause(), &Cause::CodeScanned);
    assert_eq!(m.code(), None);
    m.apply(Input::PageReport(ready().into()), at(5));
    assert_eq!(m.state(), SessionState::Ready);
}

#[test]
fn ready_needs_every_condition() {
    for spoil in [
        |f: &mut PageReport| f.synced = false,
        |f: &mut PageReport| f.tools = false,
        |f: &mut PageReport| f.stream = Some("SYNCING".into()),
        |f: &mut PageReport| f.socket = Some("TIMEOUT".into()),
        |f: &mut PageReport| f.delivered = Some(false),
    ] {
        let mut m = machine(true);
        up(&mut m);
        let mut report = ready();
        spoil(&mut report);
        m.apply(Input::PageReport(report.into()), at(3));
        assert_eq!(m.state(), SessionState::Authenticated);
    }
}

#[test]
fn a_backup_closes_the_browser_for_a_moment() {
    let mut m = machine(true);
    up(&mut m);
    m.apply(Input::PageReport(ready().into()), at(3));
    assert_eq!(m.apply(Input::Rest, at(4)), [Effect::Close]);
    assert_eq!(m.state(), SessionState::Init);
    assert_eq!(m.cause(), &Cause::BackingUp);
    assert_eq!(m.apply(Input::BrowserClosed, at(5)), []);
    // A connect request during the backup waits as well.
    assert_eq!(m.apply(Input::Connect(Intent::Requested), at(6)), []);
    assert_eq!(m.apply(Input::RestOver, at(7)), [Effect::Start]);
}

#[test]
fn backup_starts_no_unwanted_browser() {
    let mut m = machine(true);
    assert_eq!(m.apply(Input::Rest, at(1)), []);
    assert_eq!(m.apply(Input::RestOver, at(2)), []);
    assert_eq!(m.state(), SessionState::Init);
    assert_eq!(m.cause(), &Cause::Started);
}

#[test]
fn a_lost_network_demotes_and_comes_back() {
    let mut m = machine(true);
    up(&mut m);
    m.apply(Input::PageReport(ready().into()), at(3));
    let mut lost = ready();
    lost.socket = Some("TIMEOUT".into());
    m.apply(Input::PageReport(lost.into()), at(4));
    assert_eq!(m.state(), SessionState::Authenticated);
    assert_eq!(m.cause(), &Cause::ConnectionLost("TIMEOUT".into()));
    m.apply(Input::PageReport(ready().into()), at(5));
    assert_eq!(m.state(), SessionState::Ready);
}

#[test]
fn a_page_that_loads_anew_cannot_send() {
    let mut m = machine(true);
    up(&mut m);
    m.apply(Input::PageReport(ready().into()), at(3));
    m.apply(Input::PageReport(PageReport::default().into()), at(4));
    assert_eq!(m.state(), SessionState::Authenticated);
}

#[test]
fn codes_live_sixty_seconds_then_twenty_and_never_on() {
    let mut m = machine(false);
    up(&mut m);
    m.apply(Input::PageReport(unpaired("a").into()), at(1_000));
    assert_eq!(m.code().unwrap().expires_at, at(61_000));
    assert_eq!(m.code().unwrap().codes_left, 5);
    m.apply(Input::PageReport(unpaired("b").into()), at(61_000));
    assert_eq!(m.code().unwrap().expires_at, at(81_000));
    assert_eq!(m.code().unwrap().codes_left, 4);
    m.apply(Input::Tick, at(82_000));
    assert!(m.code().is_some(), "the page may be a moment late");
    m.apply(Input::Tick, at(83_001));
    assert_eq!(m.code(), None);
}

#[test]
fn an_idle_page_is_refreshed_a_bounded_number_of_times() {
    let mut m = machine(false);
    up(&mut m);
    m.apply(Input::PageReport(unpaired("c").into()), at(3));
    for round in 0..Limits::default().code_rounds {
        assert_eq!(
            m.apply(Input::PageReport(idle().into()), at(10)),
            [Effect::RefreshCode],
            "round {round}"
        );
        assert_eq!(
            m.apply(Input::PageReport(idle().into()), at(11)),
            [],
            "asked once"
        );
        assert_eq!(m.code(), None);
        m.apply(
            Input::PageReport(unpaired(&format!("r{round}")).into()),
            at(12),
        );
    }
    assert_eq!(
        m.apply(Input::PageReport(idle().into()), at(13)),
        [Effect::Close]
    );
    assert_eq!(m.state(), SessionState::Disconnected);
    assert_eq!(m.cause(), &Cause::CodeNotScanned);
    m.apply(Input::BrowserClosed, at(14));
    assert_eq!(
        m.apply(Input::Connect(Intent::Requested), at(15)),
        [Effect::Start]
    );
    assert_eq!(m.rounds_left(), Limits::default().code_rounds);
}

#[test]
fn unlinked_from_the_phone_wipes_the_profile_after_the_browser_is_gone() {
    let mut m = machine(true);
    up(&mut m);
    m.apply(Input::PageReport(ready().into()), at(3));
    let mut out = ready();
    out.logged_out = Some("logout_from_bridge".into());
    assert_eq!(
        m.apply(Input::PageReport(out.into()), at(4)),
        [Effect::ForgetLinked, Effect::Close]
    );
    assert_eq!(m.state(), SessionState::Disconnected);
    assert_eq!(m.apply(Input::BrowserClosed, at(5)), [Effect::WipeProfile]);
}

#[test]
fn a_device_unlinked_while_the_service_was_away() {
    let mut m = machine(true);
    m.apply(Input::Connect(Intent::Resume), at(1));
    m.apply(Input::BrowserUp, at(2));
    let mut booting = unpaired("x");
    booting.code = None;
    m.apply(Input::PageReport(booting.into()), at(3));
    assert_eq!(m.state(), SessionState::Init, "the page is still starting");
    assert_eq!(
        m.apply(
            Input::PageReport(of_document("1", unpaired("x")).into()),
            at(4)
        ),
        [Effect::Reload]
    );
    assert_eq!(m.cause(), &Cause::LinkInDoubt);
    assert_eq!(
        m.apply(
            Input::PageReport(of_document("1", unpaired("y")).into()),
            at(5)
        ),
        [],
        "the same document once more"
    );
    assert!(m.linked() && m.code().is_none());
    assert_eq!(
        m.apply(
            Input::PageReport(of_document("2", unpaired("z")).into()),
            at(6)
        ),
        [Effect::ForgetLinked, Effect::Close]
    );
    assert_eq!(m.state(), SessionState::Disconnected);
    assert_eq!(
        m.apply(Input::BrowserClosed, at(7)),
        [Effect::SetProfileAside],
        "it may be worth another look"
    );

    // The link may be back after the next reload.
    let mut m = machine(true);
    m.apply(Input::Connect(Intent::Resume), at(1));
    m.apply(Input::BrowserUp, at(2));
    m.apply(
        Input::PageReport(of_document("1", unpaired("x")).into()),
        at(3),
    );
    m.apply(Input::PageReport(of_document("2", syncing()).into()), at(4));
    assert_eq!(m.state(), SessionState::Authenticated);
    assert!(m.linked());

    // If a caller requests it, the code of a new profile is displayed.
    let mut m = machine(true);
    up(&mut m);
    m.apply(
        Input::PageReport(of_document("1", unpaired("x")).into()),
        at(3),
    );
    assert_eq!(
        m.apply(Input::PageReport(of_document("2", idle()).into()), at(4)),
        [Effect::ForgetLinked, Effect::Close]
    );
    assert_eq!(
        m.apply(Input::BrowserClosed, at(5)),
        [Effect::SetProfileAside, Effect::Start]
    );
    m.apply(Input::BrowserUp, at(6));
    assert_eq!(m.apply(Input::PageReport(unpaired("y").into()), at(7)), []);
    assert_eq!(m.state(), SessionState::QrRequired);
}

#[test]
fn ready_waits_for_the_end_of_the_offline_delivery_but_not_for_ever() {
    let mut m = machine(true);
    up(&mut m);
    let mut waiting = ready();
    waiting.delivered = Some(false);
    m.apply(Input::PageReport(waiting.clone().into()), at(1_000));
    assert_eq!(m.cause(), &Cause::ProfileLinked, "as a rule it is short");
    m.apply(Input::PageReport(waiting.clone().into()), at(7_000));
    assert_eq!(m.cause(), &Cause::OfflineDelivery);
    assert_eq!(
        m.apply(Input::PageReport(waiting.clone().into()), at(300_000)),
        []
    );
    assert_eq!(m.state(), SessionState::Authenticated);
    assert_eq!(
        m.apply(Input::PageReport(waiting.clone().into()), at(301_000)),
        []
    );
    assert_eq!(m.state(), SessionState::Ready);
    assert_eq!(m.restarts().1, 0);

    // After a reconnection the wait starts over.
    let mut m = machine(true);
    up(&mut m);
    let mut delivered = ready();
    delivered.delivered = Some(true);
    m.apply(Input::PageReport(delivered.clone().into()), at(1_000));
    assert_eq!(m.state(), SessionState::Ready);
    m.apply(Input::PageReport(waiting.into()), at(900_000));
    assert_eq!(m.state(), SessionState::Authenticated);
    assert_eq!(m.cause(), &Cause::OfflineDelivery);
    m.apply(Input::PageReport(delivered.into()), at(901_000));
    assert_eq!(m.state(), SessionState::Ready);
}

#[test]
fn missing_tools_are_named_once_they_are_late() {
    let mut m = machine(true);
    up(&mut m);
    let mut broken = ready();
    broken.tools = false;
    broken.missing = vec!["MsgStore".into()];
    m.apply(Input::PageReport(broken.clone().into()), at(1_000));
    assert_eq!(m.cause(), &Cause::ProfileLinked);
    m.apply(Input::PageReport(broken.clone().into()), at(31_000));
    assert_eq!(m.state(), SessionState::Authenticated);
    assert_eq!(m.cause(), &Cause::ToolsBroken(vec!["MsgStore".into()]));
    m.apply(Input::PageReport(ready().into()), at(32_000));
    assert_eq!(m.state(), SessionState::Ready);
    m.apply(Input::PageReport(broken.into()), at(33_000));
    assert_eq!(m.cause().code(), "TOOLS_BROKEN", "at once, where it worked");
}

#[test]
fn a_sync_without_progress_is_loaded_anew_and_one_that_moves_is_left_alone() {
    let minute = 60_000;
    let moving = |n: i64| {
        let mut report = syncing();
        report.progress = format!("{n} %");
        report
    };
    let mut m = machine(true);
    up(&mut m);
    for n in 0..60 {
        assert_eq!(
            m.apply(Input::PageReport(moving(n).into()), at(n * 9 * minute)),
            []
        );
    }
    let mut m = machine(true);
    up(&mut m);
    let budget = Limits::default().restart_budget;
    for n in 0..i64::from(budget) {
        let begin = n * 30 * minute;
        assert_eq!(m.apply(Input::PageReport(moving(1).into()), at(begin)), []);
        assert_eq!(
            m.apply(Input::PageReport(moving(1).into()), at(begin + 10 * minute)),
            [Effect::Reload]
        );
        assert_eq!(m.state(), SessionState::Authenticated);
        assert_eq!(m.cause(), &Cause::Reloading(Failure::SyncStalled));
    }
    // A lost network does not count as a stall.
    let mut lost = moving(1);
    lost.socket = Some("TIMEOUT".into());
    let later = 10_000 * minute;
    m.apply(Input::PageReport(lost.clone().into()), at(later));
    assert_eq!(
        m.apply(Input::PageReport(lost.into()), at(later + 60 * minute)),
        []
    );
}

/// Checks that a sync that stalls repeatedly is given up, although the timeout of one stall equals
/// the restart window, so that no stall has another in its window.
#[test]
fn sync_that_stalls_repeatedly_is_given_up() {
    let mut m = machine(true);
    up(&mut m);
    let stuck = PageReport {
        socket: Some("CONNECTED".into()),
        registered: Some(true),
        progress: "1".into(),
        ..PageReport::default()
    };
    let patience = i64::try_from(Limits::default().sync_patience.as_secs()).unwrap();
    let mut now = 10;
    let mut reloads = 0;
    while m.state() == SessionState::Authenticated || reloads == 0 {
        m.apply(Input::PageReport(stuck.clone().into()), at(now));
        now += patience;
        let effects = m.apply(Input::PageReport(stuck.clone().into()), at(now));
        reloads += u32::from(effects.contains(&Effect::Reload));
        assert!(reloads <= Limits::default().restart_budget);
    }
    assert_eq!(reloads, Limits::default().restart_budget);
    assert_eq!(m.cause().code(), "TOO_MANY_RESTARTS");
}

#[test]
fn a_page_that_failed_is_loaded_anew_within_the_budget() {
    let mut m = machine(true);
    up(&mut m);
    m.apply(Input::PageReport(ready().into()), at(3));
    for n in 0..i64::from(Limits::default().restart_budget) {
        assert_eq!(
            m.apply(Input::PageFailed(Failure::AcksStopped), at(10 + n)),
            [Effect::Reload]
        );
        assert_eq!(m.state(), SessionState::Authenticated);
        assert_eq!(m.cause().code(), "ACKS_STOPPED");
        m.apply(Input::PageReport(ready().into()), at(11 + n));
        assert_eq!(m.state(), SessionState::Ready);
    }
    assert_eq!(
        m.apply(Input::PageFailed(Failure::AcksStopped), at(30)),
        [Effect::Close]
    );
    assert_eq!(m.cause().code(), "TOO_MANY_RESTARTS");
    assert_eq!(m.restarts().0, 0, "the browser was never started again");
}

#[test]
fn crashes_are_restarted_within_a_budget() {
    let mut m = machine(true);
    up(&mut m);
    let budget = Limits::default().restart_budget;
    for n in 0..budget {
        m.apply(Input::PageReport(ready().into()), at(10));
        let effects = m.apply(Input::BrowserLost(Failure::BrowserDied), at(20));
        let pause = Limits::default().restart_backoff * 2_u32.pow(n);
        assert_eq!(effects, [Effect::RetryAfter(pause)]);
        assert_eq!(m.state(), SessionState::Init);
        assert_eq!(m.apply(Input::RetryDue, at(30)), [], "still being ended");
        assert_eq!(m.apply(Input::BrowserClosed, at(30)), [Effect::Start]);
        m.apply(Input::BrowserUp, at(31));
    }
    m.apply(Input::BrowserFailed(Failure::BrowserDied), at(40));
    assert_eq!(m.state(), SessionState::Error);
    assert_eq!(m.cause().code(), "TOO_MANY_RESTARTS");
    assert_eq!(m.apply(Input::RetryDue, at(41)), []);
    assert_eq!(
        m.apply(Input::Connect(Intent::Requested), at(42)),
        [Effect::Start]
    );
}

#[test]
fn restarts_long_past_do_not_count() {
    let mut m = machine(true);
    up(&mut m);
    let hour = 3_600_000;
    for n in 0..100 {
        m.apply(Input::BrowserFailed(Failure::PageHung), at(n * hour));
        assert_eq!(m.state(), SessionState::Init);
        m.apply(Input::RetryDue, at(n * hour + 1));
        m.apply(Input::BrowserUp, at(n * hour + 2));
    }
}

#[test]
fn missing_chrome_is_retried_slowly() {
    let mut m = machine(false);
    m.apply(Input::Connect(Intent::Requested), at(1));
    let missing = Failure::ChromeNotFound("not on PATH".into());
    assert_eq!(
        m.apply(Input::BrowserFailed(missing.clone()), at(2)),
        [Effect::RetryAfter(Limits::default().retry_interval)]
    );
    assert_eq!(m.state(), SessionState::Error);
    assert_eq!(m.apply(Input::RetryDue, at(3)), [Effect::Start]);
    assert_eq!(m.state(), SessionState::Error, "until something is better");
    m.apply(Input::BrowserFailed(missing), at(4));
    assert_eq!(
        m.apply(Input::Connect(Intent::Requested), at(5)),
        [Effect::Start],
        "asking does not wait for the next try"
    );
    assert_eq!(m.state(), SessionState::Init);
    m.apply(Input::BrowserUp, at(6));
    m.apply(Input::PageReport(unpaired("a").into()), at(7));
    assert_eq!(m.state(), SessionState::QrRequired);
}

#[test]
fn conflict_and_blocks_close_the_browser() {
    for (socket, state, code) in [
        ("CONFLICT", SessionState::Disconnected, "CONFLICT"),
        ("TOS_BLOCK", SessionState::Error, "BLOCKED_BY_WHATSAPP"),
        ("PROXYBLOCK", SessionState::Error, "BLOCKED_BY_WHATSAPP"),
        (
            "DEPRECATED_VERSION",
            SessionState::Error,
            "BLOCKED_BY_WHATSAPP",
        ),
    ] {
        let mut m = machine(true);
        up(&mut m);
        m.apply(Input::PageReport(ready().into()), at(3));
        let mut report = ready();
        report.socket = Some(socket.into());
        assert_eq!(
            m.apply(Input::PageReport(report.into()), at(4)),
            [Effect::Close]
        );
        assert_eq!((m.state(), m.cause().code()), (state, code));
        assert!(m.linked(), "the device stays linked");
    }
}

#[test]
fn disconnect_then_connect_waits_for_the_close() {
    let mut m = machine(true);
    up(&mut m);
    assert_eq!(m.apply(Input::Disconnect, at(3)), [Effect::Close]);
    assert_eq!(m.apply(Input::Connect(Intent::Requested), at(4)), []);
    assert_eq!(m.state(), SessionState::Init);
    assert_eq!(m.apply(Input::BrowserClosed, at(5)), [Effect::Start]);
}

#[test]
fn without_the_ledger_there_is_no_ready() {
    let mut m = machine(true);
    up(&mut m);
    m.apply(Input::PageReport(ready().into()), at(3));
    m.apply(Input::Ledger(Some("full".into())), at(4));
    assert_eq!(m.state(), SessionState::Error);
    assert_eq!(m.cause().code(), "LEDGER_UNAVAILABLE");
    m.apply(Input::PageReport(ready().into()), at(5));
    assert_eq!(m.state(), SessionState::Error);
    assert_eq!(m.apply(Input::Connect(Intent::Requested), at(6)), []);
    assert_eq!(m.state(), SessionState::Error, "nothing to start anew");
    m.apply(Input::Ledger(None), at(7));
    assert_eq!(m.state(), SessionState::Ready);
    assert_eq!(m.last_error().unwrap().0.code(), "LEDGER_UNAVAILABLE");

    // The page's first report may come before the browser is up.
    let mut m = machine(true);
    m.apply(Input::Connect(Intent::Resume), at(0));
    m.apply(Input::PageReport(ready().into()), at(1));
    assert_eq!(m.state(), SessionState::Ready);
    m.apply(Input::Ledger(Some("full".into())), at(2));
    assert_eq!(m.state(), SessionState::Error);

    // The notice is known before the session is up; linking a phone stays possible.
    let mut m = machine(false);
    m.apply(Input::Ledger(Some("full".into())), at(0));
    up(&mut m);
    m.apply(Input::PageReport(unpaired("a").into()), at(3));
    assert_eq!(m.state(), SessionState::QrRequired);
    m.apply(Input::PageReport(syncing().into()), at(4));
    assert_eq!(m.state(), SessionState::Authenticated);
    m.apply(Input::PageReport(ready().into()), at(5));
    assert_eq!(m.state(), SessionState::Error);
    m.apply(Input::Disconnect, at(6));
    m.apply(Input::BrowserClosed, at(7));
    m.apply(Input::Ledger(None), at(8));
    assert_eq!(m.state(), SessionState::Disconnected);
}

fn any_report() -> impl Strategy<Value = PageReport> {
    let word = |words: &'static [&'static str]| {
        prop::option::of(prop::sample::select(words).prop_map(str::to_owned))
    };
    (
        word(&[
            "OPENING",
            "PAIRING",
            "UNPAIRED",
            "UNPAIRED_IDLE",
            "CONNECTED",
            "TIMEOUT",
            "CONFLICT",
            "TOS_BLOCK",
            "SOMETHING_NEW",
        ]),
        word(&["DISCONNECTED", "SYNCING", "RESUMING", "CONNECTED"]),
        any::<bool>(),
        prop::option::of(any::<bool>()),
        word(&["a", "b", "c"]),
        any::<(bool, bool)>(),
        word(&["logout"]),
        prop::option::of(any::<bool>()),
        prop::sample::select(&["1", "2"][..]),
    )
        .prop_map(
            |(
                socket,
                stream,
                synced,
                registered,
                code,
                (idle, tools),
                logged_out,
                delivered,
                document,
            )| {
                PageReport {
                    socket,
                    stream,
                    synced,
                    registered,
                    code,
                    idle,
                    tools,
                    logged_out,
                    delivered,
                    document: document.to_owned(),
                    ..PageReport::default()
                }
            },
        )
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        2 => Just(Input::Connect(Intent::Requested)),
        1 => Just(Input::Connect(Intent::Resume)),
        1 => Just(Input::Disconnect),
        1 => Just(Input::LoggedOut),
        3 => Just(Input::BrowserUp),
        1 => Just(Input::BrowserFailed(Failure::BrowserDied)),
        1 => Just(Input::BrowserFailed(Failure::PageUnreachable("x".into()))),
        2 => Just(Input::BrowserLost(Failure::PageHung)),
        2 => Just(Input::PageFailed(Failure::AcksStopped)),
        1 => Just(Input::LogoutStarted),
        2 => Just(Input::BrowserClosed),
        2 => Just(Input::RetryDue),
        1 => Just(Input::Tick),
        1 => Just(Input::Rest),
        2 => Just(Input::RestOver),
        1 => prop::option::of(Just("full".to_owned())).prop_map(Input::Ledger),
        8 => any_report().prop_map(|report| Input::PageReport(report.into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    /// Checks the invariants, which hold for any inputs in any order.
    #[test]
    fn machine_invariants_hold_for_any_inputs(
        linked in any::<bool>(),
        inputs in prop::collection::vec((any_input(), 0_i64..30_000), 1..60),
    ) {
        let mut m = machine(linked);
        let mut now = 0;
        let mut wanted = false;
        let mut ledger = true;
        let mut resting = false;
        for (input, pause) in inputs {
            now += pause;
            // The driver reports only effects that it carried out.
            match (&input, m.browser()) {
                (Input::BrowserUp, BrowserPhase::Starting)
                | (Input::BrowserClosed, BrowserPhase::Closing)
                | (Input::BrowserFailed(_), BrowserPhase::Starting | BrowserPhase::Closing)
                | (Input::BrowserLost(_), BrowserPhase::Up) => {}
                (
                    Input::BrowserUp
                    | Input::BrowserClosed
                    | Input::BrowserFailed(_)
                    | Input::BrowserLost(_),
                    _,
                ) => continue,
                _ => {}
            }
            match input {
                Input::Connect(_) => wanted = true,
                Input::Disconnect | Input::LoggedOut => wanted = false,
                Input::Rest => resting = true,
                Input::RestOver => resting = false,
                Input::Ledger(ref broken) => ledger = broken.is_none(),
                _ => {}
            }
            let before = (m.generation(), m.state(), m.code().cloned(), m.cause().clone());
            let phase = m.browser();
            let effects = m.apply(input.clone(), at(now));

            let visible = (m.state(), m.code().cloned()) != (before.1, before.2);
            prop_assert!(m.generation() >= before.0);
            prop_assert!(!visible || m.generation() > before.0, "a change without a generation");
            prop_assert!(m.code().is_none() || m.state() == SessionState::QrRequired);
            if m.state() == SessionState::Ready {
                prop_assert!(ledger);
                prop_assert!(m.report().is_connected() && m.report().tools);
                prop_assert_eq!(m.browser() == BrowserPhase::Gone, false);
                prop_assert!(m.linked());
            }
            let starts = effects.iter().filter(|e| **e == Effect::Start).count();
            prop_assert!(starts <= 1);
            if starts == 1 {
                prop_assert!(wanted, "a browser that nobody wants");
                prop_assert!(!resting, "a browser in the middle of a backup");
                prop_assert!(matches!(phase, BrowserPhase::Gone | BrowserPhase::Starting | BrowserPhase::Up | BrowserPhase::Closing));
                prop_assert_eq!(m.browser(), BrowserPhase::Starting);
            }
            prop_assert!(!resting || m.browser() != BrowserPhase::Up);
            let disposed = [Effect::WipeProfile, Effect::SetProfileAside];
            if let Some(wipe) = effects.iter().position(|e| disposed.contains(e)) {
                prop_assert!(!resting);
                prop_assert!(phase == BrowserPhase::Gone || matches!(input, Input::BrowserClosed | Input::BrowserFailed(_)));
                prop_assert!(effects.iter().position(|e| *e == Effect::Start).is_none_or(|start| wipe < start));
            }
            prop_assert!(m.restarts().1 <= Limits::default().restart_budget);
        }
    }
}
