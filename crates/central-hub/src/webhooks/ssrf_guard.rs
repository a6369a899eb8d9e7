//! Protects webhooks against SSRF: resolves a host only to addresses that
//! [`AllowedHosts`] admits, so that the checked address is the one to which the
//! connection is made. The rule itself is in `config/allowed_hosts.rs`.

use std::error::Error;
use std::fmt;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::AllowedHosts;

/// Resolves names to allowed addresses only, so that a connection uses only
/// addresses that were checked.
pub(super) struct Resolver(pub(super) AllowedHosts);

/// The error that no address of the host is allowed.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host has no allowed address")
    }
}

impl Error for Refused {}

/// The error that the host has no address.
#[derive(Debug)]
pub(super) struct Unresolved(Option<std::io::Error>);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host has no address")
    }
}

impl Error for Unresolved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<_> = tokio::net::lookup_host((name, 0))
                .await
                .map_err(|error| Unresolved(Some(error)))?
                .collect();
            if found.is_empty() {
                return Err(Unresolved(None).into());
            }
            let admitted: Vec<_> = found
                .into_iter()
                .filter(|address| allowed.admits(Some(name), address.ip()))
                .collect();
            if admitted.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_are_judged_by_their_addresses() {
        let name = || "localhost".parse().unwrap();
        let closed = Resolver(AllowedHosts::default()).resolve(name()).await;
        assert!(closed.err().unwrap().is::<Refused>());
        let open = Resolver("127.0.0.0/8,::1".parse().unwrap())
            .resolve(name())
            .await;
        assert!(open.unwrap().all(|address| address.ip().is_loopback()));
        let nobody = "nobody.invalid".parse().unwrap();
        let unknown = Resolver(AllowedHosts::default()).resolve(nobody).await;
        assert!(unknown.err().unwrap().is::<Unresolved>());
    }
}
