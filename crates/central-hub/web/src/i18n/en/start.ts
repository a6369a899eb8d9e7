import type { Dictionary } from '../es';

export const start: Dictionary['start'] = {
  title: 'Home',
  lead: (day, time) => `${day}, ${time}`,
  failed: 'Could not load today’s overview',
  session: {
    title: 'WhatsApp',
    ready: 'WhatsApp is connected.',
    go: 'Go to WhatsApp',
    todo: {
      loading: 'Loading the status.',
      away: 'LeadMaster cannot reach WhatsApp. If this lasts more than 5 minutes, contact support.',
      idle: 'You have not linked your WhatsApp yet.',
      starting: 'Connecting. This usually takes less than a minute.',
      scan: 'Scan the code with the phone.',
      passkey: "WhatsApp asks for the account's passkey before it links the phone.",
      syncing: 'WhatsApp is syncing. Waiting messages are sent automatically afterwards.',
      lost: 'The phone is still linked and reconnects automatically. Until then, nothing is sent.',
      disconnected: 'WhatsApp is disconnected: messages are neither sent nor received. Connect it again.',
      failed: 'WhatsApp has a problem. Its page shows what happened and what to do.',
    },
  },
  steps: {
    title: 'First steps',
    hide: 'Hide',
    done: 'Done',
    link: 'Link the phone',
    test: 'Send yourself a test message',
    campaign: 'Create your first campaign',
    real: 'Turn on real sending',
    what: 'LeadMaster sends WhatsApp messages to your contacts from your number and helps you answer them.',
  },
  today: {
    title: 'Today’s messages',
    sent: 'Sent',
    delivered: 'Delivered',
    read: 'Read',
    failed: 'Failed',
    waiting: 'Waiting',
    simulated: 'Test',
    received: 'Received',
  },
  week: {
    title: 'Last 7 days',
    answered: 'Answered',
    days: 'Messages per day',
    day: (sent: string, received: string) => `${sent} sent, ${received} received`,
  },
  attention: {
    title: 'Needs your attention',
    none: 'You’re all caught up.',
    waiting: (count, shown, oldest) =>
      count === 1
        ? `1 person is waiting for a reply${oldest === null ? '' : `, since ${oldest}`}.`
        : `${shown} people are waiting for a reply${oldest === null ? '' : `; the first since ${oldest}`}.`,
    autoOff: 'Campaign sending is turned off on the server. Ask whoever installed it to turn it on.',
    failed: (count) =>
      count === 1
        ? '1 message failed in the last 7 days.'
        : `${count} messages failed in the last 7 days.`,
    paused: (name, why) => `The campaign “${name}” is paused: ${why}`,
    morePaused: (count) =>
      count === 1 ? 'And one more paused campaign.' : `And ${count} more paused campaigns.`,
    unapproved: (count, names) =>
      count === 1
        ? `The schedule of ${names} needs approval.`
        : `${count} schedules need approval: ${names}.`,
    unapprovedOwn: (count, names) =>
      count === 1
        ? `An administrator must approve the schedule of ${names}.`
        : `An administrator must approve ${count} schedules: ${names}.`,
    quoted: (name) => `“${name}”`,
    andMore: (names, more) => `${names} and ${more} more`,
    half: (name) =>
      `The last list of “${name}” is incomplete. Upload it again.`,
    dead: (name, count) =>
      count === '1'
        ? `The integration “${name}” has 1 event that could not be delivered.`
        : `The integration “${name}” has ${count} events that could not be delivered.`,
    switchedOff: (name) => `The integration “${name}” was turned off.`,
    reachOutLocked: (when) =>
      `WhatsApp does not let this account write to people who never wrote to you${when === null ? '' : `, until ${when}`}. Campaigns wait; you can still answer people who write.`,
    newChatsCapped: (used, total, when) =>
      `WhatsApp’s monthly limit on new chats is reached${total === null ? '' : ` (${used} of ${total})`}${when === null ? '' : `, until ${when}`}. Campaigns wait.`,
    newChatsNear: (last, used, total) =>
      `WhatsApp warns${last ? ' for the second time' : ''} that the monthly limit on new chats is near${total === null ? '' : ` (${used} of ${total})`}. Send fewer messages per day.`,
    firstSync: (progress) =>
      `The phone was linked recently and its history is still loading${progress === null ? '' : ` (${progress} %)`}. Campaigns start once it is complete.`,
    possibleOptOuts: (count) =>
      count === 1
        ? '1 message may be an opt-out and needs review.'
        : `${count} messages may be opt-outs and need review.`,
    recordingOff: 'Incoming messages are not being saved.',
    ways: {
      look: 'View',
      answer: 'Reply',
      resolve: 'Resolve',
      approve: 'Approve',
      turnOn: 'Turn on',
      howTo: 'How to turn it on',
      link: 'Link',
      connect: 'Connect',
    },
    count: (n) => (n === 1 ? '1 pending' : `${n} pending`),
  },
  campaigns: {
    title: 'Active campaigns',
    none: 'No active campaigns.',
    progress: (done, total) => `${done} of ${total}`,
    rehearsal: 'Test',
    forecast: (when) => `Would finish ${when}`,
    next: (when) => `Next message: ${when}`,
    waits: (why) => `Not sending: ${why}`,
    waitsUntil: (why, when) => `Not sending: ${why}. Continues ${when}`,
    failed: (count) => `${count} failed`,
    more: (count) => `And ${count} more.`,
    all: 'All campaigns',
  },
  windows: {
    title: 'Today’s sending hours',
    none: 'No campaigns are scheduled for today.',
    now: 'Now',
    next: 'Later',
    over: 'Ended',
    until: (time) => `until ${time}`,
    from: (time) => `from ${time}`,
    used: (count, quota) => `${count} of today’s ${quota}`,
    more: (count) => `And ${count} more.`,
    week: 'View the week',
  },
  replies: {
    title: 'Latest replies',
    none: 'No messages received yet.',
    all: 'All conversations',
    empty: '(no text)',
  },
  pausedBy: (who, when) => {
    const at = when === null ? '' : ` ${when}`;
    if (who === null) return `someone on your team paused it${at}.`;
    if (who.kind === 'self') return `you paused it${at}.`;
    return who.kind === 'program' ? `another program paused it${at}.` : `${who.name} paused it${at}.`;
  },
  pauses: {
    RETRY: 'failed recipients are to be tried again.',
    IMPORTED: 'it was running in the Node pair.',
    SCHEDULES_OVER: 'its schedules have ended and some people are left.',
    REACH_OUT_LIMIT:
      'WhatsApp limits messages to people who never wrote to you. Wait a day, then continue with fewer messages per day.',
    NEW_CHAT_LIMIT:
      'WhatsApp’s monthly limit on new chats is reached. Wait until its cycle ends.',
    REFUSED_BY_WHATSAPP: 'WhatsApp refused several messages in a row. Wait a day.',
    FAILURES_IN_A_ROW: 'several messages in a row failed. Check why.',
    MANY_FAILURES: 'half of the last messages failed. Check why.',
  },
  waits: {
    SENDING_STOPPED: 'all sending was stopped',
    AUTO_CAMPAIGNS_DISABLED: 'campaign sending is turned off on the server',
    SESSION_NOT_READY: 'WhatsApp is not connected',
    REACH_OUT_LOCKED: 'WhatsApp does not let this account write to people who never wrote to you',
    NEW_CHATS_CAPPED: 'WhatsApp’s monthly limit on new chats is reached',
    FIRST_SYNC: 'the history of the newly linked phone is still loading',
    DRY_RUN: 'test mode is on',
    NO_APPROVED_SCHEDULE: 'its schedule needs approval',
    NOT_YET: 'its start date is in the future',
    OUTSIDE_HOURS: 'it is outside its sending hours',
    DAILY_QUOTA_REACHED: 'its daily limit is reached',
    PAUSE: 'pause between two messages',
  },
};
