//! Defines the state that is kept across restarts of the stand-in.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::media::Upload;
use super::{Device, Limits, OwnChange, Person, Received, RefusedMessage, World};
use crate::page_protocol::{Change, Incoming};

/// The part of a world that is written to a file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Saved {
    devices: BTreeMap<String, Device>,
    people: BTreeMap<String, Person>,
    received: Vec<Received>,
    refusals: Vec<RefusedMessage>,
    own_changes: Vec<OwnChange>,
    lead_changes: Vec<Change>,
    media: HashMap<String, Upload>,
    duplicates: u64,
    inbound: u64,
    history: VecDeque<Incoming>,
    limits: Limits,
}

impl World {
    pub(crate) fn save(&self) -> Saved {
        Saved {
            devices: self.devices.clone(),
            people: self.people.clone(),
            received: self.received.clone(),
            refusals: self.refusals.clone(),
            own_changes: self.own_changes.clone(),
            lead_changes: self.lead_changes.clone(),
            media: self.media.clone(),
            duplicates: self.duplicates,
            inbound: self.inbound,
            history: self.history.clone(),
            limits: self.limits.clone(),
        }
    }

    pub(crate) fn restore(&mut self, saved: Saved) {
        self.devices = saved.devices;
        self.people = saved.people;
        self.by_id = saved
            .received
            .iter()
            .enumerate()
            .map(|(at, message)| (message.id.clone(), at))
            .collect();
        self.received = saved.received;
        self.refusals = saved.refusals;
        self.own_changes = saved.own_changes;
        self.lead_changes = saved.lead_changes;
        self.media = saved.media;
        self.duplicates = saved.duplicates;
        self.inbound = saved.inbound;
        self.history = saved.history;
        self.limits = saved.limits;
    }
}
