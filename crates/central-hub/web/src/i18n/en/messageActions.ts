import type { messageActions as es } from '../es/messageActions';

export const messageActions: typeof es = {
  menu: 'Message options',
  answer: 'Reply',
  edit: 'Edit',
  delete: 'Delete for everyone',
  answering: (who) => `Replying to ${who}`,
  noAnswer: 'Cancel reply',
  editTitle: 'Edit message',
  editHint: 'The recipient sees the new text, marked as edited. WhatsApp allows edits for 15 minutes.',
  text: 'Message',
  save: 'Save',
  edited: 'Message edited',
  deleteTitle: 'Delete this message for everyone?',
  deleteText: 'It also disappears from the recipient’s phone, which shows that a message was deleted. This cannot be undone.',
  deleted: 'Message deleted for everyone',
  simulated: 'Test mode: nothing was changed.',
};
