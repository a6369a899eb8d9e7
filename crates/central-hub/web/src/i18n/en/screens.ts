import type { ScreenTexts } from '../es';
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

export const screens: ScreenTexts = {
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
