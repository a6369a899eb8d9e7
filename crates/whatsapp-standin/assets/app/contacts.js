'use strict';
// Knows who has WhatsApp, which LID belongs to which number, and the chat of a number.
(() => {
  const { createWid, Chat, Contact, chatFor, config, storage, Blocklist } = __standin;
  const lidByPhone = new Map();
  const phoneByLid = new Map();

  let saving = null;

  function learn(phone, lid) {
    if (String(phoneByLid.get(lid._serialized)) === String(phone)) return;
    lidByPhone.set(phone._serialized, lid);
    phoneByLid.set(lid._serialized, phone);
    // Save once for all the pairs that are learned in one turn.
    saving ??= Promise.resolve().then(() => {
      saving = null;
      return storage.saveLids([...phoneByLid].map(([known, number]) => [String(number), known]));
    });
  }

  /** Restores the pairs that were learned before the page was reloaded. */
  async function recallLids() {
    for (const [phone, lid] of await storage.lids()) learn(createWid(phone), createWid(lid));
  }

  const lidOf = (wid) => (wid?.isLid?.() ? wid : lidByPhone.get(String(wid)));
  const phoneOf = (wid) => (wid?.isLid?.() ? phoneByLid.get(String(wid)) : wid);
  const other = (wid) => (wid.isLid() ? phoneByLid.get(String(wid)) : lidByPhone.get(String(wid)));

  async function queryWidExists(wid) {
    wid = createWid(wid);
    if (!wid.isUser()) return null;
    const answer = await __standin.connection.ask({ t: 'query_exists', user: wid.user, server: wid.server });
    if (!answer.on_whatsapp) return null;
    const account = createWid(`${answer.user}@c.us`);
    learn(account, createWid(`${answer.lid}@lid`));
    // The number comes back in the account's own spelling.
    return { wid: wid.isLid() ? wid : account, biz: false, bizInfo: undefined, disappearingMode: undefined, username: undefined };
  }

  async function findOrCreateLatestChat(wid) {
    let id = createWid(wid);
    if (config.lid_migrated && id.server === 'c.us') {
      // On a migrated account, the chat of a number is the chat of its LID.
      if (!lidOf(id)) await queryWidExists(id).catch(() => null);
      // The error is the same for a number without WhatsApp and for one that could not be looked
      // up.
      if (!lidOf(id)) throw new Error('No LID for user');
      id = lidOf(id);
    }
    const created = !Chat.get(id);
    return { chat: chatFor(id), created };
  }

  function meet(wid, pushname) {
    const contact = Contact.gadd(wid);
    if (pushname) contact.set({ pushname, shortName: pushname });
    const chat = Chat.get(wid);
    if (pushname && chat) chat.set({ formattedTitle: pushname });
    return contact;
  }

  /** Contacts that are blocked on the phone, but are not in the page's list yet. */
  let late = [];

  /** Handles the contacts that the phone has saved, and those that it has blocked. */
  function onContacts({ saved, blocked }) {
    for (const { user, name, business } of saved) {
      const contact = meet(createWid(`${user}@c.us`), undefined).set({ isBusiness: business });
      if (name) contact.set({ name, shortName: name, isAddressBookContact: 1 });
    }
    const ids = blocked.map(({ user, lid }) => createWid(config.lid_migrated ? `${lid}@lid` : `${user}@c.us`));
    for (const gone of Blocklist.getModelsArray()) if (!ids.some((id) => String(id) === String(gone.id))) Blocklist.remove(gone);
    if (config.late_blocklist) late = ids;
    else block(ids);
  }

  function block(ids) {
    for (const id of ids) Blocklist.get(id) ?? Blocklist.add({ id });
    Blocklist.sort();
  }

  /** Returns whether a contact is blocked, which the page checks when it sends. This brings the
   * page's list up to date. */
  function isBlocked(wid) {
    block(late);
    late = [];
    return Boolean(Blocklist.get(createWid(wid)));
  }

  function blockedError(wid) {
    const error = new Error('Contact is blocked');
    return Object.assign(error, { name: 'ContactBlockedError', contact: Contact.get(wid) });
  }

  const lidPnCache = {
    getPhoneNumber: (lid) => phoneByLid.get(String(lid)),
    getCurrentLid: (phone) => lidByPhone.get(String(phone)),
    getLidEntry: (lid) => {
      const phoneNumber = phoneByLid.get(String(lid));
      return phoneNumber && { lid: createWid(lid), phoneNumber, phoneNumberCreatedAt: 0 };
    },
    add: (lid, entry) => learn(createWid(entry.phoneNumber), createWid(lid)),
    getAllLids: () => [...phoneByLid.keys()].map(createWid),
    clear: () => (lidByPhone.clear(), phoneByLid.clear()),
    remove: (lid) => phoneByLid.delete(String(lid)),
  };

  Object.assign(__standin, { lidOf, phoneOf, learn, recallLids, meet, findOrCreateLatestChat, queryWidExists, onContacts, isBlocked, blockedError });

  const { module } = __standin;
  module(3, 'WAWebLidPnCache', () => ({ lidPnCache }));
  module(3, 'WAWebApiContact', () => ({
    getCurrentLid: (wid) => lidOf(createWid(wid)),
    getPhoneNumber: (wid) => phoneOf(createWid(wid)),
    getAlternateUserWid: (wid) => other(createWid(wid)),
    getLatestLid: (wid) => lidOf(createWid(wid)),
    hasLidMapping: (wid) => Boolean(lidOf(createWid(wid))),
    isAddressBookContact: () => false,
    getContactRecord: (wid) => Contact.get(wid),
  }));
  module(3, 'WAWebQueryExistsJob', () => ({ queryWidExists, queryPhoneExists: queryWidExists }));
  module(3, 'WAWebFindChatAction', () => ({
    findOrCreateLatestChat,
    findChat: async (wid) => (await findOrCreateLatestChat(wid)).chat,
    findExistingChat: async (wid) => Chat.get(wid),
  }));
  module(3, 'WAWebDBCreateLidPnMappings', () => ({
    createLidPnMappings: async ({ mappings }) => mappings.forEach(({ lid, pn }) => learn(pn, lid)),
  }));
  module(3, 'WAWebLidMigrationUtils', () => ({
    toPn: (wid) => phoneOf(createWid(wid)),
    toLid: (wid) => lidOf(createWid(wid)),
    toUserLid: (wid) => lidOf(createWid(wid)),
    toUserLidOrThrow: (wid) => {
      const lid = lidOf(createWid(wid));
      if (!lid) throw new Error(`no lid for ${wid}`);
      return lid;
    },
    shouldHaveAccountLid: () => false,
  }));
  module(3, 'WAWebLid1X1MigrationGating', () => ({
    Lid1X1MigrationUtils: {
      isLidMigrated: () => config.lid_migrated,
      isSyncdSessionMigrated: () => config.lid_migrated,
      shouldApplyNonMigratedMessagingRules: () => !config.lid_migrated,
      setIsLidMigrated() {},
    },
  }));
})();
