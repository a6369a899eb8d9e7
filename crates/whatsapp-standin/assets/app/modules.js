'use strict';
// The modules that re-export others.
(() => {
  const { module, Msg, Chat, Contact, Blocklist, TextStatus, ProfilePicThumb, BaseCollection, BaseModel } = __standin;

  class Anything extends BaseModel {}
  const empty = () => {
    class Empty extends BaseCollection {
      static model = Anything;
    }
    return new Empty();
  };

  const GroupMetadata = empty();
  const Newsletter = empty();
  const Label = empty();
  const Presence = empty();
  const Status = empty();
  const BusinessProfile = empty();
  Object.assign(__standin, { empty, GroupMetadata, Newsletter, Label, Presence, Status, BusinessProfile });

  module(4, 'WAWebCollections', () => ({
    Msg, Chat, Contact, Blocklist, GroupMetadata, WAWebGroupMetadataCollection: GroupMetadata,
    WAWebNewsletterCollection: Newsletter, Label, Presence, BusinessProfile, Status, TextStatus, ProfilePicThumb,
  }));

  module(2, 'WAWebOfflineHandler', () => ({
    OfflineMessageHandler: { getOfflineDeliveryProgress: () => __standin.offlineProgress ?? 0 },
  }));
  module(2, 'WAWebMiscBrowserUtils', () => ({
    info: () => ({ os: 'Linux', name: 'Chrome', version: '', ua: navigator.userAgent }),
    hardRefresh: () => location.reload(),
  }));
})();
