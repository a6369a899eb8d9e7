//! Fuzzes the reports of the page, and how the session's machine handles them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_api::Timestamp;
use session_manager::browser::PageEvent;
use session_manager::session::Limits;
use session_manager::session::machine::{Input, Machine, Intent};

fuzz_target!(|batch: &[u8]| {
    let Ok(events) = serde_json::from_slice::<Vec<PageEvent>>(batch) else {
        return;
    };
    let now = Timestamp::now();
    let mut machine = Machine::new(Limits::default(), false, now);
    machine.apply(Input::Connect(Intent::Requested), now);
    machine.apply(Input::BrowserUp, now);
    for event in events {
        if let PageEvent::Report { report } = event {
            machine.apply(Input::PageReport(Box::new(report)), now);
            let _ = (machine.state(), machine.cause().to_string());
        }
    }
});
