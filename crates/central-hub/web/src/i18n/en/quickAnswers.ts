import type { Dictionary } from '../es';

export const quickAnswers: Dictionary['quickAnswers'] = {
  title: 'Quick answers',
  lead: 'Texts that you use often. In a chat, type / and choose one.',
  back: 'Back to the conversations',
  add: 'New answer',
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
  emptyTitle: 'There are no quick answers yet',
  emptyText: 'For example “hours”: with /hours in a chat the whole text appears.',
  form: {
    shortcut: 'Shortcut',
    shortcutHint: 'One word. In the chat it is typed after a /.',
    shortcutWrong: 'A single word of up to 30 letters or digits.',
    text: 'Text',
    textHint: 'In braces go the person’s details. Where the name is missing, put another word: {nombre|neighbour}.',
    textEmpty: 'Write the text.',
    insert: 'Put in a detail:',
    insertField: (name) => `Put in {${name}}`,
    preview: 'This is how it reaches Ana:',
    unknown: (name) => `There is no detail “${name}”: use {nombre} or {telefono}.`,
    save: 'Save',
  },
  box: {
    open: 'Quick answers',
    list: 'Quick answers',
    loading: 'Looking for answers…',
    count: (count) =>
      count === 1
        ? '1 quick answer. Enter puts it in, Esc closes.'
        : `${count} quick answers. Arrows to choose, Enter puts it in, Esc closes.`,
    none: 'There are no quick answers yet.',
    failed: 'The quick answers could not be read.',
    manage: 'See and edit',
    missing: (names) => `A detail of this person is missing (${names}): complete the dots before you send.`,
  },
};
