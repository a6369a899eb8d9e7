//! Credentials of a request: Basic, Bearer (password, JWT, API token) or
//! session cookie.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cookie::Cookie;

use super::jwt::Jwt;
use super::secrets::is_token;
/// The name of the session cookie.
pub(super) const COOKIE: &str = "leadmaster_session";

/// The user whose password a bare `Bearer` value is.
pub(super) const FIRST_USER: &str = "admin";

/// The credentials of a request.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    Nothing,
    Password {
        user: String,
        password: String,
    },
    Token(String),
    Jwt(String),
    Cookie(String),
    /// An `Authorization` header in an unsupported format.
    Unreadable,
}

impl Credentials {
    /// Returns the credentials in `headers`. A header takes precedence over a
    /// cookie, which a browser adds by itself.
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        match headers.get(header::AUTHORIZATION) {
            Some(value) => Self::authorization(value.as_bytes()).unwrap_or(Self::Unreadable),
            None => cookie(headers).map_or(Self::Nothing, Self::Cookie),
        }
    }

    fn authorization(header: &[u8]) -> Option<Self> {
        let space = header.iter().position(|byte| *byte == b' ')?;
        let (scheme, rest) = header.split_at(space);
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"bearer") {
            let held = String::from_utf8(rest.to_vec()).ok()?;
            return Some(if is_token(&held) {
                Self::Token(held)
            } else if Jwt::looks_like(&held) {
                Self::Jwt(held)
            } else {
                Self::Password {
                    user: FIRST_USER.to_owned(),
                    password: held,
                }
            });
        }
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        let (user, password) = pair.split_once(':')?;
        Some(Self::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == COOKIE)
        .map(|cookie| cookie.value().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::secrets::token;

    fn password(user: &str, password: &str) -> Option<Credentials> {
        Some(Credentials::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }

    #[test]
    fn every_scheme_is_read() {
        let parse = |header: &str| Credentials::authorization(header.as_bytes());
        let basic = |pair: &str| parse(&format!("Basic {}", STANDARD.encode(pair)));
        assert!(parse("Bearer a b") == password("admin", "a b"));
        assert!(parse("bearer  x") == password("admin", "x"));
        assert!(basic("admin:p:w") == password("admin", "p:w"));
        assert!(basic("ana:ñandú") == password("ana", "ñandú"));
        let token = token();
        assert!(parse(&format!("Bearer {token}")) == Some(Credentials::Token(token)));
        assert!(parse("Bearer eyJ.b.c") == Some(Credentials::Jwt("eyJ.b.c".to_owned())));
        for other in ["", "Basic", "Basic %%%", "Digest x", "Bearer"] {
            assert!(parse(other).is_none(), "{other}");
        }
        assert!(basic("admin").is_none());
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert!(Credentials::from_headers(&headers) == Credentials::Nothing);
        headers.append(header::COOKIE, "a=b; c".parse().unwrap());
        let own = format!("x=y; {COOKIE}=value; z=1");
        headers.append(header::COOKIE, own.parse().unwrap());
        assert!(Credentials::from_headers(&headers) == Credentials::Cookie("value".to_owned()));
        headers.insert(header::AUTHORIZATION, "Digest x".parse().unwrap());
        assert!(Credentials::from_headers(&headers) == Credentials::Unreadable);
    }
}
