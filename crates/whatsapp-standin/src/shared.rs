//! State shared by the server, its sockets and the phone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::world::World;

/// What the server, its sockets and the phone share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    /// Ends everything.
    pub(crate) stop: CancellationToken,
    /// Cut and made anew whenever the network goes down.
    network: Mutex<CancellationToken>,
    pub(crate) tasks: TaskTracker,
    /// Told after each change, for whoever watches.
    pub(crate) changed: broadcast::Sender<&'static str>,
}

impl Shared {
    pub(crate) fn new(world: World) -> Arc<Self> {
        let stop = CancellationToken::new();
        Arc::new(Self {
            world: Mutex::new(world),
            network: Mutex::new(stop.child_token()),
            stop,
            tasks: TaskTracker::new(),
            changed: broadcast::channel(256).0,
        })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancelled when the network goes down, or all ends.
    pub(crate) fn network(&self) -> CancellationToken {
        self.network
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Cut every connection; those to come are on a new network.
    pub(crate) fn cut(&self) {
        let mut network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
        network.cancel();
        *network = self.stop.child_token();
    }

    /// Tell whoever watches. Nobody watching is fine.
    pub(crate) fn tell(&self, what: &'static str) {
        let _ = self.changed.send(what);
    }

    /// Do something after a while, unless all ends before.
    pub(crate) fn later(
        self: &Arc<Self>,
        after: Duration,
        act: impl FnOnce(&Arc<Self>) + Send + 'static,
    ) {
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = shared.stop.cancelled() => {}
                () = tokio::time::sleep(after) => act(&shared),
            }
        });
    }
}
