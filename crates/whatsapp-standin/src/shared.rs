//! Holds the state that the server, its sockets and the phone share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::world::World;

#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    /// The token that stops all tasks.
    pub(crate) stop: CancellationToken,
    /// The token that is cancelled and replaced whenever the network goes down.
    network: Mutex<CancellationToken>,
    pub(crate) tasks: TaskTracker,
    /// The channel that notifies observers after each change.
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

    /// Returns a token that is cancelled by a network outage or the stop.
    pub(crate) fn network(&self) -> CancellationToken {
        self.network
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Disconnects all connections. New connections use a new network token.
    pub(crate) fn cut(&self) {
        let mut network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
        network.cancel();
        *network = self.stop.child_token();
    }

    /// Notifies observers, if there are any.
    pub(crate) fn tell(&self, what: &'static str) {
        let _ = self.changed.send(what);
    }

    /// Runs `act` after a delay, unless the stand-in stops first.
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
