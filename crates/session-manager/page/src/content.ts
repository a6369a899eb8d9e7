// Reads a message's content other than its text, in the form of `GET /events`. All of it is
// untrusted: each part is bounded, and unreadable parts are omitted.

import { cut, count, filename, given, label, link } from "./text";
import { type Model, attempt, pageModule, serialized } from "./wa";

const MEDIA_TYPES = new Set(["image", "video", "audio", "ptt", "document", "sticker", "ptv"]);
const MOST_CARDS = 50;
const MOST_OPTIONS = 20;
/** Maximum number of characters read of a card; a picture usually follows the relevant fields. */
const CARD_CHARACTERS = 65_536;
const LARGEST_THUMBNAIL = 32_768;
const LARGEST_FILE = 4 * 2 ** 30;
const LARGEST_SIDE = 100_000;

/** Returns whether the message has a file. */
export const hasMedia = (msg: Model): boolean => MEDIA_TYPES.has(String(msg?.type)) && !isPlaceholder(msg);

/** Returns whether the file is view-once, which linked devices do not receive. */
const isPlaceholder = (msg: Model): boolean => String(msg.subtype ?? "").startsWith("view_once_unavailable");

/** Returns the small JPEG preview of a message. */
function thumbnail(...given: unknown[]): string | null {
  const jpeg = given.find((text) => typeof text === "string" && text.startsWith("/9j/"));
  if (typeof jpeg !== "string" || jpeg.length > LARGEST_THUMBNAIL || !/^[A-Za-z0-9+/]+={0,2}$/.test(jpeg)) return null;
  return `data:image/jpeg;base64,${jpeg}`;
}

/** Returns the description of the message's file; `undefined` if it has none. */
export function media(msg: Model): object | undefined {
  if (!hasMedia(msg)) return undefined;
  const mime = cut(msg.mimetype, 200).toLowerCase();
  return {
    mime: /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(;[ -~]*)?$/.test(mime) ? mime : "application/octet-stream",
    size: given(count(msg.size, LARGEST_FILE)),
    filename: given(filename(msg.filename)),
    seconds: given(count(msg.duration, 1_000_000)),
    width: given(count(msg.width, LARGEST_SIDE)),
    height: given(count(msg.height, LARGEST_SIDE)),
    thumbnail: given(thumbnail(msg.thumbnail, msg.body)),
    state: msg.directPath || msg.mediaKey || msg.filehash ? "remote" : "gone",
  };
}

function location(msg: Model): Record<string, any> | undefined {
  if (msg.type !== "location") return undefined;
  const [latitude, longitude] = [Number(msg.lat ?? Number.NaN), Number(msg.lng ?? Number.NaN)];
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
  // The name and the address, each on its own line.
  const [name, ...address] = cut(msg.loc, 2_000).split("\n");
  return {
    latitude,
    longitude,
    name: given(label(name, 200)),
    address: given(label(address.join(" "), 500)),
    url: given(link(msg.clientUrl)),
    live: msg.isLive ? true : undefined,
  };
}

/** Decodes UTF-8 in the quoted-printable form that old phones write in cards: `G=C3=B3mez`. */
function quotedPrintable(text: string): string {
  return attempt(() => decodeURIComponent(text.replace(/%/g, "%25").replace(/=([0-9A-F]{2})/gi, "%$1")), text);
}

/** Returns the value of a vCard line, and its parameters. */
function property(line: string): { name: string; parameters: string; value: string } | null {
  const colon = line.indexOf(":");
  if (colon < 1) return null;
  const [head = "", ...parameters] = line.slice(0, colon).split(";");
  // Apple's cards number their lines: item1.TEL.
  const name = head.slice(head.lastIndexOf(".") + 1).toUpperCase();
  const joined = parameters.join(";");
  const raw = line.slice(colon + 1);
  const plain = /QUOTED-PRINTABLE/i.test(joined) ? quotedPrintable(raw) : raw;
  const value = plain.replace(/\\n/gi, " ").replace(/\\([,;\\])/g, "$1");
  return { name, parameters: joined, value };
}

/** Parses a contact card as phones write it. */
export function card(text: unknown): Record<string, any> | null {
  const lines = cut(text, CARD_CHARACTERS).replace(/\r?\n[ \t]/g, "").split(/\r?\n/);
  let name: string | null = null;
  let structured: string | null = null;
  let organization: string | null = null;
  const phones: object[] = [];
  const emails: string[] = [];
  for (const line of lines) {
    const found = property(line);
    if (!found) continue;
    const { parameters, value } = found;
    if (found.name === "FN") name ??= label(value, 200);
    else if (found.name === "N") structured ??= label(value.split(";").filter(Boolean).reverse().join(" "), 200);
    else if (found.name === "ORG") organization ??= label(value.split(";").filter(Boolean).join(", "), 200);
    else if (found.name === "TEL" && phones.length < 10) {
      const number = label(value, 40);
      const waid = /waid=([0-9]{5,20})/i.exec(parameters)?.[1];
      if (number) phones.push({ number, whatsapp: waid });
    } else if (found.name === "EMAIL" && emails.length < 10) {
      const email = label(value, 200);
      if (email) emails.push(email);
    }
  }
  name ??= structured ?? organization;
  if (!name && phones.length === 0 && emails.length === 0) return null;
  return {
    name: name ?? "",
    phones,
    emails: emails.length ? emails : undefined,
    organization: given(organization),
  };
}

function contacts(msg: Model): Array<Record<string, any>> | undefined {
  let cards: unknown[] = [];
  if (msg.type === "vcard") cards = [msg.body];
  else if (msg.type === "multi_vcard" && Array.isArray(msg.vcardList)) {
    cards = msg.vcardList.slice(0, MOST_CARDS).map((one: any) => one?.vcard);
  } else return undefined;
  return cards.map(card).filter((one) => one !== null);
}

function poll(msg: Model): Record<string, any> | undefined {
  if (msg.type !== "poll_creation") return undefined;
  const options = Array.isArray(msg.pollOptions) ? msg.pollOptions : [];
  return {
    name: label(msg.pollName, 500) ?? "",
    options: options.slice(0, MOST_OPTIONS).map((option: any) => label(option?.name, 200) ?? ""),
    multiple: Number(msg.pollSelectableOptionsCount ?? 0) !== 1,
  };
}

function selected(msg: Model): Record<string, any> | undefined {
  switch (msg.type) {
    case "buttons_response":
      return { kind: "button", id: cut(msg.selectedButtonId, 300), text: cut(msg.body, 1_000) };
    case "template_button_reply":
      return { kind: "template", id: cut(msg.selectedId, 300), text: cut(msg.body, 1_000) };
    case "list_response": {
      const answer = msg.listResponse ?? {};
      return {
        kind: "list",
        id: cut(answer.singleSelectReply?.selectedRowId, 300),
        text: cut(answer.title ?? msg.body, 1_000),
        description: given(label(answer.description, 500)),
      };
    }
    default:
      return undefined;
  }
}

function order(msg: Model): Record<string, any> | undefined {
  if (msg.type !== "order") return undefined;
  const thousandths = Number(msg.totalAmount1000 ?? Number.NaN);
  return {
    id: cut(msg.orderId, 100),
    title: given(label(msg.orderTitle, 300)),
    items: given(count(msg.itemCount, 100_000)),
    total: Number.isFinite(thousandths) ? thousandths / 1000 : undefined,
    currency: given(label(msg.totalCurrencyCode, 8)),
  };
}

function ad(msg: Model): object | undefined {
  const context = msg.ctwaContext;
  if (!context || typeof context !== "object") return undefined;
  return {
    source: given(label(context.sourceApp ?? context.conversionSource, 50)),
    id: given(label(context.sourceId, 100)),
    title: given(label(context.title, 300)),
    text: given(label(context.description, 1_000)),
    url: given(link(context.sourceUrl)),
  };
}

/** Returns whether the id is the account's own, by number or by LID. */
function isMe(id: string): boolean {
  const prefs = pageModule("WAWebUserPrefsMeUser");
  const bare = (text: string): string => text.replace(/:\d+@/, "@");
  const own = [
    attempt(() => prefs.getMaybeMePnUser(), null),
    attempt(() => prefs.getMaybeMeLidUser(), null),
    attempt(() => prefs.getMaybeMeUser(), null),
  ];
  return own.some((wid) => wid && bare(serialized(wid)) === bare(id));
}

function quoted(msg: Model): object | undefined {
  const key = cut(msg.quotedStanzaID, 100);
  if (!key) return undefined;
  const author = serialized(msg.quotedParticipant);
  const chat = serialized(msg.quotedRemoteJid) || serialized(msg.id?.remote);
  const of = chat.endsWith("@g.us") && author ? `_${author}` : "";
  const inner = msg.quotedMsg ?? {};
  const own = isMe(author);
  return {
    message_id: cut(`${own}_${chat}_${key}${of}`, 300),
    author: cut(author, 100) || undefined,
    from_me: own,
    type: cut(inner.type, 50) || undefined,
    text: cut(inner.type === "chat" ? inner.body : (inner.caption ?? inner.pollName ?? inner.loc), 500) || undefined,
  };
}

/** Returns the message's content other than its text. */
export function content(msg: Model): Record<string, any> {
  return {
    media: media(msg),
    quoted: quoted(msg),
    location: location(msg),
    contacts: contacts(msg),
    poll: poll(msg),
    selected: selected(msg),
    order: order(msg),
    ad: ad(msg),
    view_once: msg.isViewOnce || isPlaceholder(msg) ? true : undefined,
    forwarded: msg.isForwarded ? true : undefined,
  };
}

const LONGEST_TEXT = 65_536;

/** Returns the message as text: its own text, or a description of its content. */
export function text(msg: Model, { location: place, contacts: cards, poll: asked, selected: chosen, order: bought }: Record<string, any>): string {
  if (place) return [place.name, place.address, `${place.latitude}, ${place.longitude}`].filter(Boolean).join("\n");
  if (cards) return cards.map((one: any) => [one.name, ...one.phones.map((phone: any) => phone.number)].filter(Boolean).join(" ")).join("\n");
  if (asked) return [asked.name, ...asked.options.map((option: string) => `- ${option}`)].join("\n");
  if (chosen) return chosen.text;
  if (bought) return [bought.title, bought.items && `× ${bought.items}`, bought.total !== undefined && `${bought.total} ${bought.currency ?? ""}`.trim()].filter(Boolean).join(" ");
  if (msg.type === "chat") return cut(msg.body, LONGEST_TEXT);
  // The body of a file message is its small picture.
  return MEDIA_TYPES.has(String(msg.type)) ? cut(msg.caption, LONGEST_TEXT) : described(msg);
}

/** Describes a message of a type that has no function here, such as a product, an invitation or
 * a business's list, by what the page shows of it. */
function described(msg: Model): string {
  const shown = [msg.title, msg.list?.title, msg.eventName, msg.inviteGrpName, msg.caption, msg.body, msg.list?.description, msg.description, msg.eventDescription, msg.footer];
  const texts = shown.filter((text) => typeof text === "string" && !text.startsWith("/9j/")).map((text) => cut(text, 2_000).trim());
  return [...new Set(texts)].filter(Boolean).join("\n");
}
