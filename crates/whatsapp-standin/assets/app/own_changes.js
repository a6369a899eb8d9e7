'use strict';
// Edits messages that the account sent, and deletes them for everyone.
(() => {
  const { module, config, storage, Msg, MsgKey, Cmd, messages } = __standin;

  const within = (ms) => ({ parentTsInSeconds, editTsInSeconds }) => (editTsInSeconds ?? Date.now() / 1000) < parentTsInSeconds + ms / 1000;
  const offered = within(config.edit_offered_ms);
  const sent = within(config.edit_sent_ms);
  const MsgEditType = { TextEdit: 'TextEdit', CaptionEdit: 'CaptionEdit' };
  const getMsgEditType = (type) => (type === 'chat' ? 'TextEdit' : ['image', 'video', 'document'].includes(type) ? 'CaptionEdit' : null);

  /** Returns whether the message can be edited. A message that may still fail can be edited only
   * after an edit of it failed. */
  function editable(msg) {
    const failedEdit = Boolean(msg.latestEditMsgKey) && msg.isFailed;
    return msg.id.fromMe && !msg.isForwarded && (failedEdit || msg.ack > 0);
  }
  const parent = (msg) => ({ parentTsInSeconds: msg.t, msgKey: msg.id });
  const canEditText = (msg) => getMsgEditType(msg.type) === 'TextEdit' && editable(msg) && sent(parent(msg));
  const canEditCaption = (msg) => getMsgEditType(msg.type) === 'CaptionEdit' && Boolean(msg.caption) && editable(msg) && sent(parent(msg));
  const REVOKE_WINDOW = config.revoke_ms / 1000;
  const canSenderRevokeMsg = (msg) =>
    msg.id.fromMe && !['revoked', 'protocol', 'notification'].includes(msg.type) && msg.ack > 0 && Date.now() / 1000 - msg.t <= REVOKE_WINDOW;

  /** Edits a message. The edit is in the page before it is sent, and stays there if sending
   * fails. */
  async function addAndSendMessageEdit(msg, data) {
    const text = getMsgEditType(msg.type) === 'CaptionEdit' ? { caption: data.caption } : { body: data.body };
    const id = MsgKey.from(data.id);
    msg.set({ ...text, latestEditMsgKey: MsgKey.from(data.latestEditMsgKey ?? id), latestEditSenderTimestampMs: data.latestEditSenderTimestampMs });
    await storage.putMessage(msg.row());
    const answer = await messages.sendLine(id, {
      body: String(Object.values(text)[0] ?? ''), kind: 'message_edit', details: { edits: msg.id.id },
    });
    // The page does not report why an edit failed.
    msg.set('isSendFailure', answer.messageSendResult !== 'OK');
  }

  /** Deletes a message. The deletion is in the page once the server has it. */
  async function sendRevoke(msg) {
    const id = new MsgKey({ fromMe: true, remote: msg.id.remote, id: await MsgKey.newId() });
    const answer = await messages.sendLine(id, { body: '', kind: 'sender_revoke', details: { revokes: msg.id.id } });
    if (answer.messageSendResult !== 'OK') return { messageSendResult: 'ERROR_UNKNOWN' };
    await messages.keepRevoked(String(msg.id), id);
    return { messageSendResult: 'OK' };
  }

  /** Runs one deletion at a time for each chat. A caller that asks meanwhile gets the result of
   * the running one. */
  function sendRevokeMsgs(chat, { list }) {
    chat.promises.sendRevokeMsgs ??= Promise.all(list.map(sendRevoke)).finally(() => {
      chat.promises.sendRevokeMsgs = null;
    });
    return chat.promises.sendRevokeMsgs;
  }

  // The user interface carries out the command; the command itself returns nothing.
  Cmd.constructor.prototype.sendRevokeMsgs = function (...args) {
    this.trigger('send_revoke_msgs', ...args);
  };
  Cmd.on('send_revoke_msgs', (chat, what) => {
    const list = what.list ?? what;
    if (list.every(canSenderRevokeMsg)) sendRevokeMsgs(chat, { list }).catch(() => undefined);
  });

  module(3, 'WAWebSendMessageEditAction', () => ({
    addAndSendMessageEdit,
    sendMessageEdit: async (msg, text) => {
      if (!canEditText(msg) && !canEditCaption(msg)) throw new Error('Cannot edit message');
      const id = new MsgKey({ fromMe: true, remote: msg.id.remote, id: await MsgKey.newId() });
      return addAndSendMessageEdit(msg, { id, body: text.trim(), caption: text.trim(), latestEditSenderTimestampMs: Date.now() });
    },
  }));
  module(3, 'WAWebMessageEditUtils', () => ({
    MsgEditType, getMsgEditType, msgTypeSupportsEditing: (type) => getMsgEditType(type) !== null,
    getMessageEditProcessingWindowDurationSeconds: () => config.edit_sent_ms / 1000,
    isParentWithinEditProcessingWindow: sent, isParentWithinEditUIWindow: offered,
  }));
  module(3, 'WAWebMsgActionCapability', () => ({
    canEditText, canEditCaption, canSenderRevokeMsg, canAdminRevokeMsg: () => false, canBotResponseBeRevokeByInvoker: () => false,
    canEnterEditingFlow: (msg) => editable(msg) && offered(parent(msg)),
  }));
  module(3, 'WAWebRevokeMsgConstants', () => ({ REVOKE_WINDOW, REVOKE_WINDOW_RECEIVER_MARGIN: 43_200 }));
  module(3, 'WAWebChatSendMessages', () => ({ sendRevokeMsgs }));
})();
