//! Decides which connections are admitted, within limits in total and per address.
//!
//! ```text
//!  new ─> has its address room, and have all? ─ yes ─────────────> served
//!                │ no
//!                └─> one that waits for its peer too long? ─ yes ─> cut, and served
//!                                    └─ no ─────────────────────> 503, closed
//! ```
//!
//! A client that leaves connections idle loses its own connections first, never those of other
//! clients that are at work.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use crate::limits::network_of;
use crate::trusted_proxies::TrustedProxies;

/// A connection that has waited less than this for its peer is not cut.
const AT_LEAST: Duration = Duration::from_millis(500);

/// The open connections.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Mutex<Table>>);

#[derive(Debug)]
struct Table {
    all: usize,
    of_address: usize,
    proxies: TrustedProxies,
    next: u64,
    open: HashMap<u64, Entry>,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    activity: Arc<Activity>,
    cut: CancellationToken,
}

/// An admitted connection. Its slot is released when this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    table: Connections,
    id: u64,
    pub(super) activity: Arc<Activity>,
    /// Cancelled to make room for another connection.
    pub(super) cut: CancellationToken,
}

/// Why a connection is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// The address has reached its limit, and all its connections are at work.
    OfAddress,
    /// The total limit is reached, and all connections are at work.
    OfAll,
}

impl Connections {
    pub(super) fn new(all: usize, of_address: usize, proxies: TrustedProxies) -> Self {
        Self(Arc::new(Mutex::new(Table {
            all,
            of_address,
            proxies,
            next: 0,
            open: HashMap::new(),
            by_address: HashMap::new(),
        })))
    }

    /// Admits a connection, if necessary by cutting another one.
    pub(super) fn admit(&self, peer: IpAddr) -> Result<Admitted, NoRoom> {
        let address = network_of(peer);
        let mut table = self.lock();
        let own = table.by_address.get(&address).copied().unwrap_or_default();
        // The limit per address does not apply to a trusted proxy.
        if own >= table.of_address && !table.proxies.contains(peer) {
            let stalled = table.longest_stalled(Some(address));
            table.cut(stalled.ok_or(NoRoom::OfAddress)?);
        } else if table.open.len() >= table.all {
            let stalled = table.longest_stalled(None);
            table.cut(stalled.ok_or(NoRoom::OfAll)?);
        }
        table.next += 1;
        let (id, activity) = (table.next, Arc::new(Activity::new()));
        let cut = CancellationToken::new();
        let entry = Entry {
            address,
            activity: Arc::clone(&activity),
            cut: cut.clone(),
        };
        table.open.insert(id, entry);
        *table.by_address.entry(address).or_default() += 1;
        drop(table);
        Ok(Admitted {
            table: self.clone(),
            id,
            activity,
            cut,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Returns the connection that has waited longest for its peer, of this address or of any. On a
    /// tie, returns that of the address with the most connections.
    fn longest_stalled(&self, address: Option<IpAddr>) -> Option<u64> {
        let candidates = self.open.iter().filter_map(|(id, entry)| {
            let waited = entry.activity.stalled()?;
            let is_candidate = waited >= AT_LEAST && address.is_none_or(|it| it == entry.address);
            is_candidate.then(|| {
                let share = self.by_address.get(&entry.address).copied();
                (share, waited, *id)
            })
        });
        candidates.max().map(|(_, _, id)| id)
    }

    fn cut(&mut self, id: u64) {
        if let Some(entry) = self.open.get(&id) {
            entry.cut.cancel();
        }
        self.remove(id);
    }

    fn remove(&mut self, id: u64) {
        let Some(entry) = self.open.remove(&id) else {
            return;
        };
        if let Some(own) = self.by_address.get_mut(&entry.address) {
            *own -= 1;
            if *own == 0 {
                self.by_address.remove(&entry.address);
            }
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.table.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(all: usize, of_address: usize) -> Connections {
        Connections::new(all, of_address, TrustedProxies::default())
    }

    fn admit(connections: &Connections, address: &str) -> Result<Admitted, NoRoom> {
        connections.admit(address.parse().unwrap())
    }

    fn at_work(connections: &Connections, address: &str) -> Admitted {
        let admitted = admit(connections, address).unwrap();
        admitted.activity.works();
        admitted
    }

    #[test]
    fn busy_connections_are_never_cut() {
        let connections = connections(3, 2);
        let first = at_work(&connections, "192.0.2.1");
        let _second = at_work(&connections, "192.0.2.1");
        let refused = admit(&connections, "192.0.2.1").unwrap_err();
        assert_eq!(refused, NoRoom::OfAddress);
        let _third = at_work(&connections, "192.0.2.2");
        let refused = admit(&connections, "192.0.2.3").unwrap_err();
        assert_eq!(refused, NoRoom::OfAll);
        drop(first);
        assert!(admit(&connections, "192.0.2.3").is_ok());
    }

    #[test]
    fn idle_connection_makes_room() {
        let connections = connections(2, 2);
        let standing = admit(&connections, "192.0.2.1").unwrap();
        let _busy = at_work(&connections, "192.0.2.1");
        let refused = admit(&connections, "192.0.2.2").unwrap_err();
        assert_eq!(refused, NoRoom::OfAll, "it has hardly come");
        std::thread::sleep(AT_LEAST + Duration::from_millis(1));
        assert!(admit(&connections, "192.0.2.2").is_ok());
        assert!(standing.cut.is_cancelled());
        drop(standing);
        let table = connections.lock();
        assert_eq!(table.open.len(), 1, "it is not given back twice");
        assert_eq!(table.by_address.len(), 1);
    }

    #[test]
    fn this_machine_and_proxies_have_all_of_them() {
        for peers in [
            ["127.0.0.1", "127.0.0.2", "::1"],
            ["172.18.0.1", "172.18.0.1", "::ffff:172.18.0.1"],
        ] {
            let proxies = "172.16.0.0/12".parse().unwrap();
            let connections = Connections::new(3, 1, proxies);
            let [first, second, third] = peers;
            let _first = at_work(&connections, first);
            let _second = at_work(&connections, second);
            let _third = admit(&connections, third).unwrap();
            assert_eq!(admit(&connections, first).unwrap_err(), NoRoom::OfAll);
        }
    }
}
