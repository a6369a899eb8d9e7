//! Releases the code pages of the start-up, so that a service at idle keeps less
//! resident memory.

use std::time::Duration;

use crate::sys::unmap_code;

/// Delay after which code that only the start needs has run.
const AFTER: Duration = Duration::from_secs(30);

/// Releases the code pages some time after the start: most of them were only
/// needed by it, or mapped by the kernel's read-around. The resident memory of
/// an idle service is mostly its code.
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

    /// Resident kilobytes of file mappings, counted page by page.
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
        // Another test of the same process may run code that was released here.
        let less = (0..10).any(|_| {
            // Makes the code that counts and unmaps resident both times.
            unmap_code().unwrap();
            resident();
            // Code that a start runs.
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
            drop(runtime);
            let before = resident();
            unmap_code().unwrap() > 0 && resident() < before
        });
        assert!(less);
    }
}
