//! Returns memory that the service no longer needs to the kernel: large allocations, and the code
//! pages of the start-up.

use std::ffi::c_int;
use std::time::Duration;

use crate::sys::{map_allocations_from, unmap_code};

/// Minimum size of an allocation that is returned to the kernel when it is freed, in bytes.
const LARGE_ALLOCATION: c_int = 1024 * 1024;

/// Delay after which the code that only the start needs has run.
const RELEASE_DELAY: Duration = Duration::from_secs(30);

/// Makes the allocator return large allocations to the kernel when they are freed. Call it before
/// there is a second thread.
///
/// By default glibc raises its threshold to the size of the largest allocation freed so far. After
/// the first password hash, which takes 19 MiB, each thread that hashes a password would keep as
/// much. Source: `mallopt(3)`, `M_MMAP_THRESHOLD`.
pub fn return_large_allocations() {
    // If this fails, the process only uses more memory.
    let _ = map_allocations_from(LARGE_ALLOCATION);
}

/// Releases the code pages some time after the start. Most of them were needed only by the start,
/// or were mapped by the kernel's read-around. Code is most of the resident memory of an idle
/// service.
pub fn release_startup_pages() {
    tokio::spawn(async {
        tokio::time::sleep(RELEASE_DELAY).await;
        match unmap_code() {
            Ok(bytes) => tracing::debug!(bytes, "unmapped the code until it runs again"),
            Err(error) => tracing::debug!("the code could not be unmapped: {error}"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the resident size of file mappings in KiB, counted page by page.
    fn resident() -> i64 {
        rollup_kib("Rss:") - rollup_kib("Anonymous:")
    }

    fn rollup_kib(name: &str) -> i64 {
        let rollup_kib = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
        let line = rollup_kib.lines().find_map(|line| line.strip_prefix(name));
        let text = line.unwrap().trim_end_matches("kB").trim();
        text.parse().unwrap()
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn large_allocations_are_returned_whichever_thread_made_them() {
        return_large_allocations();
        let before = rollup_kib("Anonymous:");
        for _ in 0..4 {
            let threads: Vec<_> = (0..4)
                .map(|_| std::thread::spawn(|| std::hint::black_box(vec![1_u8; 19 << 20]).len()))
                .collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), 19 << 20);
            }
        }
        let kept = rollup_kib("Anonymous:") - before;
        assert!(kept < 10 * 1024, "{kept} KiB are kept");
    }

    #[test]
    fn code_pages_are_released_while_the_program_runs() {
        // Another test of the same process may run code that was just released.
        let shrank = (0..10).any(|_| {
            // Makes the code that counts and unmaps resident both times.
            unmap_code().unwrap();
            resident();
            // Runs code that a start runs.
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
            drop(runtime);
            let before = resident();
            unmap_code().unwrap() > 0 && resident() < before
        });
        assert!(shrank);
    }
}
