//! Fuzzes bodies of `/send`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_api::SendRequest;

fuzz_target!(|body: &[u8]| {
    let Ok(request) = serde_json::from_slice::<SendRequest>(body) else {
        return;
    };
    for upload in [false, true] {
        if let Ok(outgoing) = request.validate(upload) {
            // The content comes back unchanged from its form in the ledger.
            let kept = serde_json::to_string(&outgoing.content).expect("JSON");
            let read = serde_json::from_str(&kept).expect("what was written");
            assert_eq!(outgoing.content, read);
        }
    }
});
