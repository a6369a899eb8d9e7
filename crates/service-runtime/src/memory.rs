//! Releases the code pages of the start-up, so that a service at idle keeps less
//! resident memory.

use std::time::Duration;

use crate::sys::unmap_code;

/// By then what only the start runs has run.
const AFTER: Duration = Duration::from_secs(30);

/// Some time after the start lets go of the code that ran until then: most of
/// it was the start's, and what the kernel mapped around it. What is resident
/// of a service at idle is mostly its code.
pub fn release_startup_pages() {
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

    /// Kilobytes of files that are resident, counted page by page.
    fn resident() -> i64 {
        let counted = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
        let of = |name: &str| -> i64 {
            let line = counted.lines().find_map(|line| line.strip_prefix(name));
            let text = line.unwrap().trim_end_matches("kB").trim();
            text.parse().unwrap()
        };
        of("Rss:") - of("Anonymous:")
    }

    #[test]
    fn a_program_goes_on_with_less_of_itself_resident() {
        // Another test of the same process may run what this one let go of.
        let less = (0..10).any(|_| {
            // So that what counts and unmaps is resident both times.
            unmap_code().unwrap();
            resident();
            // Something that a start runs.
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
            drop(runtime);
            let before = resident();
            unmap_code().unwrap() > 0 && resident() < before
        });
        assert!(less);
    }
}
