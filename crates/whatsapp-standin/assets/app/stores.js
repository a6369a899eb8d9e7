'use strict';
// Messages, chats and contacts, and the collections that hold them.
(() => {
  const { BaseModel, BaseCollection, WidFactory, MsgKey, createWid, storage, config } = __standin;

  const last = { t: 0, row: 0 };

  /** Returns the number of a new row. Rows of the same second keep their order of arrival, even
   * after a reload. */
  function newRow(t) {
    const since = Math.min(Math.max(Date.now() - t * 1000, 0), 999_999);
    let row = t * 1e6 + since;
    if (last.t === t) row = Math.max(row, last.row + 1);
    Object.assign(last, { t, row });
    return row;
  }

  // The attributes besides text and addresses that the profile stores.
  const MORE = [
    'caption', 'lat', 'lng', 'loc', 'vcardList', 'vcardFormattedName', 'quotedStanzaID', 'mentionedJidList', 'subtype',
    'mimetype', 'filename', 'size', 'filehash', 'directPath', 'duration', 'width', 'height', 'mediaKey', 'isViewOnce',
    'quotedParticipant', 'quotedMsg', 'pollName', 'pollOptions', 'pollSelectableOptionsCount', 'listResponse', 'selectedId',
    'selectedButtonId', 'orderId', 'orderTitle', 'itemCount', 'totalAmount1000', 'totalCurrencyCode', 'ctwaContext',
    'isForwarded', 'forwardingScore', 'callOutcome', 'isVideoCall', 'latestEditMsgKey', 'latestEditSenderTimestampMs',
    'protocolMessageKey',
  ];
  const plain = (value) => {
    if (Array.isArray(value)) return value.map(plain);
    if (value instanceof MsgKey) return String(value);
    return value?._serialized ?? value;
  };

  class MsgModel extends BaseModel {
    static defaults = { ack: 0, isSendFailure: false, isNewMsg: false, star: false, isForwarded: false };
    static idClass = MsgKey;

    initialize() {
      const rowId = this._attributes.rowId ?? newRow(this._attributes.t ?? 0);
      this.set({ id: MsgKey.from(this._attributes.id), rowId }, { silent: true });
    }

    /** What is known about the message's file, which `downloadMedia` fetches. */
    get mediaData() {
      if (this._attributes.mediaData) return this._attributes.mediaData;
      if (!this.directPath) return undefined;
      this._mediaData ??= __standin.mediaDataOf(this);
      return this._mediaData;
    }
    get mediaObject() { return this.mediaData && { type: String(this.type).toUpperCase(), filehash: this.filehash }; }
    downloadMedia() { return __standin.downloadMedia(this); }

    get isSentByMe() { return this.id.fromMe; }
    get isMedia() { return Boolean(this.filehash); }
    get isStatusV3() { return this.id.remote.isStatus(); }
    get isEphemeral() { return false; }
    get isNotification() { return this.type === 'notification'; }
    get sender() { return this.id.fromMe ? this.from : this.author ?? this.from; }
    get senderObj() { return Contact.get(this.sender) ?? { id: this.sender, isMe: this.id.fromMe }; }
    get text() { return this.body; }
    get isFailed() { return this.ack === -1 || Boolean(this.isSendFailure); }
    safe() { return this; }
    unsafe() { return this; }
    getCollection() { return Msg; }
    canReply() { return true; }
    msgContextInfo() {
      return { quotedMsg: { type: this.type, body: this.body }, quotedStanzaID: this.id.id, quotedParticipant: this.sender };
    }
    getLinks() { return []; }

    /** Returns whether an ack may follow another: acks only rise, except for a failure. */
    static rises(from, to) {
      return to === -1 || to > from || from === -1;
    }

    updateAck(ack) {
      if (MsgModel.rises(this.ack, ack)) this.set('ack', ack);
    }

    /** Returns the message as the profile stores it. */
    row() {
      const more = {};
      for (const name of MORE) {
        const value = this._attributes[name];
        if (value !== undefined) more[name] = plain(value);
      }
      return {
        more,
        key: String(this.id), chat: this.id.remote._serialized, from: String(this.from), to: String(this.to),
        body: this.body, type: this.type, t: this.t, ack: this.ack, notifyName: this.notifyName, self: this.self,
        rowId: this.rowId,
        // Index keys cannot be booleans, hence 1 and 0.
        unsent: this.id.fromMe && this.local && this.ack === 0 && !this.isSendFailure && !this.heldBack ? 1 : 0,
      };
    }

    static fromRow(row) {
      const more = { ...row.more };
      if (more.mentionedJidList) more.mentionedJidList = more.mentionedJidList.map(createWid);
      if (more.quotedParticipant) more.quotedParticipant = createWid(more.quotedParticipant);
      for (const key of ['latestEditMsgKey', 'protocolMessageKey']) if (more[key]) more[key] = MsgKey.from(more[key]);
      return new MsgModel({
        ...more,
        id: row.key, from: createWid(row.from), to: createWid(row.to), body: row.body, type: row.type, t: row.t,
        ack: row.ack, notifyName: row.notifyName, rowId: row.rowId, self: row.self, local: row.unsent === 1, isNewMsg: false,
      });
    }
  }
  MsgModel.prototype.proxyName = 'msg';

  class MsgCollection extends BaseCollection {
    static model = MsgModel;

    async getMessagesById(ids) {
      const messages = await Promise.all(ids.map((id) => recall(id)));
      return { messages: messages.filter(Boolean) };
    }

    async find(id) { return recall(id); }
    async findQuery(id) { return recall(id); }
    // Messages that change another message pass through here, but are not kept.
    async processMultipleMessages(_chat, messages) { return this.add(messages.filter(({ type }) => type !== 'protocol')); }
    hasSynced() { return true; }
    getStarred() { return []; }
  }

  /** Returns a message from the collection, or else from the profile. */
  async function recall(id) {
    const key = String(id?._serialized ?? id);
    const known = Msg.get(key);
    if (known) return known;
    const row = await storage.getMessage(key);
    return row && (Msg.get(key) ?? keep(MsgModel.fromRow(row)));
  }

  class ChatMsgsCollection extends BaseCollection {
    static model = MsgModel;
    msgLoadState = { noEarlierMsgs: true, contextLoaded: true };
  }

  class ChatModel extends BaseModel {
    static defaults = {
      unreadCount: 0, archive: false, pin: undefined, t: undefined, isReadOnly: false, canSend: true,
      name: undefined, formattedTitle: undefined, active: false, notSpam: true,
    };

    initialize() {
      const hidden = { msgs: new ChatMsgsCollection(), mute: { expiration: 0, isMuted: false }, presence: { subscribe: async () => {}, chatstate: {}, isOnline: false }, promises: {} };
      for (const [key, value] of Object.entries(hidden)) {
        Object.defineProperty(this, key, { value, writable: true, enumerable: false });
      }
      this.set({ id: createWid(this._attributes.id) }, { silent: true });
    }

    get contact() { return Contact.get(this.id); }
    get title() { return this.formattedTitle; }
    get isTrusted() { return () => true; }
    getCollection() { return Chat; }
    getLastReceivedKey() { return this.lastReceivedKey; }
    async loadEarlierMsgs() { return []; }
    async waitForChatLoading() {}
    serialize() {
      const last = this.msgs.last();
      return { ...this._attributes, msgs: last ? [last.serialize()] : [] };
    }
    toJSON() { return { ...this._attributes }; }
  }
  ChatModel.prototype.proxyName = 'chat';

  class ChatCollection extends BaseCollection {
    static model = ChatModel;
    async find(id) { return chatFor(createWid(id)); }
    getActive() { return this.findFirst((chat) => chat.active); }
  }

  class ContactModel extends BaseModel {
    static defaults = { name: undefined, pushname: undefined, shortName: undefined, isBusiness: false, isEnterprise: false, isContactBlocked: false, type: 'in' };
    static idClass = WidFactory;

    initialize() {
      this.set({ id: createWid(this._attributes.id) }, { silent: true });
    }

    getCollection() { return Contact; }
    get isMe() { return [__standin.me(), __standin.me(true)].some((me) => me && String(me) === String(this.id)); }
    getProfilePicThumb() { return __standin.ProfilePicThumb.get(this.id) ?? { img: undefined }; }
  }
  ContactModel.prototype.proxyName = 'contact';

  class ContactCollection extends BaseCollection {
    static model = ContactModel;
  }

  class BlocklistModel extends BaseModel {}
  BlocklistModel.prototype.proxyName = 'blocklist';

  class BlocklistCollectionImpl extends BaseCollection {
    static model = BlocklistModel;
  }

  const Blocklist = new BlocklistCollectionImpl();
  const Msg = new MsgCollection();
  const Chat = new ChatCollection();
  const Contact = new ContactCollection();

  function chatFor(wid) {
    return Chat.get(wid) ?? Chat.add({ id: wid, formattedTitle: Contact.get(wid)?.pushname ?? wid.user });
  }

  /** Adds a message to its chat and collection. A new message is announced. */
  function keep(message) {
    const chat = chatFor(message.id.remote);
    chat.msgs.add(message);
    const changes = {};
    const last = !chat.t || message.t >= chat.t;
    if (last) changes.t = message.t;
    if (!message.id.fromMe) {
      if (last) changes.lastReceivedKey = message.id;
      if (message.isNewMsg) changes.unreadCount = chat.unreadCount + 1;
    }
    Msg.add(message);
    chat.set(changes);
    return message;
  }

  Object.assign(__standin, { MsgModel, ChatModel, ContactModel, Msg, Chat, Contact, Blocklist, ChatMsgsCollection, chatFor, keep, recall });

  const { module } = __standin;
  module(3, 'WAWebMsgModel', () => ({ MsgModel, default: MsgModel }));
  module(3, 'WAWebChatModel', () => ({ ChatModel, default: ChatModel }));
  module(3, 'WAWebContactModel', () => ({ ContactModel, default: ContactModel }));
  module(3, 'WAWebMsgCollection', () => ({ MsgCollection: Msg, MsgCollectionImpl: MsgCollection }));
  module(3, 'WAWebChatCollection', () => ({ ChatCollection: Chat, ChatCollectionImpl: ChatCollection }));
  module(3, 'WAWebContactCollection', () => ({ ContactCollection: Contact, ContactCollectionImpl: ContactCollection }));
  module(3, 'WAWebBlocklistCollection', () => ({ BlocklistCollection: Blocklist, BlocklistCollectionImpl }));
  module(3, 'WAWebChatMsgsCollection', () => ({ ChatMsgsCollection }));
  /** Returns messages of a chat next to one of them, from the profile. */
  async function beside({ anchor, count, direction }) {
    const chat = anchor?.remote && String(anchor.remote);
    // A key names a message, which has to be in the database. Anything else stands for the chat's
    // end, and messages exist only before that.
    const named = anchor instanceof MsgKey;
    if (!named && !config.chat_as_anchor) return { messages: [], status: 404 };
    if (!chat || !(count > 0) || (!named && direction === 'after')) return { messages: [], status: 200 };
    const start = named ? await storage.getMessage(String(anchor)) : { rowId: Infinity };
    if (!start) return { messages: [], status: 404 };
    const find = direction === 'after' ? storage.messagesAfter : storage.messagesBefore;
    const rows = await find(chat, start.rowId, count);
    // Return the fields of rows, not models.
    return { messages: rows.map((row) => ({ ...MsgModel.fromRow(row).attributes })), status: 200 };
  }

  async function loadEarlierMsgs({ chat }) {
    const first = chat.msgs.getModelsArray().reduce((a, b) => (!a || b.rowId < a.rowId ? b : a), undefined);
    if (!first) return [];
    const { messages } = await beside({ anchor: first.id, count: 50, direction: 'before' });
    const fresh = messages.map((row) => Msg.get(row.id) ?? new MsgModel(row)).filter((message) => !chat.msgs.get(message));
    fresh.forEach((message) => chat.msgs.add(message, { silent: true }));
    return fresh;
  }

  module(3, 'WAWebChatLoadMessages', () => ({ loadEarlierMsgs, loadRecentMsgs: async () => [] }));
  module(3, 'WAWebDBMessageFindLocal', () => ({
    msgFindByDirection: beside,
    msgFindBefore: (what) => beside({ ...what, direction: 'before' }),
    msgFindAfter: (what) => beside({ ...what, direction: 'after' }),
  }));
  module(3, 'WAWebChatMessageSearch', () => ({
    getSearchContext: ({ chat, msgKey }) => {
      const key = MsgKey.from(msgKey instanceof MsgKey ? msgKey : msgKey?.id ?? msgKey);
      chat.msgs.loadAroundPromise = recall(key);
      return { collection: chat.msgs, key, highlightMsg: true };
    },
  }));
})();
