'use strict';
// Sends and receives messages.
(() => {
  const { MsgModel, Msg, MsgKey, createWid, keep, meet, learn, recall, storage, isBlocked, blockedError, limits } = __standin;

  /** The server's number for the monthly limit on new chats. */
  const NEW_CHATS_CAPPED = 475;

  /** Messages that were sent and not yet answered: for each key, the message and the callers
   * that wait for the answer. */
  const inFlight = new Map();
  const SENT_AGAIN_FOR = 24 * 3600;

  const result = (messageSendResult, more) => ({ messageSendResult, t: Math.floor(Date.now() / 1000), count: null, ...more });

  /** Returns two promises: that the message is stored in the profile, and the server's answer. */
  function addAndSendMsgToChat(chat, data) {
    const id = MsgKey.from(data.id);
    let message = Msg.get(id);
    if (message) {
      // The id is known: the server drops the message and acknowledges it.
      message.set({ isSendFailure: false, ...(message.ack === -1 ? { ack: 0 } : {}) });
    } else {
      message = new MsgModel({ ...data, id, ack: 0, local: true, isNewMsg: true, self: 'out' });
    }
    const store = async () => {
      keep(message);
      await storage.putMessage(message.row());
      return message;
    };
    // The real page checks this after it has stored the message. The stored message keeps its clock
    // icon, and is not marked as failed.
    if (isBlocked(message.to)) {
      message.set('heldBack', true);
      const stored = store();
      const refused = stored.then(() => {
        __standin.connection.say({ t: 'held_back', key: String(id) });
        throw blockedError(message.to);
      });
      refused.catch(() => {});
      return [stored, refused];
    }
    message.set('heldBack', false);
    const answered = new Promise((resolve) => {
      // Callers that send the same id meanwhile wait for the same answer.
      const waiting = inFlight.get(String(id))?.waiting ?? [];
      inFlight.set(String(id), { message, waiting: [...waiting, resolve] });
    });
    const stored = store();
    // The same id may be on its way already; it is sent only once.
    const key = String(id);
    if (!held.has(key)) {
      held.add(key);
      stored.then(() => transmitDelivered(message));
    }
    return [stored, answered];
  }

  const text = (value) => (value === undefined || value === null ? undefined : String(value));

  /** Returns what the server is told about a message besides its text. */
  function details(message) {
    const { lat, lng, loc } = message;
    const cards = message.vcardList?.map((card) => card.vcard) ?? (message.type === 'vcard' ? [message.body] : undefined);
    return {
      caption: text(message.caption) || undefined,
      location: lat === undefined ? undefined : { latitude: Number(lat), longitude: Number(lng), text: text(loc) ?? '' },
      cards,
      quoted: text(message.quotedStanzaID),
      mentions: message.mentionedJidList?.map(String),
      link_preview: message.subtype === 'url' || undefined,
      file: message.directPath && { path: message.directPath, mime: message.mimetype, filename: text(message.filename), gif: Boolean(message.isGif) },
    };
  }

  function transmit(message) {
    const body = message.type === 'vcard' || message.directPath ? '' : message.body;
    __standin.connection.say({
      t: 'send', id: message.id.id, key: String(message.id), to: message.id.remote._serialized,
      body: String(body ?? ''), kind: message.type ?? 'chat', details: details(message),
    });
  }

  /** The messages that are held until the waiting messages have been delivered. */
  const held = new Set();

  async function transmitDelivered(message) {
    await __standin.waitForOfflineDeliveryEnd();
    held.delete(String(message.id));
    transmit(message);
  }

  /** Stores a message that cannot be sent yet, because its file is still being uploaded. */
  async function keepOwn(message) {
    keep(message);
    await storage.putMessage(message.row());
  }

  /** Sends a line that uses the protocol of a message but is not one. Returns the server's
   * answer. */
  async function sendLine(id, { body, kind, details: more }) {
    const line = { t: 'send', id: id.id, key: String(id), to: id.remote._serialized, body, kind, details: more };
    await __standin.waitForOfflineDeliveryEnd();
    return new Promise((resolve) => {
      const waiting = inFlight.get(String(id))?.waiting ?? [];
      inFlight.set(String(id), { line, waiting: [...waiting, resolve] });
      __standin.connection.say(line);
    });
  }

  /** Handles a message that is deleted for everyone: its row continues under the key of the
   * deletion, and so does the model. */
  async function keepRevoked(target, key) {
    const row = await storage.getMessage(target);
    if (!row || row.type === 'revoked') return;
    const left = { ...row, key: String(key), type: 'revoked', body: undefined, more: { protocolMessageKey: target } };
    await storage.replaceMessage(target, left);
    const message = Msg.get(target);
    if (!message) return;
    for (const collection of message._collections) collection.replaceId(target, String(key));
    message.set({ id: key }, { silent: true });
    message.set({ body: undefined, caption: undefined, protocolMessageKey: MsgKey.from(target), subtype: 'sender', type: 'revoked' });
  }

  /** Stores a reaction, and reports it if the page has its message in memory. */
  async function keepReaction(row, t) {
    await storage.putReaction(row);
    if (Msg.get(row.parentMsgKey)) await window.require('WAWebReactionsModelUtils').addOrUpdateReactionsModelCollection({ ...row, t }, { allowNotify: true });
  }

  /** Sends a reaction. It is sent as a message, and its row is kept by message and sender: before it
   * is sent, without an ack, and with what became of it afterwards. */
  async function sendReactionToMsg(message, emoji) {
    const { remote } = message.id;
    // Removing a reaction is allowed.
    if (emoji && isBlocked(remote)) throw blockedError(remote);
    // The sender is the number, in a chat by LID as well.
    const from = __standin.me(false);
    const id = new MsgKey({ from, to: remote, id: await MsgKey.newId(), selfDir: 'out' });
    const target = String(message.id);
    const t = Math.floor(Date.now() / 1000);
    const before = (await storage.reactionsOf([target])).find((row) => row.senderUserJid === String(from));
    const row = {
      msgKey: String(id), parentMsgKey: target, senderUserJid: String(from), reactionText: emoji,
      timestamp: Math.max((before?.timestamp ?? 0) + 1, t * 1000), orphan: 0, read: true, ack: 0,
    };
    await keepReaction(row, t);
    const answer = await sendLine(id, { body: emoji, kind: 'reaction', details: { reacts_to: message.id.id } });
    const taken = answer.messageSendResult === 'OK';
    await keepReaction({ ...row, ack: taken ? 1 : -1 }, t);
    // There is no result on success, and no error number on a refusal.
    if (!taken) throw new Error('Reaction send error');
  }

  /** Sends unanswered messages again under the same ids, once the page is online again. */
  async function transmitUnsent() {
    const known = new Set(inFlight.keys());
    for (const [key, { message, line }] of inFlight) {
      if (held.has(key)) continue;
      line ? __standin.connection.say(line) : transmit(message);
    }
    const since = Date.now() / 1000 - SENT_AGAIN_FOR;
    for (const row of await storage.unsentMessages()) {
      if (known.has(row.key) || row.t < since) continue;
      // The file of this message never reached the server, and was lost with the page.
      if (row.more?.filehash && !row.more.directPath) continue;
      const message = await recall(row.key);
      inFlight.set(row.key, { message, waiting: [] });
      transmit(message);
    }
  }

  function settle(key, outcome) {
    inFlight.get(key)?.waiting.forEach((resolve) => resolve(outcome));
    inFlight.delete(key);
  }

  async function onAck({ key, ack }) {
    const message = Msg.get(key);
    message?.updateAck(ack);
    if (ack !== 0) settle(key, ack === -1 ? result('ERROR_UNKNOWN') : result('OK'));
    // An ack that the server accepted the message is written at once; later acks are written in
    // batches.
    if (message) await (ack > 1 ? storage.putMessageSoon(message.row()) : storage.putMessage(message.row()));
    else {
      // The message is not in memory: it changes in the profile, and no model reports that.
      const row = await storage.getMessage(key);
      if (row && MsgModel.rises(row.ack, ack)) await storage.putMessage({ ...row, ack, unsent: 0 });
    }
    __standin.connection.say({ t: 'got_ack', key, ack });
  }

  /** Handles a failed send. A refusal by the server has a number, and marks the message as
   * failed. A failure of the page itself has no number, and leaves a text with the clock icon. */
  async function onRefused({ key, result: why, error_code: ackErrorCode }) {
    const message = await recall(key);
    message?.set('isSendFailure', true);
    if (ackErrorCode) message?.updateAck(-1);
    if (ackErrorCode === NEW_CHATS_CAPPED) limits.capped();
    settle(key, { messageSendResult: why, ...(ackErrorCode ? { ackErrorCode } : {}) });
    if (message) await storage.putMessage(message.row());
  }

  /** Returns further fields of a message, with id objects where the page has them. */
  function fieldsOf({ fields }) {
    const all = { ...fields };
    if (all.quotedParticipant) all.quotedParticipant = createWid(all.quotedParticipant);
    return all;
  }

  /** The other person edits a message, deletes it, or reacts to it; the account reacts on the
   * phone. */
  const CHANGES = {
    async edit({ key, at }, { target, text }) {
      const row = await storage.getMessage(target);
      if (!row || row.type === 'revoked') return;
      // A message in memory changes with an event; one that is only in the profile changes without.
      const body = row.more?.caption === undefined ? { body: text } : { caption: text };
      const message = Msg.get(target);
      const edited = { ...body, latestEditMsgKey: MsgKey.from(key), latestEditSenderTimestampMs: at * 1000 };
      message?.set(edited);
      const model = message ?? MsgModel.fromRow(row);
      if (!message) model.set(edited, { silent: true });
      await storage.putMessage(model.row());
    },

    async revoke({ key, chat, at }, { target }) {
      const original = MsgKey.from(target);
      const from = createWid(chat);
      const protocol = { id: MsgKey.from(key), type: 'protocol', subtype: 'sender_revoke', isNewMsg: true, t: at, from, to: __standin.me(from.isLid()), protocolMessageKey: original };
      await Msg.processMultipleMessages(from, [protocol]);
      await keepRevoked(target, protocol.id);
    },

    async reaction({ key, chat, at, from_me: own }, { target, text, account_at: ownTime }) {
      const senderUserJid = own ? String(__standin.me(false)) : chat;
      await keepReaction({ msgKey: key, parentMsgKey: target, senderUserJid, reactionText: text, timestamp: ownTime ?? at * 1000, orphan: 0, read: own }, at);
    },
  };

  function toModel(incoming) {
    const chat = createWid(incoming.chat);
    const me = __standin.me(chat.isLid());
    return new MsgModel({
      id: incoming.key, body: incoming.body || undefined, type: incoming.ciphertext ? 'ciphertext' : incoming.kind ?? 'chat', t: incoming.at,
      subtype: incoming.subtype ?? undefined,
      from: incoming.from_me ? me : chat, to: incoming.from_me ? chat : me, self: incoming.from_me ? 'out' : 'in',
      ack: 1, notifyName: incoming.name, isNewMsg: !incoming.history, recvFresh: true,
      ...(incoming.ciphertext ? {} : fieldsOf(incoming)),
    });
  }

  /** Handles incoming messages. `missed` messages came with a sync, and may be stored already. */
  async function receive(list, missed) {
    const got = [];
    const stored = [];
    for (const incoming of list) {
      if (incoming.change) {
        await Promise.all(stored);
        await CHANGES[incoming.change.kind](incoming, incoming.change);
        got.push(incoming.key);
        continue;
      }
      const known = missed ? await recall(incoming.key) : Msg.get(incoming.key);
      if (known) {
        if (known.type === 'ciphertext' && !incoming.ciphertext) reveal(known, incoming.body, incoming.kind);
      } else {
        const chat = createWid(incoming.chat);
        if (incoming.phone && incoming.lid) learn(createWid(`${incoming.phone}@c.us`), createWid(`${incoming.lid}@lid`));
        const message = keep(toModel(incoming));
        meet(chat, incoming.from_me ? undefined : incoming.name);
        stored.push(storage.putMessage(message.row()));
      }
      if (!incoming.ciphertext) got.push(incoming.key);
    }
    await Promise.all(stored);
    if (got.length) __standin.connection.say({ t: 'got', keys: got });
  }

  function reveal(message, body, kind) {
    message.set({ body, type: kind ?? 'chat' });
    return storage.putMessage(message.row());
  }

  async function onReveal({ key, body, kind, is_change: isChange }) {
    const message = await recall(key);
    if (!message) return;
    if (isChange) {
      // The page applies the change to the other message, and deletes the placeholder.
      Msg.remove(message);
      __standin.Chat.get(message.id.remote)?.msgs.remove(message);
      await storage.drop(key);
    } else await reveal(message, body, kind);
    __standin.connection.say({ t: 'got', keys: [key] });
  }

  const AT_ONCE = 5_000;

  /** Stores messages in the profile without any event: `old` old ones and `each` new ones in
   * each of `chats` chats. */
  async function storeUntold({ chats, each, old }) {
    const now = Math.floor(Date.now() / 1000);
    let rows = [];
    const me = String(__standin.me());
    for (let chat = 0; chat < chats; chat++) {
      const from = `549${String(3_000_000_000 + chat)}@c.us`;
      for (let n = 0; n < old + each; n++) {
        const t = n < old ? now - 86_400 : now;
        const id = `3A${String(chat).padStart(8, '0')}${String(n).padStart(8, '0')}`;
        rows.push({
          more: {}, key: `false_${from}_${id}`, chat: from, from, to: me, body: `${chat}/${n < old ? `old ${n}` : n - old}`, type: 'chat',
          t, ack: 1, notifyName: `Lead ${chat}`, self: 'in', rowId: t * 1e6 + n, unsent: 0,
        });
      }
      if (rows.length < AT_ONCE && chat + 1 < chats) continue;
      await storage.putMessages(rows);
      rows = [];
    }
    __standin.connection.say({ t: 'stored' });
  }

  /** Loads what the page has in memory when it starts, without any event: every chat with its
   * last message. The rest stays in the profile. */
  async function remember() {
    await __standin.recallLids();
    for (const row of await storage.lastOfEachChat()) keep(MsgModel.fromRow(row));
    // The message that a chat names as its last need not be in the database.
    for (const row of await storage.forgotten()) keep(MsgModel.fromRow(row));
    await __standin.recallUnread();
  }

  Object.assign(__standin, { messages: { result, addAndSendMsgToChat, keepOwn, sendLine, keepRevoked, onAck, onRefused, receive, onReveal, remember, storeUntold, transmitUnsent } });

  const { module } = __standin;
  module(3, 'WAWebSendMsgChatAction', () => ({ addAndSendMsgToChat }));
  module(3, 'WAWebSendMsgResultAction', () => ({
    SendMsgResult: Object.fromEntries(['OK', 'ERROR_NETWORK', 'ERROR_EXPIRED', 'ERROR_CANCELLED', 'ERROR_UPLOAD', 'ERROR_UNKNOWN'].map((x) => [x, x])),
  }));
  module(3, 'WAWebSendReactionMsgAction', () => ({ sendReactionToMsg }));
  /** The types of what is in a chat without being somebody's message. */
  const WITHOUT_REACTIONS = ['ciphertext', 'revoked', 'protocol', 'notification', 'e2e_notification', 'notification_template', 'gp2', 'call_log', 'pinned_message', 'album', 'unknown'];
  module(3, 'WAWebReactionsUtils', () => ({
    canReactToMessage: (msg) => !WITHOUT_REACTIONS.includes(msg.type) && (!msg.id.fromMe || msg.ack > 0),
  }));
  module(3, 'WAWebSendTextMsgChatAction', () => ({
    sendTextMsgToChat: async (chat, body) => {
      const id = new MsgKey({ from: __standin.me(), to: chat.id, id: await MsgKey.newId(), selfDir: 'out' });
      return addAndSendMsgToChat(chat, { id, body, type: 'chat', from: __standin.me(chat.id.isLid()), to: chat.id, t: Math.floor(Date.now() / 1000) })[1];
    },
  }));
  module(3, 'WAWebGetEphemeralFieldsMsgActionsUtils', () => ({ getEphemeralFields: () => ({}) }));
})();
