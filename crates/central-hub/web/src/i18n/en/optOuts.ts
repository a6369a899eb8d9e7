import type { Dictionary } from '../es';

export const optOuts: Dictionary['optOuts'] = {
  title: 'Opt-outs',
  lead: 'People who asked us not to write to them.',
  number: 'Number',
  how: 'How it came to the list',
  when: 'Since',
  actions: 'Actions',
  asked: (text) => (text ? `Wrote: “${text}”` : 'Asked by a message'),
  addedBy: (who) => {
    if (who === null) return 'Somebody of the office added it';
    if (who.kind === 'self') return 'You added it';
    return who.kind === 'program' ? 'Another program added it' : `${who.name} added it`;
  },
  possible: {
    title: 'To be read',
    text: 'These messages hold an opt-out word among others. Read them and decide.',
    optOut: 'Opt out',
    optOutOf: (who) => `Opt out ${who}`,
    none: 'Not an opt-out',
    noneOf: (who) => `Not an opt-out: ${who}`,
  },
  add: 'Add a number',
  addSubmit: 'Add',
  reason: 'Reason',
  reasonHint: 'Why, if you like. It is kept.',
  added: (number) => `${number} is opted out`,
  removed: (number) => `${number} is no longer opted out`,
  remove: 'Remove',
  removeOf: (number) => `Remove ${number}`,
  removeTitle: (number) => `Remove ${number} from the list?`,
  removeText: 'They can be written to again. Do it only if they asked for it.',
  emptyTitle: 'Nobody opted out',
  emptyText: 'Whoever writes one of the words below shows up here by itself.',
  words: {
    title: 'Words that ask for it',
    text: 'Whoever answers with one of these words is not written to any more. Case and accents do not matter.',
    label: 'Words',
    hint: 'Type one and press Enter.',
    empty: 'There has to be at least one word.',
    save: 'Save the words',
    saved: 'The words were saved.',
  },
  answer: {
    title: 'Say that it was understood',
    text: 'Whoever asks not to be written to gets this message, once, and nothing after it.',
    on: 'Answer whoever opts out',
    label: 'Message',
    suggested: 'Done: we will not write to you any more. If this was a mistake, answer this message.',
    empty: 'Write the message.',
    save: 'Save',
    saved: 'It was saved.',
  },
};
