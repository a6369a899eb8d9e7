//! Fuzzes the content of a part's `Content-Disposition`, in a body that is otherwise valid.
#![no_main]

use axum::body::Body;
use axum::extract::Request;
use libfuzzer_sys::fuzz_target;
use service_runtime::http::{broken_part, part_file_name, parts_of};
use session_api::{check_filename, is_invisible};

const FILE: &[u8] = b"hola";

async fn read(body: Vec<u8>) {
    let request = Request::builder()
        .header("content-type", "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .expect("a request");
    let mut parts = parts_of(request).await.expect("it has a boundary");
    let mut part = match parts.next().await {
        Ok(Some(part)) => part,
        Ok(None) => return,
        Err(refusal) => {
            assert!(matches!(refusal.status().as_u16(), 400 | 413), "{refusal:?}");
            return;
        }
    };
    if let Some(name) = part_file_name(&part)
        && check_filename("file", &name).is_ok()
    {
        let name = name.as_str();
        // People see the name, and it is written into headers.
        assert!((1..=255).contains(&name.len()), "{name:?}");
        assert!(!matches!(name, "." | ".."), "{name:?}");
        // Joiners occur in emoji, and in some alphabets.
        let joiners = ['\u{200c}', '\u{200d}', '\u{fe0e}', '\u{fe0f}'];
        for letter in name.chars().filter(|letter| !joiners.contains(letter)) {
            let is_plain = !letter.is_control() && !is_invisible(letter);
            assert!(is_plain && !matches!(letter, '/' | '\\'), "{name:?}");
        }
    }
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = part.chunk().await.map_err(broken_part) {
        read.extend_from_slice(&chunk);
    }
    // Whatever the header contains, it ends at its line, or other headers follow, and then the
    // part.
    assert!(read.ends_with(FILE), "{read:?}");
}

fuzz_target!(|value: &[u8]| {
    // A boundary within the value would begin another part.
    if value.windows(3).any(|bytes| bytes == b"--x") {
        return;
    }
    let begin = b"--x\r\nContent-Disposition: form-data; name=\"file\"; ".as_slice();
    let body = [begin, value, b"\r\n\r\n", FILE, b"\r\n--x--\r\n"].concat();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(read(body));
});
