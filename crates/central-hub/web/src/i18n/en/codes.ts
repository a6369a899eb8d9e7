import type { causes as esCauses, errors as esErrors, failures as esFailures } from '../es/codes';

export const errors: typeof esErrors = {
  INVALID_REQUEST: 'The data is not valid. Check the number and the message.',
  INVALID_JSON: 'The server did not understand the request.',
  INVALID_HEADER: 'The server did not accept the request.',
  UNAUTHORIZED: 'You need to sign in to do this.',
  WRONG_PASSWORD: 'The user name or the password is wrong.',
  FORBIDDEN: 'Your user may not do this.',
  CSRF_TOKEN_INVALID: 'The session changed in another tab. Reload the page and try again.',
  CROSS_SITE_REQUEST: 'The server takes no requests that come from another site.',
  TOO_MANY_ATTEMPTS: 'Too many failed attempts. Wait a minute and try again.',
  TOO_MANY_AT_ONCE: 'You have as many of these open as one may. Close one, or try again in a few seconds.',
  USER_EXISTS: 'There is a user of this name already.',
  USER_NOT_FOUND: 'This user is not there any more.',
  LAST_ADMIN: 'No administrator would be left. Make another one first.',
  TOKEN_NOT_FOUND: 'This token is not there any more.',
  NOT_FOUND: 'The server does not know this request. It may be of another version than this page.',
  NOT_ON_WHATSAPP: 'That number has no WhatsApp.',
  RECIPIENT_BLOCKED:
    'This account has blocked that person. Nothing was sent: unblock them on the phone.',
  REACH_OUT_LIMIT:
    'WhatsApp lets this account write to no more people who never wrote (error 463). Nothing was sent: wait a day.',
  NEW_CHAT_LIMIT:
    'WhatsApp’s monthly limit on new chats is reached (error 475). Nothing was sent: wait until its cycle ends.',
  METHOD_NOT_ALLOWED:
    'The server does not know this request. It may be of another version than this page.',
  REQUEST_TIMEOUT: 'The request took too long to arrive. Try again.',
  QR_NOT_AVAILABLE: 'There is no code yet. Wait until it appears and try again.',
  QR_NOT_REQUIRED: 'A phone is linked already: no code is needed.',
  ALREADY_LINKED: 'A phone is linked already: no code is needed.',
  PASSKEY_NOT_PENDING:
    'WhatsApp does not wait for that answer any more. Use what this page shows now.',
  IDEMPOTENCY_KEY_REUSED:
    'This send was already asked for with other content. Change the message and try again.',
  URL_NOT_ALLOWED: 'Files are not fetched from that site. Upload the file instead.',
  FILE_NOT_FOUND: 'That file is not here any more. Upload it again.',
  MEDIA_NOT_FOUND: 'No message with this id came in with a file.',
  MEDIA_OFF: 'Files that come in are not fetched (MEDIA_DOWNLOAD).',
  MEDIA_GONE: 'WhatsApp has this file no more: the phone may still have it.',
  LINK_EXPIRED: 'The link to the file has expired.',
  FILE_IN_USE: 'A message that may have to be sent again needs that file.',
  FETCH_FAILED: 'The file could not be fetched, so nothing was sent.',
  STORAGE_FULL: 'There is no room for the file. Delete some, or try again later.',
  PAYLOAD_TOO_LARGE: 'The message is too long.',
  INTERNAL: 'The service had an internal error. Its log has the cause.',
  SEND_FAILED: 'WhatsApp did not take the message. It was not sent: you can try again.',
  PAIRING_FAILED: 'WhatsApp gave no code. Check the number or wait a few minutes.',
  BROWSER_FAILED: 'The browser could not do it. Try again.',
  SESSION_NOT_READY: 'WhatsApp is not ready to send yet.',
  BACKUP_UNAVAILABLE: 'No backup can be taken now: no phone is linked, BACKUP_KEY is missing, or one is being taken.',
  BACKUP_FAILED: 'The backup could not be taken.',
  BROWSER_NOT_RUNNING: 'The browser is closed. Connect first.',
  LEDGER_UNAVAILABLE:
    'The service cannot keep its record of messages, so nothing was sent. Its log says why; often the disk is full.',
  MESSAGE_NOT_FOUND: 'This message cannot be found, so nothing was sent.',
  MESSAGE_NOT_OWN: 'Only messages that this account sent can be changed.',
  MESSAGE_NOT_CHANGEABLE: 'WhatsApp does not let this message be changed.',
  MESSAGE_TOO_OLD: 'It is too late: WhatsApp allows edits for 15 minutes, and deleting for everyone for two days and a half.',
  MESSAGE_NOT_UNDECIDED: 'There is nothing to decide: the service finds out by itself what became of it.',
  MESSAGE_NOT_FAILED: 'Only a message that failed can be sent again.',
  MESSAGE_OF_CAMPAIGN: 'This message belongs to a campaign: put its recipient back there.',
  SENDING_STOPPED: 'All sending is stopped: it was not sent. Whoever manages LeadMaster lets it go on.',
  CONTACT_NOT_FOUND: 'Nothing is kept of that contact.',
  CONTACT_ALREADY_JOINED: 'They are the same person already.',
  CONTACT_NOT_JOINED: 'That address cannot be parted: it is not theirs, or the only one they have.',
  CONTACT_MAIN_ADDRESS: 'They are known by this number. Part the other addresses.',
  QUICK_ANSWER_NOT_FOUND: 'That quick answer is no more.',
  QUICK_ANSWER_EXISTS: 'There is a quick answer with that shortcut already.',
  QUICK_ANSWERS_FULL: 'There are 500 quick answers, and no room for more. Delete one.',
  CONTACT_BUSY: 'A message to them is leaving at this moment. Try again shortly.',
  OPTED_OUT: 'They opted out: nobody can write to them.',
  CAMPAIGN_STATE: 'This cannot be done with the campaign as it stands.',
  UNSUPPORTED_MEDIA_TYPE: 'The server does not take that kind of file.',
  TEMPLATE_INVALID: 'The text has a mistake in its braces or names a column that the list has not.',
  LIST_INVALID: 'The list cannot be read. Nothing behind the mistake was taken.',
  NOT_SERVED_HERE: 'This belongs to another system and is not served here.',
  IMPORT_INCOMPLETE: 'The last list did not come in whole. Upload it again or take it away.',
  STORE_UNAVAILABLE:
    'The server cannot use its database now, so nothing was done. Try again in a moment; its log says why.',
  OVERLOADED: 'The service is busy. Try again in a few seconds.',
  SHUTTING_DOWN: 'The service is stopping.',
  SEND_UNCONFIRMED:
    'WhatsApp did not confirm in time. It may have been sent: look at the phone before sending again.',
  SEND_UNDECIDED:
    'Nobody could find out whether it arrived: look at the chat on the phone and decide in Messages.',
  EARLIER_UNCONFIRMED:
    'An earlier message to this number is not confirmed yet, so this one was not sent. Try again in a minute.',
  BROWSER_TIMEOUT: 'The browser did not answer in time. Try again.',
  WHATSAPP_UNAVAILABLE:
    'LeadMaster cannot talk to WhatsApp. If this lasts for 5 minutes, tell support.',
  SESSION_MANAGER_TIMEOUT: 'WhatsApp takes long to answer. If this lasts for 5 minutes, tell support.',
  SESSION_MANAGER_BAD_RESPONSE:
    'The part that talks to WhatsApp gave an unexpected answer. Tell support: it may be of another version.',
  WEBHOOK_ADDRESS_REFUSED:
    'That address is inside this network. If it is meant, name it in WEBHOOK_ALLOWED_HOSTS on the server.',
  ALERTS_NOT_CONFIGURED: 'Nobody would be told: set the mail or the webhook on the server.',
  INTERNAL_TOKEN_NOT_SET: 'The server has no INTERNAL_TOKEN, so programs cannot report messages.',
  WEBHOOK_NOT_FOUND: 'That webhook is not there any more.',
  WEBHOOK_DELIVERY_NOT_FOUND: 'That delivery is not there any more.',
  WEBHOOK_DELIVERY_PENDING: 'That delivery is on its way already.',
  TOO_MANY_TOKENS: 'This business has too many tokens. Revoke one first.',
  TOO_MANY_WEBHOOKS: 'There are too many webhooks. Remove one first.',
  HUB_UNREACHABLE: 'The server cannot be reached.',
  HUB_TIMEOUT: 'The server did not answer in time.',
  BAD_RESPONSE: 'The server gave an unexpected answer.',
};

export const causes: typeof esCauses = {
  STARTED: 'The service started and no phone is linked.',
  LINKED_PROFILE_FOUND: 'The service started with a linked phone and connects by itself.',
  CONNECT_REQUESTED: 'Somebody asked to connect.',
  DISCONNECT_REQUESTED: 'Disconnected on request.',
  LOGOUT_REQUESTED:
    'Unlinked on request. If the phone still shows it under Linked devices, log it out there.',
  BACKING_UP: 'A backup is being taken; it comes back by itself in some seconds.',
  CODE_SHOWN: 'There is a code to scan.',
  PASSKEY_REQUIRED: "WhatsApp asks for the account's passkey before it links.",
  PASSKEY_UNREADABLE:
    'WhatsApp asks for the passkey in a way that this version does not know. Link on a desktop with session-manager link, or look for a newer version.',
  CODE_SCANNED: 'The phone accepted the link.',
  PROFILE_LINKED: 'The stored session was restored.',
  SYNCED: 'Linked, synced and connected.',
  CONNECTION_LOST: 'The connection to WhatsApp was lost. It recovers by itself.',
  OFFLINE_DELIVERY:
    'WhatsApp is delivering what came while there was no connection. Until that is over, some minutes at most, it holds what is sent.',
  TOOLS_BROKEN:
    'WhatsApp changed its page, and nothing can be sent or received for now. Tell whoever installed LeadMaster: it needs a newer wa-js.',
  LINK_IN_DOUBT:
    'The page asks for a code although the phone is linked. It is opened once more to be sure.',
  SERVICE_UNAVAILABLE:
    'WhatsApp’s servers serve nobody at the moment. It comes back by itself once they do.',
  UNLINKED: 'The device was unlinked from the phone.',
  CONFLICT:
    'WhatsApp Web was opened elsewhere with this session. Close it there before you connect.',
  CODE_NOT_SCANNED: 'Nobody scanned the code in time.',
};

export const failures: typeof esFailures = {
  CHROME_NOT_FOUND: {
    what: 'Chromium was not found on the server.',
    cure: 'Install it with “apt-get install chromium chromium-driver”, or point CHROME_BIN at it.',
  },
  CHROMEDRIVER_NOT_FOUND: {
    what: 'ChromeDriver was not found on the server.',
    cure: 'Install it with “apt-get install chromium-driver”, or point CHROMEDRIVER_BIN at it.',
  },
  PROFILE_UNUSABLE: {
    what: 'The folder that keeps the session cannot be used.',
    cure: 'Give the service’s user access to that folder, or change TOKENS_DIR.',
  },
  WA_JS_UNREADABLE: {
    what: 'The file in WA_JS_PATH cannot be read.',
    cure: 'Correct or unset WA_JS_PATH, and restart the service.',
  },
  PAGE_UNREACHABLE: {
    what: 'WhatsApp’s page cannot be opened.',
    cure: 'Check the server’s internet connection. The service tries again by itself.',
  },
  BROWSER_LAUNCH_FAILED: {
    what: 'The browser did not start.',
    cure: 'Look at the service’s log (pm2 logs session-manager) and try again.',
  },
  BROWSER_DIED: {
    what: 'The browser ended unexpectedly.',
    cure: 'It starts again by itself. If it keeps happening, check the server’s memory.',
  },
  CHROMEDRIVER_DIED: {
    what: 'ChromeDriver ended unexpectedly.',
    cure: 'It starts again by itself. If it keeps happening, check the server’s memory.',
  },
  PAGE_CRASHED: {
    what: 'WhatsApp’s page crashed in the browser.',
    cure: 'It opens again by itself. If it keeps happening, check the server’s memory.',
  },
  PAGE_HUNG: {
    what: 'WhatsApp’s page stopped answering.',
    cure: 'It opens again by itself. If it keeps happening, check the server’s load.',
  },
  PAGE_STUCK: {
    what: 'WhatsApp’s page opened but shows neither a code nor a session.',
    cure: 'It opens again by itself. If it keeps happening, WhatsApp Web may have changed: look for a newer LeadMaster.',
  },
  SYNC_STALLED: {
    what: 'The sync with the phone shows no progress any more.',
    cure: 'The page opens again by itself. Keep WhatsApp open on the phone.',
  },
  ACKS_STOPPED: {
    what: 'WhatsApp stopped confirming what is sent.',
    cure: 'It opens again by itself, and finds out what became of the messages. If it keeps happening, check the network.',
  },
  LEDGER_UNAVAILABLE: {
    what: 'The service cannot keep its record of messages, so nothing is sent.',
    cure: 'Make room on the server’s disk. It comes back by itself; if not, its log says why.',
  },
  UNSUPPORTED_BROWSER: {
    what: 'WhatsApp does not accept this browser.',
    cure: 'Update the packages chromium and chromium-driver and try again.',
  },
  BLOCKED_BY_WHATSAPP: {
    what: 'WhatsApp refuses the session.',
    cure: 'Open WhatsApp on the phone to see the reason. Once it is settled, try again.',
  },
  TEMPORARILY_BANNED: {
    what: 'WhatsApp banned the account for a while.',
    cure: 'Pause the campaigns and look at the phone: it says until when. It goes on by itself when that is over; trying again does not shorten it.',
  },
  UNEXPECTED_LOGOUT: {
    what: 'WhatsApp’s page asked to log out because of something unexpected.',
    cure: 'It is loaded anew by itself. If it shows a code then, scan it.',
  },
  TOO_MANY_RESTARTS: {
    what: 'The browser failed too many times in a row.',
    cure: 'Look at the service’s log (pm2 logs session-manager) and try again.',
  },
};
