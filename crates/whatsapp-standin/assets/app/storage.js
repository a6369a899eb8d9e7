'use strict';
// Stores data in the browser profile: the identity, the keys, the messages.
(() => {
  // A database that cannot be opened on this load is simulated by another, empty one.
  const NAME = __standin.config.broken_database ? 'model-storage-broken' : 'model-storage';
  let opening = null;

  function open() {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 2);
      request.onupgradeneeded = ({ oldVersion }) => {
        const reactions = request.result.createObjectStore('reactions', { keyPath: ['parentMsgKey', 'senderUserJid'] });
        reactions.createIndex('parentMsgKey', 'parentMsgKey');
        if (oldVersion >= 1) return;
        request.result.createObjectStore('identity');
        const messages = request.result.createObjectStore('message', { keyPath: 'key' });
        messages.createIndex('unsent', 'unsent');
        messages.createIndex('chat', ['chat', 'rowId']);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return opening;
  }

  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  async function read(store, key) {
    return done((await open()).transaction(store).objectStore(store).get(key));
  }

  async function write(store, value, key) {
    const transaction = (await open()).transaction(store, 'readwrite');
    transaction.objectStore(store).put(value, key);
    await finished(transaction);
  }

  const finished = (transaction) =>
    new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });

  const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const unb64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const random = (length) => b64(crypto.getRandomValues(new Uint8Array(length)));

  // The rows to be written. One transaction runs at a time, and each takes all rows that came while
  // the previous one was running.
  let rows = new Map();
  let waiting = null;
  let writing = Promise.resolve();

  function flush() {
    waiting ??= writing.then(async () => {
      const batch = rows;
      rows = new Map();
      waiting = null;
      if (batch.size === 0) return;
      const transaction = (await open()).transaction('message', 'readwrite');
      for (const one of batch.values()) transaction.objectStore('message').put(one);
      await finished(transaction);
    });
    const written = waiting;
    // A failed transaction is reported only to the callers that wait for it.
    writing = written.catch(() => undefined);
    return written;
  }

  function putMessage(row) {
    rows.set(row.key, row);
    return flush();
  }

  const SOON_MS = 100;
  let soon = null;

  /** Writes a row like `putMessage`, together with all rows that come within a moment. */
  function putMessageSoon(row) {
    rows.set(row.key, row);
    soon ??= new Promise((resolve) => setTimeout(resolve, SOON_MS)).then(() => {
      soon = null;
      return flush();
    });
    return soon;
  }

  /** Returns the last `limit` rows of a query that are `wanted` (with `first`, the first ones),
   * in their order. */
  async function messagesByIndex(index, query, limit, first = false, wanted = () => true) {
    const source = (await open()).transaction('message').objectStore('message').index(index);
    const found = [];
    await new Promise((resolve, reject) => {
      const cursor = source.openCursor(query, first ? 'next' : 'prev');
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        if (!cursor.result || found.length >= limit) return resolve();
        if (wanted(cursor.result.value)) found.push(cursor.result.value);
        cursor.result.continue();
      };
    });
    return first ? found : found.reverse();
  }

  // Types of rows that the page never shows in a chat.
  const UNSEEN = ['debug', 'keep_in_chat'];
  const seen = (row) => !UNSEEN.includes(row.type);

  const storage = {
    b64,
    unb64,

    /** Returns the keys of this profile, which are created on its first visit. */
    async keys() {
      let keys = await read('identity', 'keys');
      if (!keys) {
        keys = { static_key: random(32), identity_key: random(32), adv_key: random(32), platform: '1' };
        await write('identity', keys, 'keys');
      }
      return keys;
    },

    device: () => read('identity', 'device'),

    async saveDevice(device) {
      await write('identity', device, 'device');
      localStorage.setItem('last-wid-md', JSON.stringify(`${device.user}:12@c.us`));
      localStorage.setItem('WALid', JSON.stringify(`${device.lid}:12@lid`));
    },

    putMessage,
    putMessageSoon,
    getMessage: (key) => read('message', key),
    async putMessages(some) {
      const transaction = (await open()).transaction('message', 'readwrite');
      for (const row of some) transaction.objectStore('message').put(row);
      await finished(transaction);
    },
    /** Deletes a row from the database. */
    async drop(key) {
      const transaction = (await open()).transaction('message', 'readwrite');
      transaction.objectStore('message').delete(key);
      await finished(transaction);
    },
    /** Deletes a row, but keeps it as the last message of its chat. */
    async forget(key) {
      const row = await read('message', key);
      if (!row) return;
      await write('identity', [...(await storage.forgotten()), row], 'forgotten');
      await storage.drop(key);
    },
    /** Replaces a row by another one with its own key. */
    async replaceMessage(key, row) {
      const transaction = (await open()).transaction('message', 'readwrite');
      transaction.objectStore('message').delete(key);
      transaction.objectStore('message').put(row);
      await finished(transaction);
    },
    putReaction: (row) => write('reactions', row),
    async reactionsOf(keys) {
      const index = (await open()).transaction('reactions').objectStore('reactions').index('parentMsgKey');
      return (await Promise.all(keys.map((key) => done(index.getAll(key))))).flat();
    },
    forgotten: async () => (await read('identity', 'forgotten')) ?? [],
    unread: async () => (await read('identity', 'unread')) ?? [],
    saveUnread: (pairs) => write('identity', pairs, 'unread'),
    lids: async () => (await read('identity', 'lids')) ?? [],
    saveLids: (pairs) => write('identity', pairs, 'lids'),

    /** Returns the last row of each chat. */
    async lastOfEachChat() {
      const found = [];
      const index = (await open()).transaction('message').objectStore('message').index('chat');
      await new Promise((resolve, reject) => {
        const cursor = index.openCursor(null, 'prev');
        cursor.onerror = () => reject(cursor.error);
        cursor.onsuccess = () => {
          if (!cursor.result) return resolve();
          found.push(cursor.result.value);
          // No row of this chat sorts before this key.
          cursor.result.continue([cursor.result.value.chat, -1]);
        };
      });
      return found.sort((a, b) => a.rowId - b.rowId);
    },

    messagesBefore: (chat, rowId, limit) => messagesByIndex('chat', IDBKeyRange.bound([chat, 0], [chat, rowId], false, true), limit, false, seen),
    messagesAfter: (chat, rowId, limit) => messagesByIndex('chat', IDBKeyRange.bound([chat, rowId], [chat, Infinity], true), limit, true, seen),
    unsentMessages: () => messagesByIndex('unsent', IDBKeyRange.only(1), 1000),

    /** Deletes everything of the device. */
    async wipe() {
      localStorage.clear();
      sessionStorage.clear();
      (await open().catch(() => null))?.close();
      opening = null;
      await new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(NAME);
        request.onsuccess = request.onerror = request.onblocked = () => resolve();
      });
    },
  };

  __standin.storage = storage;
})();
