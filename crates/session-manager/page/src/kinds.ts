// Maps each message kind (text, media, location, …) to its call of wa-js.

import { BridgeError } from "./errors";
import { bothIds } from "./lookup";
import { type Model, attempt, serialized } from "./wa";

interface Context {
  reply_to?: string;
  /** `…@c.us` or `…@lid`. */
  mentions?: string[];
}

interface Card {
  name: string;
  phone: string;
}

interface Media extends Context {
  caption?: string;
  voice?: boolean;
  /** Whether a video loops silently, like a GIF. */
  gif?: boolean;
}

export type Content =
  | ({ type: "image" | "video" | "audio" | "document" | "sticker" } & Media)
  | ({ type: "text"; message: string; link_preview?: boolean } & Context)
  | { type: "location"; latitude: number; longitude: number; name?: string; address?: string }
  | { type: "contact"; contacts: Card[] }
  | { type: "reaction"; message_id: string; emoji: string };

/** Returns the message that `content` replies to, by the name that the caller gave. */
export function answered(content: Content): string | undefined {
  return "reply_to" in content ? content.reply_to : undefined;
}

/** Returns the mentioned people in the form in which this chat addresses them: by LID or by
 * number. */
function mentioned(WPP: any, chatId: string, content: Content): string[] | undefined {
  const given = "mentions" in content ? content.mentions : undefined;
  const server = chatId.endsWith("@lid") ? "@lid" : "@c.us";
  return given?.map((id) => bothIds(WPP, id).find((one) => one.endsWith(server)) ?? id);
}

/** Passes a message to wa-js, under the id that the service has chosen. */
export function hand(WPP: any, chatId: string, id: string, content: Content, quotedMsg: any, file?: File, patience = 60_000): Promise<any> {
  const options: Record<string, unknown> = {
    messageId: id,
    createChat: true,
    waitForAck: true,
    detectMentioned: false,
    markIsRead: false,
  };
  if (quotedMsg) options.quotedMsg = quotedMsg;
  const mentionedList = mentioned(WPP, chatId, content);
  if (mentionedList?.length) options.mentionedList = mentionedList;
  switch (content.type) {
    case "text":
      return WPP.chat.sendTextMessage(chatId, content.message, { ...options, linkPreview: content.link_preview ?? false });
    case "location": {
      const { latitude: lat, longitude: lng, name, address } = content;
      return WPP.chat.sendLocationMessage(chatId, { ...options, lat, lng, name, address });
    }
    case "contact": {
      const cards = content.contacts.map(({ name, phone }) => ({ id: `${phone}@c.us`, name }));
      return WPP.chat.sendVCardContactMessage(chatId, cards, options);
    }
    case "image":
    case "video":
    case "audio":
    case "document":
    case "sticker": {
      if (!file) throw new BridgeError("FAILED", "the file is missing: nothing was sent");
      makeWay(WPP, chatId, id);
      const media: Record<string, unknown> = { ...options, type: content.type, filename: file.name, mimetype: file.type };
      if (content.caption !== undefined) media.caption = content.caption;
      if (content.type === "audio") Object.assign(media, { isPtt: content.voice ?? false, waveform: content.voice ?? false });
      if (content.type === "video") media.isGif = content.gif ?? false;
      const seen = acknowledged(WPP, id, patience);
      return Promise.race([WPP.chat.sendFileMessage(chatId, file, media), seen.found]).finally(seen.stop);
    }
    default:
      throw new BridgeError("FAILED", `the page script cannot send type ${(content as any).type}`);
  }
}

/** Removes an earlier failed attempt from the store. wa-js waits until the chat announces a new
 * message, which the chat does not do for a message that it already has. */
function makeWay(WPP: any, chatId: string, id: string): void {
  const store: any = WPP.whatsapp.MsgStore;
  const earlier = attempt<any>(() => store.getModelsArray().find((msg: any) => serialized(msg.id) === id), null);
  if (!earlier || Number(earlier.ack ?? 0) >= 0) return;
  attempt(() => WPP.whatsapp.ChatStore.get(chatId).msgs.remove(earlier), null);
  attempt(() => store.remove(earlier), null);
}

/** Waits for the server's ack of a message that is resent while the first attempt is still in
 * progress. wa-js would not receive that ack. */
function acknowledged(WPP: any, id: string, patience: number): { found: Promise<{ id: string; ack: number } | null>; stop: () => void } {
  const store: Model = WPP.whatsapp.MsgStore;
  let stop = (): void => {};
  const found = new Promise<{ id: string; ack: number } | null>((resolve) => {
    const listener = (msg: Model, ack: number): void => {
      if (Number(ack) >= 1 && serialized(msg?.id) === id) resolve({ id, ack: Number(ack) });
    };
    const timer = setTimeout(() => resolve(null), patience);
    stop = () => {
      clearTimeout(timer);
      store.off("change:ack", listener);
    };
    store.on("change:ack", listener);
  });
  return { found, stop };
}
