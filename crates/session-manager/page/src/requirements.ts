// Tests that the parts of wa-js and of the page that the bridge needs exist, by name. The page
// changes every few weeks, and wa-js may then not find them.

import { listening } from "./messages";
import { attempt, pageModule, wpp } from "./wa";

type Check = (WPP: any) => boolean;

const at = (WPP: any, path: string): any => attempt(() => path.split(".").reduce((value, part) => value[part], WPP), undefined);
const callable =
  (path: string): Check =>
  (WPP) =>
    typeof at(WPP, path) === "function";
const present =
  (path: string): Check =>
  (WPP) =>
    at(WPP, path) !== undefined;
const either =
  (...checks: Check[]): Check =>
  (WPP) =>
    checks.some((check) => check(WPP));

/** If one of these is missing, either sending or receiving fails. */
const REQUIRED: Record<string, Check> = {
  "chat.sendTextMessage": callable("chat.sendTextMessage"),
  "chat.find": callable("chat.find"),
  "chat.getMessageById": callable("chat.getMessageById"),
  msgFindByDirection: either(
    callable("whatsapp.functions.msgFindByDirection"),
    () => typeof pageModule("WAWebDBMessageFindLocal")?.msgFindByDirection === "function",
  ),
  "MsgKey.fromString": callable("whatsapp.MsgKey.fromString"),
  queryWidExists: either(callable("contact.queryWidExists"), callable("whatsapp.functions.queryWidExists")),
  addAndSendMsgToChat: callable("whatsapp.functions.addAndSendMsgToChat"),
  MsgStore: callable("whatsapp.MsgStore.on"),
  ChatStore: callable("whatsapp.ChatStore.getModelsArray"),
  Conn: present("whatsapp.Conn.on"),
  "WidFactory.createWid": callable("whatsapp.WidFactory.createWid"),
  "message listeners": () => listening(),
};

/** If one of these is missing, a single feature is unavailable. */
const OPTIONAL: Record<string, Check> = {
  send_location: callable("chat.sendLocationMessage"),
  send_contact: callable("chat.sendVCardContactMessage"),
  send_reaction: (WPP) =>
    callable("chat.sendReactionToMessage")(WPP) && callable("whatsapp.functions.sendReactionToMsg")(WPP),
  send_file: (WPP) => callable("chat.sendFileMessage")(WPP) && callable("whatsapp.MediaPrep.prepRawMedia")(WPP),
  fetch_media: callable("chat.downloadMedia"),
  edit_message: (WPP) =>
    ["chat.editMessage", "whatsapp.functions.canEditMsg", "whatsapp.functions.addAndSendMessageEdit"].every((name) => callable(name)(WPP)),
  delete_message: either(
    callable("whatsapp.Cmd.sendRevokeMsgs"),
    () => typeof pageModule("WAWebChatSendMessages")?.sendRevokeMsgs === "function",
  ),
  mark_read: (WPP) => callable("chat.markIsRead")(WPP) && callable("whatsapp.functions.sendSeen")(WPP),
  typing: (WPP) => callable("chat.markIsComposing")(WPP) && callable("whatsapp.ChatPresence.markComposing")(WPP),
  about: callable("whatsapp.StatusStore.find"),
  picture: (WPP) => callable("contact.getProfilePictureUrl")(WPP) && callable("whatsapp.ProfilePicThumbStore.find")(WPP),
  link_by_number: callable("conn.genLinkDeviceCodeForPhoneNumber"),
  presence: callable("conn.markUnavailable"),
  cmd: () => pageModule("WAWebCmd")?.Cmd !== undefined,
  build_constants: () => pageModule("WAWebBuildConstants")?.VERSION_STR !== undefined,
  user_prefs: () => pageModule("WAWebUserPrefsMeUser") !== undefined,
  offline_delivery: () => pageModule("WAWebBackendEventBus")?.BackendEventBus !== undefined,
};

/** Returns the names of the missing required functions. */
export function missingTools(): string[] {
  const WPP = wpp();
  if (!WPP) return ["wa-js"];
  const absent = (name: string): boolean => !attempt(() => REQUIRED[name]!(WPP), false);
  return Object.keys(REQUIRED).filter(absent);
}

/** Returns whether each name is available. */
export function selfTest(): { ok: boolean; checks: Record<string, boolean> } {
  const WPP = wpp();
  const checks: Record<string, boolean> = {
    socket_model: pageModule("WAWebSocketModel")?.Socket !== undefined,
    "wa-js": WPP !== undefined,
  };
  for (const [name, check] of Object.entries({ ...REQUIRED, ...OPTIONAL })) {
    checks[name] = attempt(() => check(WPP), false);
  }
  return { ok: Object.values(checks).every(Boolean), checks };
}
