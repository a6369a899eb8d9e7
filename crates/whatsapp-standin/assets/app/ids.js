'use strict';
// The ids: Wid for people and groups, MsgKey for messages.
(() => {
  const { config } = __standin;
  const SERVERS = ['c.us', 'lid', 'g.us', 'broadcast', 'newsletter', 'call', 'bot'];

  class Wid {
    constructor(text) {
      const [left, server] = String(text).split('@');
      const [user, device] = left.split(':');
      this.server = server;
      this.user = user;
      if (device !== undefined && device !== '0') this.device = Number(device);
      this._serialized = this.device === undefined ? `${user}@${server}` : `${user}:${this.device}@${server}`;
    }

    toString() { return this._serialized; }
    toJSON() { return this._serialized; }
    toJid() { return this._serialized.replace('@c.us', '@s.whatsapp.net'); }
    equals(other) { return Boolean(other) && this._serialized === (other._serialized ?? other); }
    isSameAccount(other) { return this.user === other?.user && this.server === other?.server; }
    getDeviceId() { return this.device ?? 0; }
    getSignalAddress() { return `${this.user}.${this.getDeviceId()}`; }
    isUser() { return this.server === 'c.us' || this.server === 'lid'; }
    isRegularUser() { return this.isUser(); }
    isRegularUserPn() { return this.server === 'c.us'; }
    isLid() { return this.server === 'lid'; }
    isGroup() { return this.server === 'g.us'; }
    isGroupCall() { return this.server === 'call'; }
    isBroadcast() { return this.server === 'broadcast'; }
    isNewsletter() { return this.server === 'newsletter'; }
    isBot() { return this.server === 'bot'; }
    isServer() { return this.user === 'server'; }
    isPSA() { return this._serialized === '0@c.us'; }
    isUserNotPSA() { return this.isUser() && !this.isPSA(); }
    isStatus() { return this._serialized === 'status@broadcast'; }
    isStatusV3() { return this.isStatus(); }
    isOfficialBizAccount() { return false; }
    isCompanion() { return Boolean(this.device); }
    isGreaterThan(other) { return this._serialized > String(other); }
    isLessThan(other) { return this._serialized < String(other); }

    static isWid(text) {
      const [user, server, more] = String(text ?? '').split('@');
      return Boolean(user) && SERVERS.includes(server) && more === undefined;
    }

    static isXWid(server, wid) { return String(wid).endsWith(`@${server}`); }
    static isUser(wid) { return Wid.isXWid('c.us', wid) || Wid.isXWid('lid', wid); }
    static isLid(wid) { return Wid.isXWid('lid', wid); }
    static isGroup(wid) { return Wid.isXWid('g.us', wid); }
    static isBroadcast(wid) { return Wid.isXWid('broadcast', wid); }
    static isNewsletter(wid) { return Wid.isXWid('newsletter', wid); }
    static isStatus(wid) { return String(wid) === 'status@broadcast'; }
    static isStatusV3(wid) { return Wid.isStatus(wid); }
    static isPSA(wid) { return String(wid) === '0@c.us'; }
    static isServer(wid) { return String(wid).startsWith('server@'); }
    static isOfficialBizAccount() { return false; }
    static equals(a, b) { return String(a) === String(b); }
    static user(wid) { return String(wid).split('@')[0]; }
    static canBeWid(text) { return Wid.isWid(text); }
  }

  function createWid(id) {
    if (id instanceof Wid) return id;
    const text = String(id?._serialized ?? id).replace('@s.whatsapp.net', '@c.us');
    if (!Wid.isWid(text)) {
      throw new Error(`wid error: invalid wid ${text}`);
    }
    return new Wid(text);
  }

  const user = (id, server = 'c.us') => createWid(`${String(id).split('@')[0]}@${server}`);
  const isWidlike = (id) => typeof id === 'object' && id !== null && typeof id.user === 'string' && typeof id.server === 'string';
  const withoutDevice = (wid) => new Wid(`${wid.user}@${wid.server}`);

  const WidFactory = {
    createWid,
    createUserWid: user,
    createUserWidOrThrow: user,
    createDeviceWid: createWid,
    createDeviceWidFromUserAndDevice: (name, server, device) => new Wid(`${name}:${device}@${server}`),
    createWidFromWidLike: (id) => (id instanceof Wid ? id : createWid(isWidlike(id) ? `${id.user}@${id.server}` : id)),
    isWidlike,
    asUserWidOrThrow: (wid) => withoutDevice(createWid(wid)),
    asChatWid: (wid) => createWid(wid),
    toChatWid: (wid) => createWid(wid),
    toUserWid: (wid) => withoutDevice(createWid(wid)),
    toUserWidOrThrow: (wid) => withoutDevice(createWid(wid)),
    toGroupWid: (wid) => createWid(wid),
    userJidToUserWid: (wid) => withoutDevice(createWid(wid)),
    toUserLid: (wid) => (createWid(wid).isLid() ? createWid(wid) : __standin.lidOf(createWid(wid))),
    toUserLidOrThrow: (wid) => {
      const lid = WidFactory.toUserLid(wid);
      if (!lid) throw new Error(`no lid for ${wid}`);
      return lid;
    },
  };

  // In 2026-07 the page's minifier renamed the field behind `toString`.
  const CACHED = config.msg_key_renamed ? '$MsgKey$p_1' : '_serialized';

  class MsgKey {
    constructor(from) {
      if (from === null || from === undefined) {
        throw new Error('MsgKey error: obj is null/undefined');
      }
      if (from instanceof MsgKey) from = { ...from };
      if (from.selfDir) {
        this.fromMe = from.selfDir === 'out';
        this.remote = this.fromMe ? from.to : from.from;
      } else {
        this.fromMe = Boolean(from.fromMe);
        this.remote = from.remote;
      }
      this.remote = createWid(this.remote);
      this.id = from.id;
      if (!this.id) throw new Error('MsgKey error: no id');
      if (from.participant) this.participant = createWid(from.participant);
      const tail = this.participant ? `_${this.participant}` : '';
      this[CACHED] = `${this.fromMe}_${this.remote}_${this.id}${tail}`;
    }

    toString() {
      return this._serialized;
    }

    clone() { return new MsgKey(this); }
    equals(other) { return Boolean(other) && String(this) === String(other); }

    static fromString(text) {
      const [fromMe, remote, id, participant] = String(text).split('_');
      if (!['true', 'false'].includes(fromMe) || !remote || !id) {
        throw new Error(`MsgKey error: invalid key ${text}`);
      }
      return new MsgKey({ fromMe: fromMe === 'true', remote, id, participant });
    }

    static from(key) { return key instanceof MsgKey ? key : MsgKey.fromString(key); }

    static newId_DEPRECATED() { return newId(); }
    static async newId() { return newId(); }
  }

  if (config.msg_key_renamed) {
    MsgKey.prototype.toString = function () {
      return this.$MsgKey$p_1;
    };
  }

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return `3EB0${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join('').toUpperCase()}`;
  }

  Object.assign(__standin, { Wid, WidFactory, MsgKey, createWid });
  __standin.module(1, 'WAWebWid', () => Wid);
  __standin.module(1, 'WAWebWidFactory', () => WidFactory);
  __standin.module(1, 'WAWebMsgKey', () => MsgKey);
})();
