import type { causes as esCauses } from '../es/causes';

export const causes: typeof esCauses = {
  STARTED: 'The service started and no phone is linked.',
  LINKED_PROFILE_FOUND: 'The service started with a linked phone and connects automatically.',
  CONNECT_REQUESTED: 'A connection was requested.',
  DISCONNECT_REQUESTED: 'Disconnected on request.',
  LOGOUT_REQUESTED:
    'Unlinked on request. If the phone still shows it under Linked devices, log it out there.',
  BACKING_UP: 'A backup is being created; the connection returns in a few seconds.',
  CODE_SHOWN: 'There is a code to scan.',
  PASSKEY_REQUIRED: "WhatsApp asks for the account's passkey before it links.",
  PASSKEY_UNREADABLE:
    'WhatsApp asks for the passkey in a way that this version does not support. Link on a desktop with session-manager link, or install a newer version.',
  CODE_SCANNED: 'The phone accepted the link.',
  PROFILE_LINKED: 'The stored session was restored.',
  SYNCED: 'Linked, synced and connected.',
  CONNECTION_LOST: 'The connection to WhatsApp was lost. It recovers automatically.',
  OFFLINE_DELIVERY:
    'WhatsApp is delivering messages that arrived while there was no connection. Until that is done, a few minutes at most, it holds back outgoing messages.',
  TOOLS_BROKEN:
    'WhatsApp changed its page, so messages cannot be sent or received for now. Tell whoever installed LeadMaster that it needs a newer wa-js.',
  LINK_IN_DOUBT:
    'The page asks for a code although the phone is linked. It is reloaded to make sure.',
  SERVICE_UNAVAILABLE:
    'WhatsApp’s servers are not available at the moment. The connection returns once they are.',
  UNLINKED: 'The device was unlinked from the phone.',
  CONFLICT:
    'WhatsApp Web was opened elsewhere with this session. Close it there before you connect.',
  CODE_NOT_SCANNED: 'Nobody scanned the code in time.',
};
