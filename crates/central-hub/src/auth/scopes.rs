//! The permissions of callers and tokens (`Scope`), and sets of them (`Scopes`).

use std::fmt;
use std::str::FromStr;

/// A permission of a caller or a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read data.
    Read,
    /// Send single messages.
    Send,
    /// Manage campaigns and schedules.
    Campaigns,
    /// Link, connect, disconnect and unlink the phone.
    Link,
    /// Everything, including users, tokens and settings.
    Admin,
}

impl Scope {
    /// All scopes, by name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("read", Self::Read),
        ("send", Self::Send),
        ("campaigns", Self::Campaigns),
        ("link", Self::Link),
        ("admin", Self::Admin),
    ];

    /// Returns the name of the scope.
    #[must_use]
    pub fn name(self) -> &'static str {
        let all = Self::ALL;
        all.into_iter()
            .find(|(_, scope)| *scope == self)
            .map_or("", |(name, _)| name)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// All scopes.
    pub const ALL: Self = Self(0b1_1111);
    /// The scopes of a user who answers conversations.
    pub const AGENTE: Self = Self(0b0_0011);
    /// The scopes of a business, for its own data.
    pub const CLIENTE: Self = Self(0b0_1111);

    const fn bit(scope: Scope) -> u8 {
        1 << scope as u8
    }

    /// Returns whether the set has `scope`; `admin` includes all scopes.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & (Self::bit(scope) | Self::bit(Scope::Admin)) != 0
    }

    /// Returns whether the set has all of `others`.
    #[must_use]
    pub fn includes_all(self, others: Self) -> bool {
        Scope::ALL
            .iter()
            .filter(|(_, scope)| others.0 & Self::bit(*scope) != 0)
            .all(|(_, scope)| self.has(*scope))
    }

    /// Returns the scopes that are in both sets.
    #[must_use]
    pub const fn intersection(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Returns the names of the scopes.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Scope::ALL
            .into_iter()
            .filter(move |(_, scope)| self.0 & Self::bit(*scope) != 0)
            .map(|(name, _)| name)
    }

    fn find(name: &str) -> Option<Scope> {
        let found = Scope::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, scope)| *scope)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names().enumerate() {
            write!(f, "{}{name}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// An unknown scope name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScope;

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split_whitespace().try_fold(Self(0), |all, name| {
            let scope = Self::find(name).ok_or(UnknownScope)?;
            Ok(Self(all.0 | Self::bit(scope)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap()
    }

    #[test]
    fn scopes_are_read_and_written() {
        assert_eq!(scopes("send  read").to_string(), "read send");
        assert_eq!(scopes("").to_string(), "");
        assert_eq!("read sned".parse::<Scopes>(), Err(UnknownScope));
        assert_eq!(scopes("read send campaigns link admin"), Scopes::ALL);
        assert!(scopes("send").has(Scope::Send) && !scopes("send").has(Scope::Read));
        assert!(scopes("admin").has(Scope::Link));
        assert!(scopes("admin").includes_all(scopes("read send")));
        assert!(!scopes("read send").includes_all(scopes("read link")));
        assert!(!Scopes::CLIENTE.includes_all(scopes("admin")));
    }
}
