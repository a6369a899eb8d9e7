//! What a service gives back once it is up.

use std::time::Duration;

use crate::sys::unmap_code;

/// By then what only the start runs has run.
const AFTER: Duration = Duration::from_secs(30);

/// Some time after the start lets go of the code that ran until then: most of
/// it was the start's, and what the kernel mapped around it. What is resident
/// of a service at idle is mostly its code.
pub fn after_the_start() {
    tokio::spawn(async {
        tokio::time::sleep(AFTER).await;
        match unmap_code() {
            Ok(bytes) => tracing::debug!(bytes, "the code is unmapped until it runs again"),
            Err(error) => tracing::debug!("the code stays mapped: {error}"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kilobytes of files that are resident.
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssFile:"));
        line.unwrap().trim_end_matches("kB").trim().parse().unwrap()
    }

    #[test]
    fn a_program_goes_on_with_less_of_itself_resident() {
        let before = resident();
        assert!(unmap_code().unwrap() > 0);
        assert!(resident() < before);
    }
}
