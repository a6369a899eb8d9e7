//! Fuzzes the environment, as lines of `NAME=value`.
#![no_main]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use libfuzzer_sys::fuzz_target;
use service_runtime::Env;

fuzz_target!(|text: &[u8]| {
    let pairs = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&line[..at], &line[at + 1..]);
        // The values of these variables would be executed.
        if name.ends_with(b"_COMMAND") {
            return None;
        }
        Some((OsStr::from_bytes(name), OsStr::from_bytes(value)))
    });
    let env = Env::from_pairs(pairs);
    for complaint in [
        session_manager::config::Config::from_env(&env)
            .err()
            .map(|error| error.to_string()),
        central_hub::config::Config::from_env(&env)
            .err()
            .map(|error| error.to_string()),
    ]
    .into_iter()
    .flatten()
    {
        assert!(!complaint.contains('\n'), "one line: {complaint:?}");
    }
});
