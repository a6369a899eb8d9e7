//! Reads figures from session-manager's Prometheus metrics, so that alerts and
//! monitoring systems use the same ones.

use super::evaluation::ManagerFigures;

/// Returns the value of a metric without labels.
fn value(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.strip_prefix(' ')
    })?;
    let value: f64 = line.split_whitespace().next()?.parse().ok()?;
    value.is_finite().then_some(value)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the values are whole numbers"
)]
fn to_u64(value: f64) -> u64 {
    value.max(0.0) as u64
}

/// Returns the resident memory of the session-manager process itself, in MiB.
pub(super) fn resident_mib(text: &str) -> Option<u64> {
    value(text, "process_resident_memory_bytes").map(|bytes| to_u64(bytes) >> 20)
}

/// Returns the figures. Another version of session-manager may lack some of them.
pub(super) fn figures(text: &str) -> ManagerFigures {
    let get = |name| value(text, name);
    ManagerFigures {
        profile_mib: get("leadmaster_profile_bytes").map(|bytes| to_u64(bytes) >> 20),
        free_mib: get("leadmaster_disk_free_bytes").map(|bytes| to_u64(bytes) >> 20),
        backup_hours: get("leadmaster_backup_age_seconds").map(|age| to_u64(age) / 3600),
        backup_failed: get("leadmaster_backup_failed").map(|failed| failed > 0.0),
        backup_wanted: get("leadmaster_backup_wanted").map(|wanted| wanted > 0.0),
        browser_mib: get("leadmaster_browser_memory_bytes").map(|bytes| to_u64(bytes) >> 20),
        skew_seconds: get("leadmaster_clock_skew_seconds").map(|skew| to_u64(skew.abs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_by_their_whole_names() {
        let text = "# HELP leadmaster_profile_bytes What the profile takes\n\
            # TYPE leadmaster_profile_bytes gauge\n\
            leadmaster_profile_bytes 3221225472\n\
            leadmaster_profile_bytes_more 1\n\
            leadmaster_session_state{state=\"READY\"} 1\n\
            process_resident_memory_bytes 62914560\n\
            leadmaster_clock_skew_seconds -90.5\n\
            leadmaster_backup_age_seconds NaN\n\
            leadmaster_backup_failed 1\n";
        let found = figures(text);
        assert_eq!(found.profile_mib, Some(3072));
        assert_eq!(found.skew_seconds, Some(90));
        assert_eq!((found.backup_hours, found.free_mib), (None, None));
        assert_eq!(found.backup_failed, Some(true));
        assert_eq!(resident_mib(text), Some(60));
        assert_eq!(resident_mib(""), None);
    }
}
