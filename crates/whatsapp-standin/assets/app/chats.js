'use strict';
// Acts in a chat other than by sending messages: read receipts and typing. Also asks the server for
// a person's about text and picture.
(() => {
  const { module, storage, Chat, Stream, createWid, BaseModel, BaseCollection } = __standin;
  const say = (line) => __standin.connection.say(line);

  let saving = null;
  Chat.on('change:unreadCount', () => {
    saving ??= Promise.resolve().then(() => {
      saving = null;
      const unread = Chat.getModelsArray().filter((chat) => chat.unreadCount).map((chat) => [String(chat.id), chat.unreadCount]);
      return storage.saveUnread(unread);
    });
  });

  /** Restores the unread counts from before the page was reloaded. */
  __standin.recallUnread = async () => {
    for (const [id, unreadCount] of await storage.unread()) Chat.get(id)?.set({ unreadCount }, { silent: true });
  };

  /** Sends a read receipt. Only an unread chat gets one, and only while the account is
   * available, unless the caller asks for it at once. */
  async function sendSeen(given, later) {
    const chat = given?.chat ?? given;
    const afterAvailable = given?.afterAvailable ?? later ?? true;
    if (!chat?.unreadCount || chat.markedUnread) return;
    if (!Stream.available && afterAvailable) {
      Stream.once('change:available', () => sendSeen(chat));
      return;
    }
    say({ t: 'seen', chat: chat.id._serialized, key: String(chat.lastReceivedKey ?? ''), count: Math.max(chat.unreadCount, 0) });
    chat.set({ unreadCount: 0 });
  }

  const PAUSED_MS = 2_500;
  const AGAIN_MS = 10_000;
  const sendChatState = (state) => async (id) => void say({ t: 'chat_state', chat: String(id), state });
  const [sendChatStateComposing, sendChatStateRecording, sendChatStatePaused] = ['composing', 'recording', 'paused'].map(sendChatState);

  /** Repeats the activity while it lasts, and withdraws it after a moment. */
  function mark(chat, name, tell) {
    const other = name === 'typing' ? 'recording' : 'typing';
    if (!chat[name]) {
      tell(chat.id);
      const again = () => {
        if (!chat[name]) return;
        tell(chat.id);
        chat.set({ presenceResendTimerId: setTimeout(again, AGAIN_MS) });
      };
      chat.set({ presenceResendTimerId: setTimeout(again, AGAIN_MS) });
    }
    clearTimeout(chat.pausedTimerId);
    chat.set({ [name]: true, [other]: false });
    if (name === 'typing') chat.set({ pausedTimerId: setTimeout(() => markPaused(chat), PAUSED_MS) });
  }

  function markPaused(chat) {
    if (chat.typing || chat.recording) sendChatStatePaused(chat.id);
    clearTimeout(chat.presenceResendTimerId);
    clearTimeout(chat.pausedTimerId);
    chat.set({ typing: false, recording: false, presenceResendTimerId: undefined, pausedTimerId: undefined });
  }

  const profile = async (wid) => __standin.connection.ask({ t: 'profile', user: wid.user, server: wid.server });

  class TextStatusModel extends BaseModel {
    initialize() { this.set({ id: createWid(this._attributes.id) }, { silent: true }); }
  }
  TextStatusModel.prototype.proxyName = 'text-status';
  class TextStatusCollectionImpl extends BaseCollection {
    static model = TextStatusModel;
    async find(id) {
      const wid = createWid(id);
      const { about } = await profile(wid);
      return this.gadd(wid).set({ status: about ?? undefined });
    }
  }
  const TextStatus = new TextStatusCollectionImpl();

  class ProfilePicThumbModel extends BaseModel {
    initialize() { this.set({ id: createWid(this._attributes.id) }, { silent: true }); }
  }
  ProfilePicThumbModel.prototype.proxyName = 'profile_pic_thumb';
  class ProfilePicThumbCollectionImpl extends BaseCollection {
    static model = ProfilePicThumbModel;
    async find(id) {
      const wid = createWid(id);
      const { picture } = await profile(wid);
      return this.gadd(wid).set({ img: picture ?? undefined, imgFull: picture ?? undefined, eurl: picture ?? undefined });
    }
  }
  const ProfilePicThumb = new ProfilePicThumbCollectionImpl();

  Object.assign(__standin, { TextStatus, ProfilePicThumb });

  module(3, 'WAWebUpdateUnreadChatAction', () => ({ sendSeen, markUnread: async (chat) => chat.set({ unreadCount: -1 }) }));
  module(3, 'WAWebChatStateBridge', () => ({ sendChatStateComposing, sendChatStateRecording, sendChatStatePaused }));
  module(3, 'WAWebPresenceChatAction', () => ({
    markComposing: (chat) => mark(chat, 'typing', sendChatStateComposing),
    markRecording: (chat) => mark(chat, 'recording', sendChatStateRecording),
    markPaused,
    sendPresenceAvailable() {},
    sendPresenceUnavailable() {},
  }));
  module(5, 'WAWebTextStatusCollection', () => ({ TextStatusCollection: TextStatus, TextStatusCollectionImpl }));
  module(5, 'WAWebProfilePicThumbCollection', () => ({ ProfilePicThumbCollection: ProfilePicThumb, ProfilePicThumbCollectionImpl }));
})();
