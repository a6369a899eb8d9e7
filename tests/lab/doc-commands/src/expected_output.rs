//! Compares the output of a command with the document.

/// Returns whether `output` matches `shown`, except for times, ids and `…`. The output may have other
/// lines before and after a line that the document shows.
#[must_use]
pub fn matches(shown: &str, output: &str) -> bool {
    let mut rest = output;
    shown
        .lines()
        .filter(|line| !line.trim().is_empty())
        .all(|line| match find(&required_parts(line.trim()), rest) {
            Some(end) => {
                rest = &rest[end..];
                true
            }
            None => false,
        })
}

/// Returns the parts of a line that must match, in order.
fn required_parts(line: &str) -> Vec<String> {
    let mut pattern = String::new();
    let mut remaining = line;
    while let Some(first) = remaining.chars().next() {
        let length = variable_length(remaining, &pattern);
        if length > 0 {
            pattern.push('…');
            remaining = &remaining[length..];
        } else {
            pattern.push(first);
            remaining = &remaining[first.len_utf8()..];
        }
    }
    pattern
        .split('…')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns the length of the variable part at the start of `text`, which follows `before`: a time,
/// an id, a browser's pid, or a delay.
fn variable_length(text: &str, before: &str) -> usize {
    let prefix_length =
        |is_part: fn(char) -> bool| text.find(|c| !is_part(c)).unwrap_or(text.len());
    let in_word = before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let time_length = prefix_length(|c| c.is_ascii_digit() || "-:TZ.".contains(c));
    if !in_word
        && time_length == "2026-11-24T23:19:08.012Z".len()
        && text[..time_length].ends_with('Z')
    {
        return time_length;
    }
    let id = prefix_length(|c| c.is_ascii_digit() || ('A'..='F').contains(&c));
    if !in_word && id >= 15 {
        return id;
    }
    let counters = ["\"generation\":", "\"lag_ms\":"];
    if counters.iter().any(|name| before.ends_with(name)) {
        return prefix_length(|c| c.is_ascii_digit());
    }
    0
}

/// Returns where the last part ends, if all parts are within one line.
fn find(parts: &[String], output: &str) -> Option<usize> {
    let mut offset = 0;
    for line in output.split_inclusive('\n') {
        let mut at = 0;
        let all_found = parts.iter().all(|part| match line[at..].find(part) {
            Some(position) => {
                at += position + part.len();
                true
            }
            None => false,
        });
        offset += line.len();
        if all_found {
            return Some(offset);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_and_ids_may_differ() {
        let shown = r#"{"ok":true,"message_id":"true_5491158254201@c.us_3EB0832493998BCB02FE84","at":"2026-11-24T23:19:08.012Z"}"#;
        let output = r#"{"ok":true,"message_id":"true_5491158254201@c.us_3EB0AAAAAAAAAAAAAAAAAA","at":"2027-01-01T00:00:00.000Z"}"#;
        assert!(matches(shown, output));
        for (original, changed) in [("true,", "false,"), ("4201", "4202"), ("\"at\"", "\"on\"")] {
            assert!(
                !matches(shown, &output.replace(original, changed)),
                "{changed}"
            );
        }
        assert!(matches("{\"a\":1,…}", "noise\n{\"a\":1,\"b\":2}"));
        assert!(!matches("{\"a\":1,…}", "{\"a\":\n1,\"b\":2}"));
        assert!(matches("{\"lag_ms\":3}", "{\"lag_ms\":41}"));
        assert!(!matches("x\ny", "y\nx"), "in another order");
    }
}
