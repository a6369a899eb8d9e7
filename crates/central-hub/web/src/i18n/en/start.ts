import type { Dictionary } from '../es';

export const start: Dictionary['start'] = {
  title: 'Home',
  lead: (day, time) => `${day}, ${time}`,
  failed: 'What matters today could not be read',
  session: {
    title: 'WhatsApp',
    ready: 'WhatsApp is connected.',
    go: 'Go to WhatsApp',
    todo: {
      loading: 'The state is being read.',
      away: 'LeadMaster cannot talk to WhatsApp. If this lasts for 5 minutes, tell support.',
      idle: 'You have not linked your WhatsApp yet.',
      starting: 'It is connecting. This usually takes less than a minute.',
      scan: 'The code has to be scanned with the phone.',
      passkey: "WhatsApp asks for the account's passkey before it links the phone.",
      syncing: 'WhatsApp is syncing. What waits goes out by itself once that is done.',
      lost: 'The phone is still linked. It reconnects by itself; until then nothing goes out.',
      disconnected: 'WhatsApp is disconnected: nothing comes in or goes out. Connect it again.',
      failed: 'WhatsApp is in trouble. There it says what happened and what to do.',
    },
  },
  steps: {
    title: 'First steps',
    hide: 'Hide',
    done: 'Done',
    link: 'Link the phone',
    test: 'Send yourself a test message',
    campaign: 'Make your first campaign',
    real: 'Switch real sending on',
    what: 'LeadMaster writes to your contacts on WhatsApp from your number, and helps you answer.',
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
    days: 'Messages a day',
    day: (sent: string, received: string) => `${sent} sent, ${received} received`,
  },
  attention: {
    title: 'Needs your attention',
    none: 'All up to date. Nothing is pending.',
    waiting: (count, shown, oldest) =>
      count === 1
        ? `1 person waits for an answer${oldest === null ? '' : `, since ${oldest}`}.`
        : `${shown} people wait for an answer${oldest === null ? '' : `; the first, ${oldest}`}.`,
    autoOff: 'Sending campaigns is switched off on the server. Ask whoever installed it to switch it on.',
    failed: (count) =>
      count === 1
        ? 'One message failed within the last 7 days.'
        : `${count} messages failed within the last 7 days.`,
    paused: (name, why) => `The campaign “${name}” is paused: ${why}`,
    morePaused: (count) =>
      count === 1 ? 'And one more paused campaign.' : `And ${count} more paused campaigns.`,
    unapproved: (count, names) =>
      count === 1
        ? `The schedule of ${names} has to be approved.`
        : `${count} schedules have to be approved: ${names}.`,
    unapprovedOwn: (count, names) =>
      count === 1
        ? `An administrator has to approve the schedule of ${names}.`
        : `An administrator has to approve ${count} schedules: ${names}.`,
    quoted: (name) => `“${name}”`,
    andMore: (names, more) => `${names} and ${more} more`,
    half: (name) =>
      `The last list of “${name}” did not come in whole: it has to be uploaded again.`,
    dead: (name, count) =>
      count === '1'
        ? `The integration “${name}” has 1 notice that could not be delivered.`
        : `The integration “${name}” has ${count} notices that could not be delivered.`,
    switchedOff: (name) => `The integration “${name}” was switched off.`,
    reachOutLocked: (when) =>
      `WhatsApp does not let this account write to people who never wrote${when === null ? '' : `, until ${when}`}. Campaigns wait; who writes can be answered.`,
    newChatsCapped: (used, total, when) =>
      `WhatsApp’s monthly limit on new chats is reached${total === null ? '' : ` (${used} of ${total})`}${when === null ? '' : `, until ${when}`}. Campaigns wait.`,
    newChatsNear: (last, used, total) =>
      `WhatsApp warns${last ? ' for the second time' : ''} that the monthly limit on new chats is near${total === null ? '' : ` (${used} of ${total})`}. Send fewer a day.`,
    firstSync: (progress) =>
      `The phone was linked a short while ago and its history is still coming in${progress === null ? '' : ` (${progress} %)`}. Campaigns begin once it is there.`,
    possibleOptOuts: (count) =>
      count === 1
        ? 'One message may ask for an opt-out: somebody has to read it.'
        : `${count} messages may ask for an opt-out: somebody has to read them.`,
    recordingOff: 'Messages that come in are not kept.',
    ways: {
      look: 'See',
      answer: 'Answer',
      resolve: 'Solve',
      approve: 'Approve',
      turnOn: 'Switch on',
      howTo: 'How to switch it on',
      link: 'Link',
      connect: 'Connect',
    },
    count: (n) => (n === 1 ? '1 pending' : `${n} pending`),
  },
  campaigns: {
    title: 'Campaigns under way',
    none: 'No campaign is under way.',
    progress: (done, total) => `${done} of ${total}`,
    rehearsal: 'Test',
    forecast: (when) => `Would end ${when}`,
    next: (when) => `Next message: ${when}`,
    waits: (why) => `Not sending: ${why}`,
    waitsUntil: (why, when) => `Not sending: ${why}. Goes on ${when}`,
    failed: (count) => `${count} failed`,
    more: (count) => `And ${count} more.`,
    all: 'All campaigns',
  },
  windows: {
    title: 'Today’s hours',
    none: 'No campaign goes out today.',
    now: 'Within hours',
    next: 'Later',
    over: 'Over',
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
  },
  pausedBy: (who, when) => {
    const at = when === null ? '' : ` ${when}`;
    if (who === null) return `somebody of the office paused it${at}.`;
    if (who.kind === 'self') return `you paused it${at}.`;
    return who.kind === 'program' ? `another program paused it${at}.` : `${who.name} paused it${at}.`;
  },
  pauses: {
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
    SENDING_STOPPED: 'somebody stopped all sending',
    AUTO_CAMPAIGNS_DISABLED: 'sending campaigns is switched off on the server',
    SESSION_NOT_READY: 'WhatsApp is not connected',
    REACH_OUT_LOCKED: 'WhatsApp does not let it write to people who never wrote',
    NEW_CHATS_CAPPED: 'WhatsApp’s monthly limit on new chats is reached',
    FIRST_SYNC: 'the history of the newly linked phone is still coming in',
    DRY_RUN: 'test mode is on',
    NO_APPROVED_SCHEDULE: 'its schedule has to be approved',
    NOT_YET: 'its date has not come',
    OUTSIDE_HOURS: 'it is outside its hours',
    DAILY_QUOTA_REACHED: 'the most for one day is reached',
    PAUSE: 'the pause between two messages',
  },
};
