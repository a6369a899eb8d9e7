//! Rate limit on failed sign-ins: per minute, by client address and by user.

use std::time::Duration;

use service_runtime::limits::Attempts;

use super::ClientAddress;

/// Failed sign-ins per minute allowed from one address.
const PER_ADDRESS: u32 = 10;
/// Failed sign-ins per minute allowed for one user, from any address. The limit
/// is higher than that of an address because exceeding it also locks the user
/// out; existing sessions and tokens are not affected.
const PER_USER: u32 = 30;

/// Recent failed sign-ins.
#[derive(Debug)]
pub(super) struct SignInLimits {
    addresses: Attempts,
    users: Attempts,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self {
            addresses: Attempts::new(PER_ADDRESS),
            users: Attempts::new(PER_USER),
        }
    }
}

impl SignInLimits {
    /// Returns how long the client has to wait before the next attempt; `None` if it need not wait.
    pub(super) fn wait(&self, address: ClientAddress, user: &str) -> Option<Duration> {
        let of_address = self.addresses.wait(address.network());
        of_address.max(self.users.wait(user))
    }

    pub(super) fn note(&self, address: ClientAddress, user: &str) {
        self.addresses.record(address.network());
        self.users.record(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_is_guarded_from_many_addresses() {
        let limits = SignInLimits::default();
        let from = |number: u32| ClientAddress(std::net::Ipv4Addr::from(number).into());
        for number in 0..PER_USER {
            assert_eq!(limits.wait(from(number), "ana"), None);
            limits.note(from(number), "ana");
        }
        assert!(limits.wait(from(1_000), "ana").is_some());
        assert_eq!(limits.wait(from(1_000), "luis"), None);
    }
}
