// Subscriptions to incoming messages, and to the acks of sent ones.

import { note, post, postSoon } from "./channel";
import { missedCall } from "./calls";
import { content, media, text } from "./content";
import { person } from "./people";
import { label } from "./text";
import { type Model, attempt, serialized, wpp } from "./wa";

export function describe(msg: Model): object {
  const from = serialized(msg.from);
  const author = serialized(msg.author) || from;
  const fromMe = Boolean(msg.id?.fromMe);
  const { phone, lid } = person(fromMe ? serialized(msg.to) : author);
  const more = content(msg);
  return {
    message_id: serialized(msg.id),
    from,
    to: serialized(msg.to),
    phone,
    lid,
    pushname: label(msg.notifyName, 200) ?? label(attempt<string | null>(() => msg.senderObj.pushname, null), 200),
    from_me: fromMe,
    type: String(msg.type ?? "unknown"),
    body: text(msg, more),
    at: Number(msg.t ?? 0) * 1000,
    ack: Number(msg.ack ?? 0),
    row: Number(msg.rowId) || 0,
    call: missedCall(msg) ?? undefined,
    ...more,
  };
}

/** The page's types that are not a person's messages: those that the page itself writes into a
 * chat, and those that only belong to another message. `WAWebSpamUtils` matches the whole list.
 * A type that is new there is published. */
const SERVICE_TYPES = new Set([
  // Notices.
  "notification",
  "notification_template",
  "group_notification",
  "gp2",
  "broadcast_notification",
  "e2e_notification",
  "newsletter_notification",
  "status_notification",
  "guest_upsell_system_msg",
  "protocol",
  "debug",
  "debug_placeholder",
  // Calls. A missed call is published as such.
  "call_log",
  "scheduled_call_creation",
  "scheduled_call_edit",
  // Parts or remains of other messages.
  "revoked",
  "album",
  "pin_message",
  "pinned_message",
  "keep_in_chat",
  "reaction_enc",
  "message_edit_encrypted",
  "event_edit_encrypted",
  "poll_edit_encrypted",
  "poll_add_option_encrypted",
  // Bundles of other messages. `history_bundle` is the page's `MESSAGE_HISTORY_BUNDLE`.
  "history_bundle",
  "group-history",
  "message_history_bundle",
  "message_history_notice",
]);
/** The id of a chat with a person or a group. */
export const CHATS = /@(c\.us|lid|g\.us)$/;

/** Returns whether `msg` is a person's message in a chat. */
export function isMessage(msg: Model): boolean {
  // In a row of the page's database the key may be text.
  const chat = serialized(msg?.id?.remote) || serialized(msg?.id).split("_")[1] || "";
  return (!SERVICE_TYPES.has(String(msg?.type)) || missedCall(msg) !== null) && CHATS.test(chat);
}

/** The ids of messages that this service sent itself, which are not published. The service would
 * drop them anyway; this saves the transfer. */
const ownIds = new Set<string>();

export function markOwn(id: string): void {
  ownIds.add(id);
  // The page reports its own message during the same send, so the oldest ids can be dropped.
  if (ownIds.size > 1_000) ownIds.delete(ownIds.values().next().value!);
}

/** Delivery state of an own message, as reported to the service. */
export interface OwnState {
  id: string;
  ack: number;
  /** The file that was sent, once the server has it. */
  media?: object | undefined;
}

export function ownState(msg: Model, ack = Number(msg.ack ?? 0)): OwnState {
  return { id: serialized(msg.id), ack, media: ack >= 1 ? attempt(() => media(msg), undefined) : undefined };
}

function announce(msg: Model): void {
  try {
    if (!isMessage(msg) || ownIds.delete(serialized(msg.id))) return;
    post({ type: "message", message: describe(msg) });
  } catch (error) {
    note("warn", `a message could not be read: ${error}`);
  }
}

let attached = false;

/** Whether the subscription to incoming messages is active. */
export function listening(): boolean {
  return attached;
}

/** Subscribes once wa-js has the collection of messages. The service requests existing messages
 * itself, and removes duplicates. */
export function attachMessages(): boolean {
  if (attached) return true;
  const store: Model | undefined = wpp()?.whatsapp?.MsgStore;
  if (!store || typeof store.on !== "function") return false;
  attached = true;
  store.on("add", (msg: Model) => {
    if (msg?.isNewMsg) announce(msg);
  });
  // A `ciphertext` message has become readable.
  store.on("change:type", announce);
  // A call becomes a missed call when it ends.
  store.on("change:callOutcome", (msg: Model) => {
    if (missedCall(msg)) announce(msg);
  });
  store.on("change:ack", (msg: Model, ack: number) => {
    if (msg?.id?.fromMe) postSoon({ type: "ack", ...ownState(msg, Number(ack)) });
  });
  return true;
}
