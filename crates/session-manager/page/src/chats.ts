// Acts in a chat other than by sending messages: sends read receipts and shows typing.

import { bothIds, chatOf, recipient, tools } from "./lookup";
import { attempt, serialized } from "./wa";

/** Marks a chat as read, which the other person sees. Does not create a chat. */
export async function markRead({ to }: { to: string }): Promise<{ chat: string | null; unread: number }> {
  const WPP = tools();
  const wid = await recipient(WPP, to);
  const ids = new Set([to, ...bothIds(WPP, serialized(wid))]);
  for (const id of ids) {
    const chat = attempt<any>(() => WPP.whatsapp.ChatStore.get(id), null);
    if (!chat) continue;
    // A chat that the user marked as unread has a count of -1.
    const unread = Math.max(Number(chat.unreadCount) || 0, 0);
    await WPP.chat.markIsRead(serialized(chat.id));
    return { chat: serialized(chat.id), unread };
  }
  return { chat: null, unread: 0 };
}

/** The timers that end typing, by chat. */
const ends = new Map<string, ReturnType<typeof setTimeout>>();

/** Shows the account as typing for `ms` milliseconds; 0 ends it. The page ends it by its own
 * timer, so that it ends whatever happens to the service. */
export async function typing({ to, ms }: { to: string; ms: number }): Promise<{ chat: string }> {
  const WPP = tools();
  const chat = await chatOf(WPP, await recipient(WPP, to));
  clearTimeout(ends.get(chat));
  ends.delete(chat);
  if (ms === 0) {
    await WPP.chat.markIsPaused(chat);
    return { chat };
  }
  await WPP.chat.markIsComposing(chat);
  const end = setTimeout(() => {
    ends.delete(chat);
    void Promise.resolve()
      .then(() => WPP.chat.markIsPaused(chat))
      .catch(() => undefined);
  }, ms);
  ends.set(chat, end);
  return { chat };
}
