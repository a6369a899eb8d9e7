import type { failures as esFailures } from '../es/failures';

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
