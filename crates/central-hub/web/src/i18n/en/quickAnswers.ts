import type { Dictionary } from '../es';

export const quickAnswers: Dictionary['quickAnswers'] = {
  title: 'Quick replies',
  lead: 'Save the texts you send often. In a chat, type / to insert one.',
  back: 'Back to conversations',
  add: 'New quick reply',
  shortcut: 'Shortcut',
  text: 'Text',
  actions: 'Actions',
  business: (id) => `business ${id}`,
  edit: 'Edit',
  editOf: (name) => `Edit /${name}`,
  remove: 'Delete',
  removeOf: (name) => `Delete /${name}`,
  saved: (name) => `/${name} saved`,
  removed: (name) => `/${name} deleted`,
  emptyTitle: 'No quick replies yet',
  emptyText: 'For example, save “hours” and type /hours in a chat to insert the whole text.',
  form: {
    shortcut: 'Shortcut',
    shortcutHint: 'One word. In a chat, type it after a /.',
    shortcutWrong: 'Use a single word of up to 30 letters or digits.',
    text: 'Text',
    textHint: 'Use braces for the contact’s details. Add a fallback for when the name is missing: {nombre|neighbour}.',
    textEmpty: 'Enter the text.',
    insert: 'Insert a detail:',
    insertField: (name) => `Insert {${name}}`,
    preview: 'Preview for Ana:',
    unknown: (name) => `“${name}” is not a valid detail. Use {nombre} or {telefono}.`,
    save: 'Save',
  },
  box: {
    open: 'Quick replies',
    list: 'Quick replies',
    loading: 'Loading quick replies…',
    count: (count) =>
      count === 1
        ? '1 quick reply. Press Enter to insert it, Esc to close.'
        : `${count} quick replies. Use the arrow keys to choose, Enter to insert, Esc to close.`,
    none: 'No quick replies yet.',
    failed: 'Could not load quick replies.',
    manage: 'Manage quick replies',
    missing: (names) => `This contact has no ${names}. Replace the dots before you send.`,
  },
};
