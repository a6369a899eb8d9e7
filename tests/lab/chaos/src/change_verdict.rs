//! Checks what was published of the changes of messages against what was done to them.
//!
//! The page's database has the last state of a message alone. So an edit, a reaction or the whole
//! message may go unpublished if the next change came while nothing was listening. The last state
//! may not.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Change;
use super::record::{ChangeEvent, ReceivedEvents, Record};
use super::verdict::{ViolationKind, short};

/// What was done to one message.
#[derive(Debug, Default)]
struct Done<'a> {
    /// The contact's number.
    number: &'a str,
    /// Whether the account itself sent the message, edits it, and deletes it.
    is_own: bool,
    edits: Vec<&'a Change>,
    reactions: Vec<&'a Change>,
    is_deleted: bool,
    /// Whether the message was published before it was deleted.
    was_published: bool,
}

/// Returns what is wrong with the changes that a service published.
pub(super) fn check(record: &Record, received: &ReceivedEvents) -> Vec<(ViolationKind, String)> {
    let mut events: BTreeMap<&str, Vec<&ChangeEvent>> = BTreeMap::new();
    for event in &received.changes {
        let of_message = events.entry(short(&event.message_id)).or_default();
        of_message.push(event);
    }
    let messages = received.messages.iter().filter(|event| !event.unreadable);
    let published: BTreeSet<_> = messages.map(|event| short(&event.message_id)).collect();
    let mut found = Vec::new();
    for (id, done) in done(record) {
        let events = events.remove(id).unwrap_or_default();
        let is_forgotten = record.forgotten.iter().any(|key| short(key) == id);
        let is_published = published.contains(id);
        let problems = done.problems(&events, is_published, is_forgotten);
        let describe = |what| format!("{id}: {what}; {done:?}, published {events:?}");
        found.extend(
            problems
                .into_iter()
                .map(|(kind, what)| (kind, describe(what))),
        );
    }
    for (id, events) in events {
        let what = format!("{id}: nobody made {events:?}");
        found.push((ViolationKind::PublishedWrongly, what));
    }
    found
}

fn done(record: &Record) -> BTreeMap<&str, Done<'_>> {
    let mut done: BTreeMap<&str, Done<'_>> = BTreeMap::new();
    for made in &record.contact_changes {
        let message = done.entry(short(&made.message_id)).or_default();
        message.number = &made.number;
        match &made.change {
            Change::Edit(_) => message.edits.push(&made.change),
            Change::Delete => {
                message.is_deleted = true;
                message.was_published = made.was_published;
            }
            Change::React(_) | Change::TakeReactionAway => message.reactions.push(&made.change),
        }
    }
    for requested in record.own_changes.iter().filter(|change| change.accepted) {
        let message = done.entry(short(&requested.message_id)).or_default();
        (message.number, message.is_own) = (&requested.to, true);
        match &requested.change {
            Change::Delete => message.is_deleted = true,
            change => message.edits.push(change),
        }
    }
    done
}

impl Done<'_> {
    fn problems(
        &self,
        events: &[&ChangeEvent],
        is_published: bool,
        is_forgotten: bool,
    ) -> Vec<(ViolationKind, &'static str)> {
        let mut problems = Vec::new();
        let of_kind = |wanted: fn(&Change) -> bool| -> Vec<&Change> {
            let changes = events.iter().map(|event| &event.change);
            changes.filter(|change| wanted(change)).collect()
        };
        let edits = of_kind(|change| matches!(change, Change::Edit(_)));
        let deletions = of_kind(|change| *change == Change::Delete);
        let reactions =
            of_kind(|change| matches!(change, Change::React(_) | Change::TakeReactionAway));
        for (made, published) in [(&self.edits, &edits), (&self.reactions, &reactions)] {
            if published.windows(2).any(|pair| pair[0] == pair[1]) {
                problems.push((ViolationKind::PublishedTwice, "the same change again"));
            } else if !is_subsequence(published, made) {
                problems.push((ViolationKind::PublishedWrongly, "not as it was changed"));
            }
            // What the account itself does is published with the answer to its request.
            let is_complete = if self.is_own && !matches!(made.first(), Some(Change::React(_))) {
                published.len() == made.len()
            } else {
                made.is_empty() || published.last() == made.last()
            };
            let may_be_lost = !self.is_own && self.is_deleted || is_forgotten;
            let is_lost_reaction =
                self.is_deleted && matches!(made.first(), Some(Change::React(_)));
            if !is_complete && !may_be_lost && !is_lost_reaction {
                problems.push((ViolationKind::NotPublished, "a change"));
            }
        }
        let must_be_deleted =
            self.is_deleted && !is_forgotten && (self.is_own || self.was_published || is_published);
        match deletions.len() {
            0 if must_be_deleted => problems.push((ViolationKind::NotPublished, "the deletion")),
            1 if !self.is_deleted => {
                problems.push((ViolationKind::PublishedWrongly, "nobody deleted it"));
            }
            0 | 1 => {}
            _ => problems.push((ViolationKind::PublishedTwice, "the deletion")),
        }
        let last_deletion = events.iter().rposition(|e| e.change == Change::Delete);
        let last_edit = events
            .iter()
            .rposition(|event| matches!(event.change, Change::Edit(_)));
        if last_deletion.is_some() && last_edit > last_deletion {
            problems.push((
                ViolationKind::PublishedWrongly,
                "edited after it was deleted",
            ));
        }
        for event in events {
            let is_contacts = matches!(event.change, Change::React(_) | Change::TakeReactionAway);
            let is_own = self.is_own && !is_contacts;
            if event.from_me != is_own || event.phone.as_deref() != Some(self.number) {
                problems.push((ViolationKind::PublishedWrongly, "by somebody else"));
            }
        }
        problems
    }
}

/// Returns whether `some` is `all` without some of its elements.
fn is_subsequence(some: &[&Change], all: &[&Change]) -> bool {
    let mut all = all.iter();
    some.iter().all(|one| all.any(|other| other == one))
}

/// Returns what is wrong with the edits and deletions of sent messages, at the phone and in
/// session-manager's record.
pub(super) fn check_own(record: &Record) -> Vec<(ViolationKind, String)> {
    let mut found = Vec::new();
    let mut requested: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for change in &record.own_changes {
        if !change.accepted {
            let what = format!("{:?} of {}", change.change, change.message_id);
            found.push((ViolationKind::NeverAccepted, what));
        }
        let of_message = requested.entry(short(&change.message_id)).or_default();
        of_message.push(change);
    }
    for message in &record.phone {
        let changes = requested.remove(&*message.id).unwrap_or_default();
        let edits: Vec<_> = changes
            .iter()
            .filter_map(|own| match &own.change {
                Change::Edit(text) => Some(text),
                _ => None,
            })
            .collect();
        let deletion = changes.iter().find(|own| own.change == Change::Delete);
        // Who repeats a deletion whose outcome is unknown deletes a deleted message.
        let at_most = match deletion {
            None => 0,
            Some(own) if own.responses.iter().all(|it| it.status == Some(200)) => 1,
            Some(_) => usize::MAX,
        };
        let is_deleted = (deletion.is_some(), message.deletions > 0);
        if message.edits.iter().collect::<Vec<_>>() != edits
            || is_deleted.0 != is_deleted.1
            || message.deletions > at_most
        {
            let what = format!("{message:?} after {changes:?}");
            found.push((ViolationKind::WronglyChanged, what));
        }
        let Some(own) = changes.first() else {
            continue;
        };
        let known = record.changed_messages.get(&own.message_id);
        let known = known.cloned().unwrap_or_default();
        if (known.edited, known.deleted) != (!edits.is_empty(), deletion.is_some())
            || known.unsettled.is_some()
        {
            let what = format!("{known:?} after {changes:?}");
            found.push((ViolationKind::Unsettled, what));
        }
    }
    for (id, changes) in requested {
        let what = format!("{id} is not at the phone, but was changed: {changes:?}");
        found.push((ViolationKind::WronglyChanged, what));
    }
    found
}
