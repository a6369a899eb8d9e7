import type { messageActions as es } from '../es/messageActions';

export const messageActions: typeof es = {
  menu: 'Message options',
  answer: 'Reply',
  edit: 'Edit',
  delete: 'Delete for everyone',
  answering: (who) => `Replying to ${who}`,
  noAnswer: 'Do not reply to that message',
  editTitle: 'Edit the message',
  editHint: 'Whoever received it sees the new text, marked as edited. WhatsApp allows edits for 15 minutes.',
  text: 'Message',
  save: 'Save',
  edited: 'Message edited',
  deleteTitle: 'Delete this message for everyone?',
  deleteText: 'It disappears from the phone of whoever received it as well, who sees that a message was deleted. It cannot be undone.',
  deleted: 'Message deleted for everyone',
  simulated: 'Rehearsal: nothing was changed.',
};
