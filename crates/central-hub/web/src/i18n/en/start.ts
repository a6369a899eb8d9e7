import type { Dictionary } from '../es';

export const start: Dictionary['start'] = {
  title: 'Home',
  lead: (day, time) => `${day}, ${time}`,
  failed: 'What matters today could not be read',
  session: {
    title: 'WhatsApp',
    ready: 'The line is connected: messages can be sent.',
    mode: 'Send mode',
    rehearsal: 'Dry run',
    real: 'Real',
    go: 'Go to WhatsApp',
    todo: {
      loading: 'The state is being read.',
      away: 'The WhatsApp service does not answer. Check that it runs.',
      idle: 'Nothing goes out without a connection. Connect the line.',
      starting: 'It is connecting. This usually takes less than a minute.',
      scan: 'The code has to be scanned with the phone.',
      passkey: "WhatsApp asks for the account's passkey before it links the phone.",
      syncing: 'WhatsApp is syncing. What waits goes out by itself once that is done.',
      disconnected: 'The line is disconnected and nothing goes out. Connect it again.',
      failed: 'The line is in trouble. There it says what happened and what to do.',
    },
  },
  today: {
    title: 'Today’s messages',
    sent: 'Sent',
    delivered: 'Delivered',
    read: 'Read',
    failed: 'Failed',
    waiting: 'Waiting',
    simulated: 'Rehearsed',
    received: 'Received',
  },
  attention: {
    title: 'Needs your attention',
    none: 'All in order: nothing waits for a person.',
    autoOff: 'Automatic campaigns are off: none moves on. AUTO_CAMPAIGNS_ENABLED switches them on.',
    failed: (count) =>
      count === 1
        ? 'One message failed within the last 7 days.'
        : `${count} messages failed within the last 7 days.`,
    paused: (name, why) => `The campaign “${name}” is paused: ${why}`,
    morePaused: (count) => `And ${count} more paused campaigns.`,
    unapproved: (count, names) =>
      count === 1
        ? `One schedule waits to be approved: ${names}.`
        : `${count} schedules wait to be approved: ${names}.`,
    unapprovedOwn: (count, names) =>
      count === 1
        ? `One schedule waits for an administrator: ${names}.`
        : `${count} schedules wait for an administrator: ${names}.`,
    andMore: (names, more) => `${names} and ${more} more`,
    half: (name) =>
      `The last list of “${name}” did not come in whole: it has to be uploaded again.`,
    dead: (name, count) =>
      `The integration “${name}” has ${count} notices that could not be delivered.`,
    switchedOff: (name) => `The integration “${name}” was switched off.`,
    reachOutLocked: (when) =>
      `WhatsApp does not let this account write to people who never wrote${when === null ? '' : `, until ${when}`}. Campaigns wait; who writes can be answered.`,
    newChatsCapped: (used, total, when) =>
      `WhatsApp’s monthly limit on new chats is reached${total === null ? '' : ` (${used} of ${total})`}${when === null ? '' : `, until ${when}`}. Campaigns wait.`,
    newChatsNear: (last, used, total) =>
      `WhatsApp warns${last ? ' for the second time' : ''} that the monthly limit on new chats is near${total === null ? '' : ` (${used} of ${total})`}. Send fewer a day.`,
    firstSync: (progress) =>
      `The phone was linked a short while ago and its history is still coming in${progress === null ? '' : ` (${progress} %)`}. Campaigns begin once it is there.`,
    recordingOff: 'Messages that come in are not kept.',
    look: 'Look',
  },
  campaigns: {
    title: 'Campaigns under way',
    none: 'No campaign is under way.',
    progress: (done, total) => `${done} of ${total}`,
    rehearsal: 'Dry run',
    forecast: (when) => `Expected to end ${when}`,
    next: (when) => `Next message: ${when}`,
    waits: (why) => `Waits: ${why}`,
    waitsUntil: (why, when) => `Waits: ${why}, until ${when}`,
    failed: (count) => `${count} failed`,
    more: (count) => `And ${count} more.`,
    all: 'All campaigns',
  },
  windows: {
    title: 'Today’s windows',
    none: 'No window of a campaign under way opens today.',
    now: 'Open',
    next: 'Later',
    over: 'Closed',
    until: (time) => `until ${time}`,
    from: (time) => `from ${time}`,
    used: (count, quota) => `${count} of today’s ${quota}`,
    more: (count) => `And ${count} more.`,
    week: 'See the week',
  },
  replies: {
    title: 'Latest replies',
    none: 'No message has come in yet.',
    all: 'All conversations',
    empty: '(no text)',
    justNow: 'just now',
  },
  pauses: {
    PAUSED_BY_PERSON: 'a person paused it.',
    RETRY: 'people were put back into the list.',
    IMPORTED: 'it was under way in the Node pair.',
    SCHEDULES_OVER: 'the dates of its schedules are over and people are left.',
    REACH_OUT_LIMIT:
      'WhatsApp limits writing to those who never wrote. Wait a day, and go on with fewer a day.',
    NEW_CHAT_LIMIT:
      'WhatsApp’s monthly limit on new chats is reached. Wait until its cycle ends.',
    REFUSED_BY_WHATSAPP: 'WhatsApp refused several messages in a row. Wait a day.',
    FAILURES_IN_A_ROW: 'several messages failed in a row. See why.',
    MANY_FAILURES: 'half of the last messages failed. See why.',
  },
  waits: {
    AUTO_CAMPAIGNS_DISABLED: 'automatic campaigns are off',
    SESSION_NOT_READY: 'WhatsApp is not ready',
    REACH_OUT_LOCKED: 'WhatsApp does not let it write to people who never wrote',
    NEW_CHATS_CAPPED: 'WhatsApp’s monthly limit on new chats is reached',
    FIRST_SYNC: 'the history of the newly linked phone is still coming in',
    DRY_RUN: 'the server is in dry run',
    NO_APPROVED_SCHEDULE: 'it has no approved schedule',
    NOT_YET: 'its date has not come',
    OUTSIDE_HOURS: 'it is outside its hours',
    DAILY_QUOTA_REACHED: 'the day’s quota is reached',
    PAUSE: 'the pause between two messages',
  },
};
