//! Passes 64 MiB of files through both services, neither of which may keep them in memory. The long
//! run is `cargo xtask soak --media 500`.

use soak::{MediaFigures, find_excessive_growth, pass_files};

/// MiB of files, half of them in each direction. A service that keeps those of one direction is
/// twice beyond the limit.
const MIB: usize = 64;

#[test]
fn only_growth_of_a_service_beyond_the_limit_is_reported() {
    let grown_by = |manager: f64, hub: f64, tree: f64| {
        let mut figures = MediaFigures::default();
        let memories = [
            (&mut figures.manager, manager),
            (&mut figures.hub, hub),
            (&mut figures.tree, tree),
        ];
        for (memory, growth) in memories {
            (memory.before, memory.after) = (40.0, 40.0 + growth);
        }
        find_excessive_growth(&figures)
    };
    // Chrome keeps what the stand-in's page holds of the files.
    assert_eq!(grown_by(16.0, -3.0, 200.0), None);
    for (manager, hub, name) in [(16.1, 0.0, "session-manager"), (0.0, 16.1, "central-hub")] {
        let reported = grown_by(manager, hub, 0.0).expect("a growth");
        assert!(reported.starts_with(name), "{reported}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_keep_none_of_the_files_in_memory() {
    let figures = pass_files(MIB, |_, _| {}).await;
    assert_eq!(figures.mib_each_way, MIB / 2, "{}", figures.table());
    for memory in [figures.manager, figures.hub] {
        assert!(memory.before > 1.0, "not measured: {}", figures.table());
    }
    assert_eq!(find_excessive_growth(&figures), None, "{}", figures.table());
    println!("{}", figures.table());
}
