// Edits sent messages, and deletes them for everyone.
//
// WhatsApp treats both as messages. The page stores an edit before it sends it, and a deletion once
// WhatsApp's server has it. An edit is sent under an id that the service chose, and the server
// drops an id that it already has; a second deletion of the same message changes nothing. So both
// may be repeated while their outcome is unknown.

import { changes } from "./changes";
import { BridgeError, toBridgeError } from "./errors";
import { bothIds, connected, findMessage, isBlocked, tools } from "./lookup";
import { type Model, attempt, pageModule, serialized } from "./wa";

export interface Target {
  /** WhatsApp's full id of the message. */
  id: string;
  /** The second in which the message was sent; 0 if unknown. */
  sent_at: number;
}

export interface EditArgs extends Target {
  /** The last part of the edit's own id, fixed by the service. */
  key: string;
  text: string;
  /** Whether an earlier attempt may have sent the edit under this key. */
  again: boolean;
}

// Time limits in seconds, with the page's own figures, for a page that does not report them.
/** How long the page offers to edit a message. */
const EDIT_OFFERED = 900;
/** How long the page still sends an edit. */
const EDIT_SENT = 1_200;
/** How long the page deletes a message for everyone. */
const REVOKE = 216_000;

const age = (msg: Model): number => Date.now() / 1000 - Number(msg.t ?? 0);

export async function isDeleted({ id, sent_at }: Target): Promise<boolean> {
  const known = await changes({ messages: [[id, sent_at]] }).catch(() => []);
  return known.some(({ kind, message_id }) => kind === "deleted" && message_id === id);
}

/** Returns a message that the account sent; `null` if it was deleted. */
async function ownMessage(WPP: any, target: Target): Promise<Model | null> {
  const [, chat = "", key = ""] = target.id.split("_");
  const msg: Model | null = await findMessage(WPP, bothIds(WPP, chat), key, [true]);
  if (msg) return msg.type === "revoked" ? null : msg;
  if (await isDeleted(target)) return null;
  if (!connected()) throw new BridgeError("NOT_READY", "the connection was lost while the message was looked up");
  throw new BridgeError("MESSAGE_NOT_FOUND", "WhatsApp's page has no message with that id: nothing was changed");
}

/** Returns whether the page would still accept an edit. `offered` asks for the shorter limit,
 * within which the page lets a person begin an edit. */
function withinEditWindow(msg: Model, offered: boolean): boolean {
  const utils = pageModule("WAWebMessageEditUtils");
  const within = offered ? utils?.isParentWithinEditUIWindow : utils?.isParentWithinEditProcessingWindow;
  const byAge = age(msg) < (offered ? EDIT_OFFERED : EDIT_SENT);
  return attempt(() => Boolean(within({ parentTsInSeconds: msg.t, msgKey: msg.id })), byAge);
}

export async function edit(args: EditArgs): Promise<{ id: string }> {
  const WPP = tools();
  const msg = await ownMessage(WPP, args);
  if (!msg) throw new BridgeError("NOT_CHANGEABLE", "the message is deleted: nothing was changed");
  const remote = serialized(msg.id.remote);
  if (isBlocked(WPP, bothIds(WPP, remote))) {
    throw new BridgeError("RECIPIENT_BLOCKED", "this account has blocked the recipient: nothing was changed; unblock them on the phone");
  }
  if (!withinEditWindow(msg, !args.again)) {
    throw new BridgeError("TOO_OLD", "WhatsApp lets a message be edited for 15 minutes: nothing was changed");
  }
  const { canEditMsg, canEditCaption } = WPP.whatsapp.functions;
  if (!attempt(() => canEditMsg(msg), false) && !attempt(() => canEditCaption(msg), false)) {
    throw new BridgeError("NOT_CHANGEABLE", "WhatsApp's page cannot edit this message: nothing was changed");
  }
  const chat = serialized(msg.chat?.id) || remote;
  const id = `true_${chat}_${args.key}`;
  const options = { messageId: id, waitForAck: true, linkPreview: false, detectMentioned: false, markIsRead: false };
  try {
    await WPP.chat.editMessage(serialized(msg.id), args.text, options);
  } catch (error) {
    throw new BridgeError("UNCONFIRMED", toBridgeError(error).message);
  }
  // The page reports that an edit failed, but not why.
  if (msg.isSendFailure) throw new BridgeError("UNCONFIRMED", "WhatsApp did not confirm the edit");
  return { id };
}

/** Returns whether the page would still delete the message for everyone. */
function canRevoke(msg: Model): boolean {
  const can = pageModule("WAWebMsgActionCapability")?.canSenderRevokeMsg;
  return attempt(() => Boolean(can(msg)), age(msg) <= REVOKE);
}

/** Starts the deletion. The page runs one deletion at a time for each chat. */
async function revoke(WPP: any, chat: any, msg: Model): Promise<unknown> {
  await Promise.resolve(chat.promises?.sendRevokeMsgs).catch(() => undefined);
  const what = { type: "message", list: [msg] };
  const send = pageModule("WAWebChatSendMessages")?.sendRevokeMsgs;
  if (typeof send === "function") return send(chat, what, true);
  // The command's own promise does not tell the outcome.
  await WPP.whatsapp.Cmd.sendRevokeMsgs(chat, what, { clearMedia: true });
  return chat.promises?.sendRevokeMsgs;
}

export async function deleteForEveryone(target: Target): Promise<{ id: string }> {
  const WPP = tools();
  const msg = await ownMessage(WPP, target);
  if (!msg) return { id: target.id };
  if (!canRevoke(msg)) {
    const window = Number(pageModule("WAWebRevokeMsgConstants")?.REVOKE_WINDOW ?? REVOKE);
    if (age(msg) > window) throw new BridgeError("TOO_OLD", "WhatsApp lets a message be deleted for everyone for two days and a half: nothing was changed");
    throw new BridgeError("NOT_CHANGEABLE", "WhatsApp's page cannot delete this message for everyone: nothing was changed");
  }
  const ids = bothIds(WPP, serialized(msg.id.remote));
  const chat = ids.map((id) => attempt<any>(() => WPP.whatsapp.ChatStore.get(id), null)).find(Boolean);
  if (!chat) throw new BridgeError("MESSAGE_NOT_FOUND", "WhatsApp's page has no chat of that message: nothing was changed");
  let results: unknown;
  try {
    results = await revoke(WPP, chat, msg);
  } catch (error) {
    throw new BridgeError("UNCONFIRMED", toBridgeError(error).message);
  }
  const sent = Array.isArray(results) && results.some((result: any) => result?.messageSendResult === "OK");
  // If the page has the model, the model is the proof.
  if (sent || (msg as Model).type === "revoked" || (await isDeleted(target))) return { id: target.id };
  throw new BridgeError("UNCONFIRMED", "WhatsApp did not confirm the deletion");
}
