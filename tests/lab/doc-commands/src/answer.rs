//! Compares the output of a command with the document.

/// Returns whether `said` matches `shown`, except for times, ids and `…`. The output may have other
/// lines before and after a line that the document shows.
#[must_use]
pub fn shows(shown: &str, said: &str) -> bool {
    let mut rest = said;
    shown
        .lines()
        .filter(|line| !line.trim().is_empty())
        .all(|line| match find(&patterns(line.trim()), rest) {
            Some(end) => {
                rest = &rest[end..];
                true
            }
            None => false,
        })
}

/// Returns the parts of a line that must match, in order.
fn patterns(line: &str) -> Vec<String> {
    let mut free = String::new();
    let mut left = line;
    while let Some(first) = left.chars().next() {
        let long = changing(left, &free);
        if long > 0 {
            free.push('…');
            left = &left[long..];
        } else {
            free.push(first);
            left = &left[first.len_utf8()..];
        }
    }
    free.split('…')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns the length of the variable part at the start of `text`, which follows `before`: a time,
/// an id, a browser's pid, or a delay.
fn changing(text: &str, before: &str) -> usize {
    let word = |end: fn(char) -> bool| text.find(|c| !end(c)).unwrap_or(text.len());
    let in_word = before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let moment = word(|c| c.is_ascii_digit() || "-:TZ.".contains(c));
    if !in_word && moment == "2026-11-24T23:19:08.012Z".len() && text[..moment].ends_with('Z') {
        return moment;
    }
    let id = word(|c| c.is_ascii_digit() || ('A'..='F').contains(&c));
    if !in_word && id >= 15 {
        return id;
    }
    let counted = ["\"generation\":", "\"lag_ms\":"];
    if counted.iter().any(|name| before.ends_with(name)) {
        return word(|c| c.is_ascii_digit());
    }
    0
}

/// Returns where the last part ends, if all parts are within one line.
fn find(parts: &[String], said: &str) -> Option<usize> {
    let mut from = 0;
    for line in said.split_inclusive('\n') {
        let mut at = 0;
        let all = parts.iter().all(|part| match line[at..].find(part) {
            Some(place) => {
                at += place + part.len();
                true
            }
            None => false,
        });
        from += line.len();
        if all {
            return Some(from);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_ids_may_differ_and_nothing_else() {
        let shown = r#"{"ok":true,"message_id":"true_5491158254201@c.us_3EB0832493998BCB02FE84","at":"2026-11-24T23:19:08.012Z"}"#;
        let said = r#"{"ok":true,"message_id":"true_5491158254201@c.us_3EB0AAAAAAAAAAAAAAAAAA","at":"2027-01-01T00:00:00.000Z"}"#;
        assert!(shows(shown, said));
        for (from, to) in [("true,", "false,"), ("4201", "4202"), ("\"at\"", "\"on\"")] {
            assert!(!shows(shown, &said.replace(from, to)), "{to}");
        }
        assert!(shows("{\"a\":1,…}", "noise\n{\"a\":1,\"b\":2}"));
        assert!(!shows("{\"a\":1,…}", "{\"a\":\n1,\"b\":2}"));
        assert!(shows("{\"lag_ms\":3}", "{\"lag_ms\":41}"));
        assert!(!shows("x\ny", "y\nx"), "in another order");
    }
}
