//! Fuzzes multipart requests, cut into pieces of any size.
#![no_main]

use axum::body::Body;
use axum::extract::Request;
use futures_util::stream;
use libfuzzer_sys::fuzz_target;
use service_runtime::http::{broken_part, parts_of};
use session_api::check_filename;

async fn read(pieces: Vec<Vec<u8>>) {
    let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
    let request = Request::builder()
        .header("content-type", "multipart/form-data; boundary=x")
        .body(Body::from_stream(stream::iter(pieces)))
        .expect("a request");
    let mut parts = parts_of(request).await.expect("it has a boundary");
    loop {
        let mut part = match parts.next().await {
            Ok(Some(part)) => part,
            Ok(None) => return,
            Err(refusal) => {
                assert!(matches!(refusal.status().as_u16(), 400 | 413), "{refusal:?}");
                return;
            }
        };
        if let Some(name) = part.file_name()
            && check_filename("file", name).is_ok()
        {
            assert!(!name.contains(['/', '\\', '\0', '\u{202e}']), "{name:?}");
        }
        loop {
            match part.chunk().await.map_err(broken_part) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    // The first byte is the size of the pieces.
    let Some((size, body)) = bytes.split_first() else {
        return;
    };
    let pieces = body.chunks(usize::from(*size).max(1));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .expect("a runtime")
        .block_on(read(pieces.map(<[u8]>::to_vec).collect()));
});
