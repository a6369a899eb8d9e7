import type { Dictionary } from '../es';

export const optOuts: Dictionary['optOuts'] = {
  title: 'Opt-outs',
  lead: 'People who asked not to receive messages.',
  number: 'Number',
  how: 'Source',
  when: 'Since',
  actions: 'Actions',
  asked: (text) => (text ? `Wrote: “${text}”` : 'Asked in a message'),
  addedBy: (who) => {
    if (who === null) return 'Added by someone on your team';
    if (who.kind === 'self') return 'Added by you';
    return who.kind === 'program' ? 'Added by another program' : `Added by ${who.name}`;
  },
  possible: {
    title: 'To review',
    text: 'These messages contain an opt-out word among other text. Read them and decide.',
    optOut: 'Opt out',
    optOutOf: (who) => `Opt out ${who}`,
    none: 'Not an opt-out',
    noneOf: (who) => `Not an opt-out: ${who}`,
  },
  add: 'Add a number',
  addSubmit: 'Add',
  reason: 'Reason',
  reasonHint: 'Optional. It is saved with the opt-out.',
  added: (number) => `${number} is opted out`,
  removed: (number) => `${number} is no longer opted out`,
  remove: 'Remove',
  removeOf: (number) => `Remove ${number}`,
  removeTitle: (number) => `Remove ${number} from the list?`,
  removeText: 'They can receive messages again. Only do this if they asked for it.',
  emptyTitle: 'No opt-outs',
  emptyText: 'Anyone who replies with one of the words below is added automatically.',
  words: {
    title: 'Opt-out words',
    text: 'Anyone who replies with one of these words stops receiving messages. Capital letters and accents do not matter.',
    label: 'Words',
    hint: 'Type one and press Enter.',
    empty: 'Enter at least one word.',
    save: 'Save words',
    saved: 'Words saved.',
  },
  answer: {
    title: 'Confirmation message',
    text: 'People who opt out get this message once, and nothing after it.',
    on: 'Send a confirmation',
    label: 'Message',
    suggested: 'Done: you will not receive any more messages from us. If this was a mistake, reply to this message.',
    empty: 'Enter the message.',
    save: 'Save',
    saved: 'Saved.',
  },
};
