use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::variable::{flag, number, text, words};
use super::*;

fn env(value: &str) -> Env {
    Env::from_pairs([("X", value)])
}

fn invalid_utf8() -> Env {
    Env::from_pairs([("X", OsString::from_vec(vec![b'a', 0xff, b'b']))])
}

#[test]
fn empty_is_unset() {
    for env in [env(""), Env::default()] {
        assert_eq!(env.text("X"), Ok(None));
        assert_eq!(env.port("X", 3001), Ok(3001));
        assert_eq!(env.flag(&flag("X", true)), Ok(true));
        assert_eq!(env.flag(&flag("X", false)), Ok(false));
        assert_eq!(env.http_url("X"), Ok(None));
        assert!(env.secret("X").unwrap().is_none());
        assert_eq!(env.path(&text("X", "tokens")), PathBuf::from("tokens"));
        assert_eq!(env.optional_path("X"), None);
        assert_eq!(
            env.required_http_url("X").unwrap_err().to_string(),
            "X environment variable is required"
        );
    }
}

#[test]
fn errors_name_the_variable_its_value_and_the_expected_format() {
    for (error, text) in [
        (
            env("http").port("X", 3001).unwrap_err(),
            r#"X is "http": it takes a port number from 1 to 65535 (0: any free one; default 3001)"#,
        ),
        (
            env("yes").flag(&flag("X", true)).unwrap_err(),
            r#"X is "yes": it takes true or false"#,
        ),
        (
            env("a\nb").word(&words("X", &["a", "b", "c"])).unwrap_err(),
            r#"X is "a\nb": it takes a, b or c"#,
        ),
        (
            env("0").integer::<u64>(&number("X", 2, 1..=9)).unwrap_err(),
            r#"X is "0": it takes a whole number from 1 to 9"#,
        ),
        (
            env("ftp://me:hunter2@host/").http_url("X").unwrap_err(),
            r#"X is "ftp://***@host/": it takes an absolute http:// or https:// URL such as http://127.0.0.1:3001"#,
        ),
        (
            env("hun\tter2").secret("X").unwrap_err(),
            "X cannot be used (its value is not shown): it takes printable ASCII characters, without a space at either end",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
    let long = env(&"é".repeat(500))
        .flag(&flag("X", true))
        .unwrap_err()
        .to_string();
    assert!(long.chars().count() < 140, "{long}");
}

#[test]
fn non_utf8_values_are_rejected_for_text_variables() {
    let env = invalid_utf8();
    assert!(env.text("X").is_err());
    assert!(env.port("X", 1).is_err());
    assert!(env.hosts("X").is_err());
    assert!(env.flag(&flag("X", true)).is_err());
    assert!(env.http_url("X").is_err());
    assert!(env.secret("X").is_err());
    assert!(env.path(&text("X", "")).to_str().is_none());
}

#[test]
fn port_is_a_decimal_number_up_to_65535() {
    for (text, port) in [("0", 0), ("3001", 3001), ("65535", 65535), ("08", 8)] {
        assert_eq!(env(text).port("X", 1), Ok(port));
    }
    for text in [
        "65536",
        "-1",
        "+1",
        "3001 ",
        " 3001",
        "3e3",
        "99999999999999999999999",
    ] {
        assert!(env(text).port("X", 1).is_err(), "{text}");
    }
}

#[test]
fn hosts_are_ip_addresses_or_localhost() {
    for (text, addresses) in [
        ("", "127.0.0.1,::1"),
        ("localhost", "127.0.0.1,::1"),
        ("0.0.0.0", "0.0.0.0"),
        ("::1", "::1"),
        ("127.0.0.1, 10.0.0.5", "127.0.0.1,10.0.0.5"),
    ] {
        assert_eq!(env(text).hosts("X").unwrap().to_string(), addresses);
    }
    for text in [
        "example.com",
        "127.0.0.1:80",
        "256.0.0.1",
        "*",
        "127.0.0.1,",
    ] {
        assert!(env(text).hosts("X").is_err(), "{text}");
    }
}

#[test]
fn url_must_be_absolute_http_without_query() {
    for text in [
        "http://localhost:3001",
        "https://user:pw@host/base/",
        "HTTP://[::1]:1/",
    ] {
        assert!(env(text).required_http_url("X").is_ok(), "{text}");
    }
    for text in [
        "localhost:3001",
        "127.0.0.1",
        "ftp://host",
        "http://",
        "http:///x y",
        "http://host:99999",
        "http://host/?a=b",
        "http://host/#a",
        " http://host",
        "file:///etc/passwd",
    ] {
        let result = env(text).required_http_url("X");
        assert!(
            matches!(result, Err(EnvError::Invalid { .. })),
            "{text}: {result:?}"
        );
    }
}

#[test]
fn secrets_are_not_in_debug_output() {
    let env = env("hunter2");
    let secret = env.secret("X").unwrap().unwrap();
    assert_eq!(secret.expose_secret(), "hunter2");
    assert!(!format!("{env:?} {secret:?}").contains("hunter2"));
}

#[test]
fn environment_is_one_of_three_words() {
    let of = |word| Env::from_pairs([("NODE_ENV", word)]).environment();
    assert_eq!(of(""), Ok(Environment::Development));
    assert_eq!(of("production"), Ok(Environment::Production));
    assert_eq!(of("test"), Ok(Environment::Test));
    assert!(of("Production").is_err());
}

proptest! {
    #[test]
    fn no_value_breaks_a_getter_or_its_error(bytes: Vec<u8>) {
        let env = Env::from_pairs([("X", OsString::from_vec(bytes))]);
        let errors = [
            env.text("X").err(),
            env.port("X", 1).err(),
            env.hosts("X").err(),
            env.flag(&flag("X", true)).err(),
            env.integer::<u64>(&number("X", 2, 1..=5)).err(),
            env.secret("X").err(),
            env.required_http_url("X").err(),
        ];
        for error in errors.into_iter().flatten() {
            let text = error.to_string();
            prop_assert!(text.starts_with("X "));
            prop_assert_eq!(text.lines().count(), 1);
        }
    }

    #[test]
    fn password_in_a_url_is_always_masked(
        scheme in "[a-z]{1,6}", password in "[!-~]{0,20}", host in "[a-z]{1,9}"
    ) {
        let text = format!("{scheme}://user:SECRET{password}@{host}");
        prop_assert!(!mask_userinfo(&text).contains("SECRET"));
    }
}
