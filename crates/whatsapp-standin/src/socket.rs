//! Serves the WebSocket connection of one page.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::page_protocol::{FromPage, ToPage};
use crate::shared::Shared;
use crate::world::{PageId, Role, SendReply, Taken};

/// Serves a page until it disconnects, the network goes down, or the server
/// stops.
pub(crate) async fn serve(mut socket: WebSocket, shared: Arc<Shared>) {
    let network = shared.network();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let hello = tokio::select! {
        () = network.cancelled() => return,
        hello = receive(&mut socket) => hello,
    };
    let Some(FromPage::Hello { device, keys }) = hello else {
        return;
    };
    let id = shared
        .world()
        .page_joins(tx, device.as_ref(), keys, Instant::now());
    shared.tell("page");
    start_sync_if_linked(&shared, id);

    loop {
        let turn = shared.world().code_until(id);
        tokio::select! {
            // The outage has priority, since a network that is down delivers nothing.
            biased;
            () = network.cancelled() => break,
            () = at(turn) => {
                shared.world().turn_code(id, Instant::now());
                shared.tell("code");
            }
            line = rx.recv() => {
                let Some(line) = line else { break };
                // Each of these lines is the last on its connection.
                let last = matches!(line, ToPage::Restart | ToPage::Failure { .. });
                if send(&mut socket, &line).await.is_err() || last {
                    break;
                }
            }
            said = receive(&mut socket) => match said {
                Some(said) => hear(&shared, id, said),
                None => break,
            },
        }
    }
    shared.world().page_leaves(id);
    shared.tell("page");
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

async fn receive(socket: &mut WebSocket) -> Option<FromPage> {
    loop {
        match socket.recv().await? {
            // An unknown line ends the connection, as the real server does.
            Ok(Message::Text(text)) => return serde_json::from_str(&text).ok(),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Binary(_) | Message::Close(_)) | Err(_) => return None,
        }
    }
}

async fn send(socket: &mut WebSocket, line: &ToPage) -> Result<(), ()> {
    let text = serde_json::to_string(line).map_err(|_| ())?;
    socket
        .send(Message::Text(text.into()))
        .await
        .map_err(|_| ())
}

fn hear(shared: &Arc<Shared>, page: PageId, said: FromPage) {
    match said {
        FromPage::Hello { .. } => {}
        FromPage::RefreshCodes => {
            shared.world().refresh_codes(page, Instant::now());
            shared.tell("code");
        }
        FromPage::LinkCode { tag, phone } => {
            shared
                .world()
                .new_link_code(page, tag, &phone, Instant::now());
            shared.tell("code");
        }
        FromPage::PasskeyOptions { tag } => {
            shared.world().passkey_options(page, tag, Instant::now());
        }
        FromPage::PasskeyAnswer { tag, assertion } => {
            let (taken, after) = {
                let mut world = shared.world();
                let taken = world.passkey_answer(page, tag, assertion, Instant::now());
                (taken, world.settings.passkey_phone)
            };
            if let Some(after) = after.filter(|_| taken) {
                shared.later(after, move |shared| shared.world().passkey_code(page));
            }
            shared.tell("passkey");
        }
        FromPage::PasskeyConfirm { tag } => {
            shared.world().passkey_confirmed(page, tag);
            shared.tell("linked");
        }
        FromPage::Paired => {
            let after = shared.world().settings.stream_restart;
            shared.later(after, move |shared| {
                if let Some(page) = shared.world().pages.get(&page) {
                    let _ = page.tx.send(ToPage::Restart);
                }
            });
        }
        FromPage::Send(message) => {
            let key = message.key.clone();
            let taken = shared.world().take(page, *message);
            if let Some(taken) = taken {
                answer(shared, page, key, taken);
                shared.tell("message");
            }
        }
        FromPage::Stored => {
            shared.world().stored += 1;
            shared.tell("stored");
        }
        FromPage::HeldBack { key } => {
            shared.world().held_back.push(key);
            shared.tell("message");
        }
        FromPage::LongTask(task) => shared.world().long_tasks.push(task),
        FromPage::Got { keys } => {
            shared.world().got(page, &keys);
            shared.tell("received");
        }
        FromPage::GotAck { key, ack } => {
            shared.world().got_ack(page, &key, ack);
            shared.tell("received");
        }
        FromPage::QueryExists { tag, user, server } => {
            let after = {
                let mut world = shared.world();
                world.lookups += 1;
                world.settings.query
            };
            shared.later(after, move |shared| {
                shared.world().answer_exists(page, tag, &user, &server);
            });
        }
        FromPage::Profile { tag, user, server } => {
            shared.world().answer_profile(page, tag, &user, &server);
        }
        FromPage::Seen { chat, key, count } => {
            shared.world().seen(page, &chat, key, count);
            shared.tell("seen");
        }
        FromPage::ChatState { chat, state } => {
            shared.world().chat_state(page, &chat, state);
            shared.tell("chat_state");
        }
        FromPage::Limits { tag } => shared.world().answer_limits(page, tag),
        FromPage::Logout { tag } => {
            let device = shared.world().device_on(page);
            if let Some(device) = device {
                shared.world().unlink(&device, Some(tag), None);
            }
            shared.tell("unlinked");
        }
        FromPage::Presence { available } => {
            shared.world().set_available(page, available);
            shared.tell("page");
        }
        FromPage::WhatsNewSeen => {
            shared.world().whats_new_seen(page);
            shared.tell("page");
        }
        FromPage::Browser { described } => {
            shared.world().browser = Some(described);
            shared.tell("page");
        }
        FromPage::Takeover => {
            shared.world().takeover(page);
            start_sync_if_linked(shared, page);
        }
    }
}

fn answer(shared: &Arc<Shared>, page: PageId, key: String, taken: Taken) {
    let (server, delivered, read) = {
        let world = shared.world();
        let settings = &world.settings;
        (
            settings.server_ack,
            settings.delivered_ack,
            settings.read_ack,
        )
    };
    let Taken { id, answer } = taken;
    match answer {
        SendReply::Nothing => {}
        SendReply::Refuse { result, error_code } => shared.later(server, move |shared| {
            shared.world().refuse(page, key, result, error_code);
        }),
        SendReply::Ack { delivers } => shared.later(server, move |shared| {
            shared.world().ack(&id, 1);
            shared.tell("ack");
            let Some(delivered) = delivered.filter(|_| delivers) else {
                return;
            };
            shared.later(delivered, move |shared| {
                shared.world().ack(&id, 2);
                shared.tell("ack");
                let Some(read) = read else { return };
                shared.later(read, move |shared| {
                    shared.world().ack(&id, 3);
                    shared.tell("ack");
                });
            });
        }),
    }
}

/// Syncs a device that logs in, then delivers the messages that it missed.
fn start_sync_if_linked(shared: &Arc<Shared>, page: PageId) {
    let (linked, settings) = {
        let world = shared.world();
        let linked = matches!(
            world.pages.get(&page).map(|page| &page.role),
            Some(Role::Linked { live: false, .. })
        ) && world.failure.is_none();
        (linked, world.settings.clone())
    };
    if !linked {
        return;
    }
    expect_onboarding(shared, page);
    let shared_in = Arc::clone(shared);
    shared.tasks.spawn(async move {
        let shared = shared_in;
        let fresh = shared.world().is_new_to(page);
        let sync = async {
            shared.world().tell_contacts(Some(page));
            shared.world().tell_limits(page);
            let steps = settings.sync_steps;
            let step = settings.sync / (steps + 1);
            pause(step).await;
            // Messages from before the link come with the sync.
            let mut history = shared.world().waiting(page);
            history.retain(|message| message.history);
            for n in 1..=steps {
                let percent = u8::try_from(n * 100 / steps).unwrap_or(100);
                let messages = if n == 1 { history.clone() } else { Vec::new() };
                shared.world().sync_step(page, percent, messages);
                pause(step).await;
            }
            if steps == 0 {
                shared.world().sync_step(page, 100, history.clone());
            }
            shared.world().sync_done(page);
            shared.tell("synced");
            pause(settings.offline_delivery / 2).await;
            shared.world().offline(page, &history);
            pause(settings.offline_delivery / 2).await;
            shared.world().offline_end(page);
            if fresh {
                deliver_history(&shared, page).await;
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => {}
            () = sync => shared.tell("synced"),
        }
    });
}

/// Unlinks a device whose user never acknowledges the "What's new" dialog.
fn expect_onboarding(shared: &Arc<Shared>, page: PageId) {
    let expected = {
        let world = shared.world();
        world
            .device_on(page)
            .filter(|device| {
                world.settings.whats_new
                    && world
                        .devices
                        .get(device)
                        .is_some_and(|device| !device.whats_new_seen)
            })
            .map(|device| (device, world.settings.whats_new_grace))
    };
    let Some((device, grace)) = expected else {
        return;
    };
    shared.later(grace, move |shared| {
        let mut world = shared.world();
        let seen = |device: &crate::world::Device| device.whats_new_seen;
        if !world.devices.get(&device).is_none_or(seen) {
            world.unlink(&device, None, None);
            drop(world);
            shared.tell("unlinked");
        }
    });
}

/// Delivers the history once after the link. This takes longer than the first sync.
async fn deliver_history(shared: &Arc<Shared>, page: PageId) {
    let step = shared.world().settings.history / 4;
    for percent in [25, 50, 75, 100] {
        pause(step).await;
        shared.world().tell_history(page, percent);
    }
    shared.world().has_history(page);
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
