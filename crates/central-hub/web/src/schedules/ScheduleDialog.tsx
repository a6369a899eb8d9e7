import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';
import { Dialog } from '../ui/Dialog';
import { Detail } from './Detail';
import { Question, type QuestionKind } from './Question';
import { ScheduleForm } from './ScheduleForm';
import type { CampaignChoice, Schedule } from '../planning/types';
import { nameOf } from './scheduleText';

/** The dialog's views, all in one window, so that the focus stays inside. */
export type Content = { what: 'create' } | { what: 'detail' | 'edit' | QuestionKind; schedule: Schedule };

interface Props {
  opened: boolean;
  content: Content;
  /** The campaign of a new schedule, if known. */
  campaign: CampaignChoice | null;
  onContent: (content: Content) => void;
  onClose: () => void;
}

function titleOf(t: Dictionary, content: Content): string {
  const s = t.schedules;
  switch (content.what) {
    case 'create':
      return s.form.createTitle;
    case 'edit':
      return s.form.editTitle;
    case 'reject':
      return s.rejectTitle;
    case 'pause':
      return s.pauseTitle;
    case 'remove':
      return s.removeTitle;
    case 'detail':
      return nameOf(t, content.schedule);
  }
}

export function ScheduleDialog({ opened, content, campaign, onContent, onClose }: Props) {
  const t = useText();
  const schedule = content.what === 'create' ? null : content.schedule;
  const to = (what: 'detail' | 'edit' | QuestionKind) => schedule && onContent({ what, schedule });
  return (
    <Dialog
      opened={opened}
      title={titleOf(t, content)}
      size="lg"
      onClose={onClose}
    >
      {(content.what === 'create' || content.what === 'edit') && (
        <ScheduleForm
          schedule={schedule}
          campaign={campaign}
          onDone={onClose}
          onCancel={() => (schedule ? to('detail') : onClose())}
        />
      )}
      {content.what === 'detail' && (
        <Detail schedule={content.schedule} onAsk={to} onEdit={() => to('edit')} onDone={onClose} />
      )}
      {(content.what === 'reject' || content.what === 'pause' || content.what === 'remove') && (
        <Question
          schedule={content.schedule}
          question={content.what}
          onDone={onClose}
          onBack={() => to('detail')}
        />
      )}
    </Dialog>
  );
}
