// What the service can ask to be sent, and how wa-js is asked for it.

import { BridgeError } from "./errors";
import { bothIds } from "./lookup";

interface Context {
  reply_to?: string;
  /** `…@c.us` or `…@lid`. */
  mentions?: string[];
}

interface Card {
  name: string;
  phone: string;
}

export type Content =
  | ({ type: "text"; message: string; link_preview?: boolean } & Context)
  | { type: "location"; latitude: number; longitude: number; name?: string; address?: string }
  | { type: "contact"; contacts: Card[] }
  | { type: "reaction"; message_id: string; emoji: string };

/** The message that `content` answers, as the caller names it. */
export function answered(content: Content): string | undefined {
  return "reply_to" in content ? content.reply_to : undefined;
}

/** People as this chat addresses them: a chat by LID wants LIDs. */
function mentioned(WPP: any, chatId: string, content: Content): string[] | undefined {
  const given = "mentions" in content ? content.mentions : undefined;
  const server = chatId.endsWith("@lid") ? "@lid" : "@c.us";
  return given?.map((id) => bothIds(WPP, id).find((one) => one.endsWith(server)) ?? id);
}

/** Hands a message to wa-js, under the id that the service has fixed. */
export function hand(WPP: any, chatId: string, id: string, content: Content, quotedMsg: any): Promise<any> {
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
    default:
      throw new BridgeError("FAILED", `the page script cannot send type ${content.type}`);
  }
}
