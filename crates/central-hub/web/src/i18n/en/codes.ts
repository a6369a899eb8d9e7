import type { causes as esCauses, errors as esErrors, failures as esFailures } from '../es/codes';

export const errors: typeof esErrors = {
  INVALID_REQUEST: 'The data is not valid. Check the number and the message.',
  INVALID_JSON: 'The server did not understand the request.',
  INVALID_HEADER: 'The server did not accept the request.',
  UNAUTHORIZED: 'You need to sign in to do this.',
  WRONG_PASSWORD: 'The user name or the password is wrong.',
  FORBIDDEN: 'You do not have permission to do this.',
  CSRF_TOKEN_INVALID: 'The session changed in another tab. Reload the page and try again.',
  CROSS_SITE_REQUEST: 'The server does not accept requests from another site.',
  TOO_MANY_ATTEMPTS: 'Too many failed attempts. Wait a minute and try again.',
  TOO_MANY_AT_ONCE: 'You have too many of these open. Close one, or try again in a few seconds.',
  USER_EXISTS: 'A user with this name already exists.',
  USER_NOT_FOUND: 'This user no longer exists.',
  LAST_ADMIN: 'There would be no administrator left. Create another one first.',
  TOKEN_NOT_FOUND: 'This token no longer exists.',
  NOT_FOUND: 'The server does not know this request. It may have a different version from this page.',
  NOT_ON_WHATSAPP: 'That number is not on WhatsApp.',
  RECIPIENT_BLOCKED:
    'This account has blocked that person. Nothing was sent: unblock them on the phone.',
  REACH_OUT_LIMIT:
    'WhatsApp does not let this account write to more people who never wrote to you (error 463). Nothing was sent: wait a day.',
  NEW_CHAT_LIMIT:
    'WhatsApp’s monthly limit on new chats is reached (error 475). Nothing was sent: wait until its cycle ends.',
  METHOD_NOT_ALLOWED:
    'The server does not know this request. It may have a different version from this page.',
  REQUEST_TIMEOUT: 'The request took too long to arrive. Try again.',
  QR_NOT_AVAILABLE: 'There is no code yet. Wait until it appears and try again.',
  QR_NOT_REQUIRED: 'A phone is already linked: no code is needed.',
  ALREADY_LINKED: 'A phone is already linked: no code is needed.',
  PASSKEY_NOT_PENDING:
    'WhatsApp is no longer waiting for that answer. Use what this page shows now.',
  IDEMPOTENCY_KEY_REUSED:
    'This message was already requested with different content. Change it and try again.',
  URL_NOT_ALLOWED: 'Files are not fetched from that site. Upload the file instead.',
  FILE_NOT_FOUND: 'That file is no longer available. Upload it again.',
  MEDIA_NOT_FOUND: 'No received message with this id has a file.',
  MEDIA_OFF: 'Incoming files are not downloaded (MEDIA_DOWNLOAD).',
  MEDIA_GONE: 'WhatsApp no longer has this file; the phone may still have it.',
  LINK_EXPIRED: 'The link to the file has expired.',
  FILE_IN_USE: 'A message that may be sent again needs this file.',
  FETCH_FAILED: 'The file could not be downloaded, so nothing was sent.',
  STORAGE_FULL: 'There is no space for the file. Delete some files, or try again later.',
  PAYLOAD_TOO_LARGE: 'The message is too long.',
  INTERNAL: 'The service had an internal error. Its log shows the cause.',
  SEND_FAILED: 'WhatsApp did not accept the message, so it was not sent. You can try again.',
  PAIRING_FAILED: 'WhatsApp did not return a code. Check the number or wait a few minutes.',
  BROWSER_FAILED: 'The browser could not complete this. Try again.',
  SESSION_NOT_READY: 'WhatsApp is not ready to send yet.',
  BACKUP_UNAVAILABLE: 'A backup cannot be created now: no phone is linked, BACKUP_KEY is missing, or one is already running.',
  BACKUP_FAILED: 'The backup could not be created.',
  BROWSER_NOT_RUNNING: 'The browser is closed. Connect first.',
  LEDGER_UNAVAILABLE:
    'The service cannot keep its record of messages, so nothing was sent. Its log shows why; often the disk is full.',
  MESSAGE_NOT_FOUND: 'The message was not found, so nothing was sent.',
  MESSAGE_NOT_OWN: 'Only messages that this account sent can be changed.',
  MESSAGE_NOT_CHANGEABLE: 'WhatsApp does not allow changes to this message.',
  MESSAGE_TOO_OLD: 'It is too late: WhatsApp allows edits for 15 minutes and deleting for everyone for two and a half days.',
  MESSAGE_NOT_UNDECIDED: 'There is nothing to decide: the service will determine the outcome itself.',
  MESSAGE_NOT_FAILED: 'Only a message that failed can be sent again.',
  MESSAGE_OF_CAMPAIGN: 'This message belongs to a campaign: retry its recipient there.',
  SENDING_STOPPED: 'All sending is stopped, so the message was not sent. An administrator can resume sending.',
  CONTACT_NOT_FOUND: 'There is no data about this contact.',
  CONTACT_ALREADY_JOINED: 'They are already the same contact.',
  CONTACT_NOT_JOINED: 'This address cannot be separated: it does not belong to the contact, or is their only one.',
  CONTACT_MAIN_ADDRESS: 'This is the contact’s main number. Separate the other addresses instead.',
  QUICK_ANSWER_NOT_FOUND: 'This quick reply no longer exists.',
  QUICK_ANSWER_EXISTS: 'A quick reply with this shortcut already exists.',
  QUICK_ANSWERS_FULL: 'You have reached the limit of 500 quick replies. Delete one first.',
  CONTACT_BUSY: 'A message to this contact is being sent. Try again shortly.',
  OPTED_OUT: 'This contact opted out and cannot receive messages.',
  CAMPAIGN_STATE: 'This is not possible in the campaign’s current state.',
  UNSUPPORTED_MEDIA_TYPE: 'The server does not accept this type of file.',
  TEMPLATE_INVALID: 'The text has an error in its braces or uses a column that the list does not have.',
  LIST_INVALID: 'The list cannot be read. Nothing after the error was imported.',
  NOT_SERVED_HERE: 'This belongs to another system and is not served here.',
  IMPORT_INCOMPLETE: 'The last list is incomplete. Upload it again or remove it.',
  STORE_UNAVAILABLE:
    'The server’s database is unavailable, so nothing was done. Try again in a moment; the log shows why.',
  OVERLOADED: 'The service is busy. Try again in a few seconds.',
  SHUTTING_DOWN: 'The service is stopping.',
  SEND_UNCONFIRMED:
    'WhatsApp did not confirm in time. The message may have been sent: check the phone before sending it again.',
  SEND_UNDECIDED:
    'It is not known whether the message arrived: check the chat on the phone and decide in Messages.',
  EARLIER_UNCONFIRMED:
    'An earlier message to this number is not confirmed yet, so this one was not sent. Try again in a minute.',
  BROWSER_TIMEOUT: 'The browser did not answer in time. Try again.',
  WHATSAPP_UNAVAILABLE:
    'LeadMaster cannot reach WhatsApp. If this lasts more than 5 minutes, contact support.',
  SESSION_MANAGER_TIMEOUT: 'WhatsApp is slow to answer. If this lasts more than 5 minutes, contact support.',
  SESSION_MANAGER_BAD_RESPONSE:
    'The WhatsApp service gave an unexpected answer. Contact support: it may have a different version.',
  WEBHOOK_ADDRESS_REFUSED:
    'This address is inside the local network. If that is intended, add it to WEBHOOK_ALLOWED_HOSTS on the server.',
  ALERTS_NOT_CONFIGURED: 'Alerts have no recipient: configure e-mail or a webhook on the server.',
  INTERNAL_TOKEN_NOT_SET: 'The server has no INTERNAL_TOKEN, so programs cannot report messages.',
  WEBHOOK_NOT_FOUND: 'This webhook no longer exists.',
  WEBHOOK_DELIVERY_NOT_FOUND: 'This delivery no longer exists.',
  WEBHOOK_DELIVERY_PENDING: 'This delivery is already pending.',
  TOO_MANY_TOKENS: 'This business has too many tokens. Revoke one first.',
  TOO_MANY_WEBHOOKS: 'There are too many webhooks. Delete one first.',
  HUB_UNREACHABLE: 'The server cannot be reached.',
  HUB_TIMEOUT: 'The server did not answer in time.',
  BAD_RESPONSE: 'The server gave an unexpected answer.',
};

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

export const failures: typeof esFailures = {
  CHROME_NOT_FOUND: {
    what: 'Chromium was not found on the server.',
    cure: 'Install it with “apt-get install chromium chromium-driver”, or set CHROME_BIN to its path.',
  },
  CHROMEDRIVER_NOT_FOUND: {
    what: 'ChromeDriver was not found on the server.',
    cure: 'Install it with “apt-get install chromium-driver”, or set CHROMEDRIVER_BIN to its path.',
  },
  PROFILE_UNUSABLE: {
    what: 'The session folder cannot be used.',
    cure: 'Give the service’s user access to that folder, or change TOKENS_DIR.',
  },
  WA_JS_UNREADABLE: {
    what: 'The file in WA_JS_PATH cannot be read.',
    cure: 'Correct or unset WA_JS_PATH, and restart the service.',
  },
  PAGE_UNREACHABLE: {
    what: 'WhatsApp’s page cannot be opened.',
    cure: 'Check the server’s internet connection. The service retries automatically.',
  },
  BROWSER_LAUNCH_FAILED: {
    what: 'The browser did not start.',
    cure: 'Check the service’s log (pm2 logs session-manager) and try again.',
  },
  BROWSER_DIED: {
    what: 'The browser stopped unexpectedly.',
    cure: 'It restarts automatically. If it keeps happening, check the server’s memory.',
  },
  CHROMEDRIVER_DIED: {
    what: 'ChromeDriver stopped unexpectedly.',
    cure: 'It restarts automatically. If it keeps happening, check the server’s memory.',
  },
  PAGE_CRASHED: {
    what: 'WhatsApp’s page crashed in the browser.',
    cure: 'It reopens automatically. If it keeps happening, check the server’s memory.',
  },
  PAGE_HUNG: {
    what: 'WhatsApp’s page stopped answering.',
    cure: 'It reopens automatically. If it keeps happening, check the server’s load.',
  },
  PAGE_STUCK: {
    what: 'WhatsApp’s page opened but shows neither a code nor a session.',
    cure: 'It reopens automatically. If it keeps happening, WhatsApp Web may have changed: install a newer LeadMaster.',
  },
  SYNC_STALLED: {
    what: 'The sync with the phone is no longer making progress.',
    cure: 'The page reopens automatically. Keep WhatsApp open on the phone.',
  },
  ACKS_STOPPED: {
    what: 'WhatsApp stopped confirming sent messages.',
    cure: 'It reopens automatically and determines the outcome of the messages. If it keeps happening, check the network.',
  },
  LEDGER_UNAVAILABLE: {
    what: 'The service cannot keep its record of messages, so nothing is sent.',
    cure: 'Free up space on the server’s disk. The service recovers automatically; if not, its log shows why.',
  },
  UNSUPPORTED_BROWSER: {
    what: 'WhatsApp does not accept this browser.',
    cure: 'Update the packages chromium and chromium-driver and try again.',
  },
  BLOCKED_BY_WHATSAPP: {
    what: 'WhatsApp refuses the session.',
    cure: 'Open WhatsApp on the phone to see the reason. Once it is resolved, try again.',
  },
  TEMPORARILY_BANNED: {
    what: 'WhatsApp banned the account temporarily.',
    cure: 'Pause the campaigns and check the phone, which shows until when. The account works again automatically after that; retrying does not shorten the ban.',
  },
  UNEXPECTED_LOGOUT: {
    what: 'WhatsApp’s page asked to log out because of something unexpected.',
    cure: 'It reloads automatically. If it then shows a code, scan it.',
  },
  TOO_MANY_RESTARTS: {
    what: 'The browser failed too many times in a row.',
    cure: 'Check the service’s log (pm2 logs session-manager) and try again.',
  },
};
