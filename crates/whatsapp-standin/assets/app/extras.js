'use strict';
// Provides what clients use besides messages: getters, constants, and the functions that they wrap
// at the start. Each does as little as possible without giving wrong answers.
(() => {
  const { module, Blocklist, Presence, Status, empty, phoneOf, me } = __standin;
  const name = (contact) => contact.name ?? contact.pushname ?? contact.id?.user;
  const never = () => false;
  const nothing = () => undefined;
  const nothingLater = async () => undefined;
  const all = (names, value) => Object.fromEntries(names.split(' ').map((key) => [key, value]));

  module(3, 'WAWebContactGetters', () => ({
    ...all('getIsIAS getIsSupportAccount getCanRequestPhoneNumber getShowBusinessCheckmarkAsPrimary getShowBusinessCheckmarkAsSecondary getShowBusinessCheckmarkInChatlist getIsDisplayNameApproved getShouldForceBusinessUpdate getIsPSA getIsEnterprise getStatusMute', never),
    ...all('getVerifiedName getVerifiedLevel getPremiumMessageName', nothing),
    getNotifyName: (contact) => contact.pushname,
    getPushname: (contact) => contact.pushname,
    getName: (contact) => contact.name,
    getShortName: (contact) => contact.shortName,
    getUserid: (contact) => contact.id.user,
    getUserhash: nothing,
    getIsMe: (contact) => String(contact.id) === String(me()),
    getIsUser: (contact) => contact.id.isUser(),
    getIsGroup: (contact) => contact.id.isGroup(),
    getIsBroadcast: (contact) => contact.id.isBroadcast(),
    getIsNewsletter: (contact) => contact.id.isNewsletter(),
    getIsWAContact: () => true,
  }));
  module(3, 'WAWebFrontendContactGetters', () => ({
    ...all('getDisplayName getUserDisplayNameForLid getDisplayNameOrPnForLid getFormattedShortNameWithNonBreakingSpaces getFormattedShortName getFormattedName getSearchName getMentionName', name),
    ...all('getSearchVerifiedName getHeader getTextStatusString', nothing),
    getIsMyContact: never,
    getPhoneNumber: (contact) => phoneOf(contact.id),
    getPnForLid: (contact) => (contact.id.isLid() ? phoneOf(contact.id) : undefined),
    getFormattedPhone: (contact) => `+${(phoneOf(contact.id) ?? contact.id).user}`,
    getFormattedUser: (contact) => contact.id.user,
  }));
  module(3, 'WAWebChatGetters', () => ({
    getIsNewsletter: (chat) => chat.id.isNewsletter(),
    getIsBroadcast: (chat) => chat.id.isBroadcast(),
    getIsGroup: (chat) => chat.id.isGroup(),
    getIsUser: (chat) => chat.id.isUser(),
    getHasUnread: (chat) => chat.unreadCount > 0,
    getShouldAppearInList: () => true,
    getPreviewMessage: (chat) => chat.msgs.last(),
    getShowChangeNumberNotification: never,
  }));
  module(3, 'WAWebMsgGetters', () => ({
    getIsUnreadType: () => true, getQuotedMsgKey: nothing, getIsSentByMe: (msg) => msg.id.fromMe,
    getSender: (msg) => msg.sender, getIsGroupMsg: (msg) => msg.id.remote.isGroup(),
  }));
  module(3, 'WAWebQuotedMsgModelUtils', () => ({ getQuotedMsgObj: nothing }));
  module(3, 'WAWebMsgReply', () => ({ canReplyMsg: () => true }));
  module(3, 'WAWebMsgDataFromModel', () => ({ msgDataFromMsgModel: (msg) => msg.serialize() }));

  module(1, 'WAWebAck', () => ({
    ACK: { MD_DOWNGRADE: -7, INACTIVE: -6, CONTENT_UNUPLOADABLE: -5, CONTENT_TOO_BIG: -4, CONTENT_GONE: -3, EXPIRED: -2, FAILED: -1, CLOCK: 0, SENT: 1, RECEIVED: 2, READ: 3, PLAYED: 4, PEER: 5 },
    ACK_STRING: { SENDER: 'sender', DELIVERY: 'delivery', READ: 'read', PLAYED: 'played', INACTIVE: 'inactive' },
    EDIT_ATTR: { SENDER_REVOKE: 7, ADMIN_REVOKE: 8 },
  }));
  module(1, 'WAWebMsgType', () => ({
    MSG_TYPE: { CHAT: 'chat', CIPHERTEXT: 'ciphertext', PROTOCOL: 'protocol', REVOKED: 'revoked', NOTIFICATION: 'notification', IMAGE: 'image', UNKNOWN: 'unknown' },
    SYSTEM_MESSAGE_TYPES: ['notification', 'protocol'],
  }));
  module(1, 'WAWebCallEnums', () => ({ CALL_STATES: { INCOMING_RING: 'INCOMING_RING', ACTIVE: 'ACTIVE', ENDED: 'ENDED' } }));
  module(1, 'WAWebNonJidMentions', () => ({ WAWebNonJidMentionType: { MENTION_ALL: 1 }, NonJidMentionType: { MENTION_ALL: 1 } }));
  module(3, 'WAWebUserPrefsGeneral', () => ({
    getPushname: () => __standin.linking.identity.device?.pushname, setBrowserId() {}, getUserPrivacySettings: () => ({}),
  }));
  module(5, 'WAWebMsgInfoCollection', () => {
    const infos = empty();
    // In a chat of two, nobody else has read the message.
    infos.find = async () => ({ delivery: [], read: [], played: [], deliveryRemaining: 0, readRemaining: 0, playedRemaining: 0 });
    return { MsgInfoCollection: infos };
  });
  module(1, 'WATimeUtils', () => ({ unixTime: () => Math.floor(Date.now() / 1000), unixTimeMs: () => Date.now() }));
  module(1, 'WARandomHex', () => ({
    randomHex: (length) => [...crypto.getRandomValues(new Uint8Array(length))].map((b) => b.toString(16).padStart(2, '0')).join(''),
  }));
  module(3, 'WAWebServerPropConstants', () => ({ MAX_FILE_SIZE_BYTES: 104857600, MULTICAST_LIMIT_GLOBAL: 5 }));
  module(3, 'WAWebIsOfficialClient', () => ({ isOfficialClient: true, isUnofficialStanzaId: never }));
  module(3, 'WAWebABProps', () => ({ getABPropConfigValue: nothing }));
  module(3, 'WAWebPrimaryFeatures', () => ({ primaryFeatureEnabled: never }));
  module(3, 'WAWebLogoutReasonConstants', () => ({
    LogoutReason: {
      UserInitiated: 'user_initiated', SyncdFailure: 'syncd_failure', HistorySyncTimeout: 'history_sync_timeout',
      UnknownCompanion: 'unknown_companion', AccountLocked: 'account_locked', StorageQuotaExceeded: 'storage_quota_exceeded',
      LidMigrationUnmigratedCompanion: 'lid_migration_unmigrated_companion', WebFailStorageInitialization: 'web_fail_storage_initialization',
    },
    LOGOUT_REASON_CODE: { CLIENT_FATAL: '0', SYNC_FAIL: '1', INITIAL_HISTORY_SYNC_TIMEOUT: '2', ACCOUNT_LOCKED: '3' },
  }));
  // The number that the page navigates with. Most reasons have none.
  const LOGOUT_CODES = { web_fail_storage_initialization: '0', syncd_failure: '1', history_sync_timeout: '2', account_locked: '3' };
  module(3, 'WAWebLogoutReason', () => ({
    getErrorCodeFromLogoutReason: (reason) => LOGOUT_CODES[reason] ?? null,
    ...all('setPrevLogoutReasonCode setPrevCustomLogoutMessage getPrevLogoutReasonCode getPrevCustomLogoutMessage', nothing),
  }));

  // Links are recognized in a text, but never looked up: only the stand-in is contacted.
  const LINK = /\bhttps?:\/\/[^\s<>"]+/g;
  const links = (text) => (String(text ?? '').match(LINK) ?? []).map((href) => ({ href, url: href, domain: href.split('/')[2], suspiciousCharacters: new Set() }));
  module(3, 'WALinkify', () => ({ findLinks: links, findLink: (text) => links(text)[0], findFirstWebLink: (text) => links(text)[0] }));
  const preview = async (link) => link && { url: link.href, data: { title: link.domain, matchedText: link.href, canonicalUrl: link.href } };
  module(3, 'WAWebLinkPreviewChatAction', () => ({ getLinkPreview: preview, fetchLinkPreview: preview }));
  module(3, 'WAWebGenMinimalLinkPreviewChatAction', () => ({ genMinimalLinkPreview: async () => null }));

  // A contact card as phones read it.
  const vcardFromContactModel = (contact) => {
    const shown = contact.formattedName ?? name(contact);
    const number = (phoneOf(contact.id) ?? contact.id).user;
    const lines = ['BEGIN:VCARD', 'VERSION:3.0', `N:;${shown};;;`, `FN:${shown}`, `TEL;type=CELL;waid=${number}:+${number}`, 'END:VCARD'];
    return { displayName: shown, vcard: lines.join('\n'), isMultiVcard: false };
  };
  module(3, 'WAWebFrontendVcardUtils', () => ({ vcardFromContactModel, mergeVcards: (cards) => cards }));

  module(3, 'WAWebHandleChatReceipt', () => all('handleChatSimpleReceipt handleGroupSimpleReceipt handleStatusSimpleReceipt', nothingLater));
  module(3, 'WAWebMarkPlayed', () => ({ markPlayed: nothingLater, canMarkPlayed: never }));

  // Bundles that the real page loads late.
  module(5, 'WAWebPresenceCollection', () => ({ PresenceCollection: Presence }));
  module(5, 'WAWebBlocklistCollection', () => ({ BlocklistCollection: Blocklist }));
  module(5, 'WAWebStatusCollection', () => ({ StatusCollection: Status, StatusV3CollectionImpl: Status.constructor }));
  module(5, 'WAWebCallCollection', () => {
    const calls = new (class CallCollection {
      constructor() {
        this.activeCalls = new Map();
      }
      on() {}
      processIncomingCall() {}
      setActiveCall() {}
    })();
    // Some clients look for the Map on the module, others on its default export.
    return { default: calls, activeCalls: calls.activeCalls, on() {} };
  });
  module(5, 'WAWebSyncGatingUtils', () => ({ isPlaceholderMessageResendEnabled: never }));
  module(5, 'WAWebNonMessageDataRequestPlaceholderMessageResendUtils', () => ({ handlePlaceholderMsgsSeen() {} }));
  module(5, 'WAWebE2EProtoGenerator', () => ({ createMsgProtobuf: nothing }));
  module(5, 'WAWebEncryptAndSendMsg', () => ({ encryptAndSendMsg: nothingLater }));
  module(5, 'WAWebUpdateDBForGroupAction', () => ({ updateDBForGroupAction: nothingLater, handleGroupActionMD: nothingLater }));
  module(5, 'WAWebBackendJobsCommon', () => ({ encodeMaybeMediaType: nothing, mediaTypeFromProtobuf: nothing }));
  module(5, 'WAWebE2EProtoUtils', () => ({ typeAttributeFromProtobuf: () => 'text' }));
  module(5, 'WAWebSendMsgCreateFanoutStanza', () => ({ createFanoutMsgStanza: nothingLater }));
  module(5, 'WAWebMediaPrep', () => all('generateVideoThumbsAndDuration processRawSticker', nothingLater));
  module(5, 'WAWebGetNumChatsPinned', () => ({ getNumChatsPinned: () => 0 }));
  module(5, 'WAWebLabelCollectionActions', () => all('addToLabelCollection removeLabelFromCollection initializeLabels', nothingLater));
  module(5, 'WAWebUpsertVotes', () => ({ upsertVotes: nothingLater, upsertVotesDb: nothingLater }));
  module(3, 'WAWebReactionsModelUtils', () => ({ addOrUpdateReactionsModelCollection: nothingLater, createOrUpdateReactions: nothingLater }));
  module(5, 'WAWebDBGetReactions', () => ({
    REVOKED_REACTION_TEXT: '', getAllReactionsFromParentMsgs: (keys) => __standin.storage.reactionsOf(keys.map(String)),
  }));
  module(5, 'WAWebHandleSingleMsg', () => ({ handleSingleMsg: nothingLater }));
  module(5, 'WAWebCreateChatRecord', () => ({ createChatRecord: nothingLater }));
  module(5, 'WAWebInboxFilters', () => ({ isFilterExcludedFromSearchTreatmentInInboxFlow: never }));
  module(5, 'WAWebChatSearchQuery', () => ({ SearchQuery: class SearchQuery { updateLabelQuery() {} } }));
  module(5, 'WAWebNewsletterCollection', () => ({ default: __standin.Newsletter }));
})();
