'use strict';
// Sends and receives files. A file is prepared in the page and uploaded to the server before a
// message mentions it.
(() => {
  const { BaseModel, module, messages, MsgModel, Msg, MsgKey } = __standin;
  const { b64 } = __standin.storage;

  /** A blob that several parts of the page hold. */
  class OpaqueData {
    constructor(blob, type) {
      this._blob = blob;
      this._type = type ?? blob.type;
      this.released = false;
    }

    static async createFromData(data, type) { return new OpaqueData(data instanceof Blob ? data : new Blob([data], { type }), type); }
    static async createFromBase64Jpeg(text) { return OpaqueData.createFromData(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), 'image/jpeg'); }
    url() { return (this._url ??= URL.createObjectURL(this._blob)); }
    size() { return this._blob.size; }
    type() { return this._type; }
    forceToBlob() { return this._blob; }
    formData() { return this._blob; }
    async validate() { return this._blob.size > 0; }
    retain() {}
    autorelease() {}
    autoreleaseWhenPromiseCompletes() {}
    throwIfReleased() { if (this.released) throw new Error('OpaqueData was released'); }
  }

  class MediaDataModel extends BaseModel {
    static defaults = { type: undefined, mediaStage: 'INIT', isGif: false, preview: undefined };
  }

  const KINDS = { image: 'image', video: 'video', audio: 'audio' };

  async function digest(blob) {
    return b64(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  }

  const THUMBNAIL_SIDE = 72;

  /** Returns the dimensions of a picture, and its small preview as base64. */
  async function look(blob) {
    const bitmap = await createImageBitmap(blob);
    const { width: fullWidth, height: fullHeight } = bitmap;
    const scale = Math.min(1, THUMBNAIL_SIDE / Math.max(fullWidth, fullHeight));
    const canvas = new OffscreenCanvas(Math.ceil(fullWidth * scale), Math.ceil(fullHeight * scale));
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.5 });
    return { fullWidth, fullHeight, thumbnail: b64(await jpeg.arrayBuffer()) };
  }

  /** Finds out what kind of file it is, and which fields its message needs. */
  async function prepare(opaque, options) {
    const mimetype = String(opaque.type() || 'application/octet-stream').split(';')[0];
    const blob = opaque.forceToBlob();
    let type = options.asDocument ? 'document' : (KINDS[mimetype.split('/')[0]] ?? 'document');
    if (options.asSticker) type = 'sticker';
    if (type === 'audio' && options.isPtt) type = 'ptt';
    // A file that is not really a picture cannot be drawn, and is not sent.
    const seen = type === 'image' ? await look(blob) : {};
    return new MediaDataModel({
      type, mimetype, size: blob.size, filehash: await digest(blob), mediaBlob: opaque, isGif: Boolean(options.asGif),
      filename: blob.name, mediaStage: 'PREPARED', ...options.precomputedFields, ...seen,
    });
  }

  /** Uploads a file to the server. Returns its path there. */
  async function store(blob, mimetype, to) {
    const query = new URLSearchParams({ to: to ? String(to) : '', mime: mimetype });
    const answer = await fetch(`/media?${query}`, { method: 'POST', body: blob });
    if (!answer.ok) throw new Error(`the upload failed: ${answer.status}`);
    return (await answer.json()).path;
  }

  class MediaPrep {
    constructor(type, prepared) {
      this._type = type;
      this._prepared = Promise.resolve(prepared).then((data) => (this._mediaData = data));
      this._prepared.catch(() => {});
    }

    waitForPrep() { return this._prepared; }

    /** Sends the file. Its message is in the chat while the file is being uploaded. */
    async sendToChat({ chat, options }) {
      const data = await this._prepared;
      const { id, ...rest } = options.productMsgOptions ?? {};
      const key = id ?? new MsgKey({ from: __standin.me(), to: chat.id, id: await MsgKey.newId(), selfDir: 'out' });
      const caption = rest.isCaptionByUser === false ? undefined : (options.caption ?? rest.caption);
      const about = { filename: rest.filename ?? data.filename, caption, type: data.type, mimetype: data.mimetype, size: data.size, filehash: data.filehash, isGif: data.isGif };
      // The preview of a picture is its message's body.
      if (data.thumbnail) Object.assign(about, { body: data.thumbnail, width: data.fullWidth, height: data.fullHeight });
      const model = Msg.get(key) ?? new MsgModel({
        t: Math.floor(Date.now() / 1000), from: __standin.me(chat.id.isLid()), to: chat.id, ...rest, ...about,
        id: key, ack: 0, local: true, isNewMsg: true, self: 'out', mediaData: data,
      });
      if (model.ack === -1) model.set('ack', 0);
      await messages.keepOwn(model);
      try {
        model.set('directPath', await store(data.mediaBlob.forceToBlob(), data.mimetype, chat.id));
      } catch {
        model.updateAck(-1);
        return { messageSendResult: 'ERROR_UPLOAD' };
      }
      // Any failure, including one of the network, marks the file's message.
      const sent = await messages.addAndSendMsgToChat(chat, { ...model.attributes })[1].catch(() => ({ messageSendResult: 'ERROR_UNKNOWN' }));
      if (sent.messageSendResult !== 'OK') model.set('ack', -1);
      return { ...sent, msg: model };
    }
  }

  /** Returns what the page knows of a received file. */
  const mediaDataOf = (message) =>
    new MediaDataModel({ type: message.type, mimetype: message.mimetype, size: message.size, filehash: message.filehash, filename: message.filename });

  const REUPLOAD_POLL_MS = 100;

  /** Waits until the phone has uploaded a file again, however long that takes. Returns whether it
   * has the file. */
  async function reuploaded(path) {
    for (;;) {
      const { status } = await fetch(path, { method: 'POST' });
      if (status !== 202) return status === 200;
      await new Promise((resolve) => setTimeout(resolve, REUPLOAD_POLL_MS));
    }
  }

  const downloads = new Map();

  /** Downloads a file, once for all who ask. As in the page, a failure does not reject: only the
   * stage tells of it. A file that the server no longer has is asked of the phone, without a
   * deadline; one that the phone does not have either is missing for good. After any other
   * failure, such as one of the network, the page offers the download again. */
  async function download(message) {
    const data = message.mediaData;
    if (data.mediaStage === 'ERROR_MISSING') return;
    try {
      data.set('mediaStage', 'FETCHING');
      let answer = await fetch(message.directPath);
      if (answer.status === 404) {
        data.set('mediaStage', 'REUPLOADING');
        if (!(await reuploaded(message.directPath))) return void data.set('mediaStage', 'ERROR_MISSING');
        data.set('mediaStage', 'FETCHING');
        answer = await fetch(message.directPath);
      }
      if (!answer.ok) throw new Error(`the server of files answers ${answer.status}`);
      data.set({ mediaBlob: await OpaqueData.createFromData(await answer.blob(), message.mimetype), mediaStage: 'RESOLVED' });
    } catch {
      data.set('mediaStage', 'NEED_POKE');
    }
  }

  function downloadMedia(message) {
    const key = String(message.id);
    if (!downloads.has(key)) downloads.set(key, download(message).finally(() => downloads.delete(key)));
    return downloads.get(key);
  }

  Object.assign(__standin, { mediaDataOf, downloadMedia });

  const prepRawMedia = (opaque, options = {}) => new MediaPrep(undefined, prepare(opaque, options));
  const nothingLater = async () => undefined;

  // The objects that a client which uploads by itself keeps between the steps.
  const objects = new Map();
  function getOrCreateMediaObject(filehash) {
    if (!objects.has(filehash)) {
      const object = {
        filehash, contentInfo: {}, type: undefined, size: 0, mediaBlob: null,
        consolidate(data) { Object.assign(object, { type: data.type, size: data.size, mediaBlob: data.mediaBlob }); },
      };
      objects.set(filehash, object);
    }
    return objects.get(filehash);
  }

  async function uploadMedia({ mimetype, mediaObject }) {
    const path = await store(mediaObject.mediaBlob.forceToBlob(), mimetype);
    // No encryption here: only this page and its server could read the file.
    return { mediaEntry: { mmsUrl: path, deprecatedMms3Url: path, directPath: path, mediaKey: mediaObject.filehash, mediaKeyTimestamp: Math.floor(Date.now() / 1000), encFilehash: mediaObject.filehash, uploadHash: mediaObject.filehash } };
  }

  const MB = 1024 * 1024;
  const LIMITS = { image: 64 * MB, video: 64 * MB, audio: 64 * MB, document: 2048 * MB, sticker: MB };

  module(3, 'WAWebMediaOpaqueData', () => OpaqueData);
  module(3, 'WAWebPrepRawMedia', () => ({ MediaPrep, prepRawMedia, uploadProductImage: nothingLater }));
  module(3, 'WAWebMediaMmsV4Upload', () => ({ uploadMedia, uploadUnencryptedMedia: uploadMedia }));
  module(3, 'WAWebMediaStorage', () => ({ getOrCreateMediaObject }));
  module(3, 'WAWebMmsMediaTypes', () => ({ msgToMediaType: ({ type }) => type, castToV4: (type) => type }));
  module(3, 'WAWebMediaDataUtils', () => ({ shouldUseMediaCache: () => false }));
  module(3, 'WAWebMediaInMemoryBlobCache', () => ({ InMemoryMediaBlobCache: { put() {}, get: () => undefined } }));
  module(3, 'WAWebMediaGatingUtils', () => ({ getUploadLimit: (type) => LIMITS[type] ?? LIMITS.document }));
})();
