import { causes } from './causes';
import { campaigns } from './campaigns';
import { contacts } from './contacts';
import { conversations } from './conversations';
import { integrations } from './integrations';
import { messages } from './messages';
import { optOuts } from './optOuts';
import { quickAnswers } from './quickAnswers';
import { schedules } from './schedules';
import { settings } from './settings';
import { users } from './users';
import { whatsappScreen } from './whatsappScreen';

/** The texts of the screens other than the first, which are loaded with them. */
export const screens = {
  campaigns,
  contacts,
  conversations,
  integrations,
  messages,
  optOuts,
  quickAnswers,
  schedules,
  settings,
  users,
  ...whatsappScreen,
  causes,
};
