import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { toast } from '../ui/toast';
import { createSchedule, editSchedule } from '../planning/api';
import { moveSchedule, useScheduleChange } from './api';
import { requestOf, valuesOf } from '../planning/form';
import type { Schedule } from '../planning/types';

type Done = 'approve' | 'reject' | 'pause' | 'removed' | 'saved';

/** Restores a schedule, and the approval that a rewritten schedule loses. */
async function restore(done: Done, before: Schedule): Promise<void> {
  const body = requestOf(valuesOf(before));
  const { id } =
    done === 'removed' ? await createSchedule(body) : await editSchedule(before.id, body);
  if (before.estado === 'aprobada') await moveSchedule(id, 'approve', '');
}

/** Returns a function that reports a change of a schedule, with an undo action. */
export function useScheduleToast(): (done: Done, before: Schedule | null) => void {
  const t = useText();
  const s = t.schedules;
  const seesAll = useSeesAll();
  const undo = useScheduleChange(
    ({ done, before }: { done: Done; before: Schedule }) => restore(done, before),
    () => toast({ text: s.done.undone }),
  );
  return (done, before) => {
    // Restoring a rejected or paused schedule needs an administrator's
    // approval.
    const can =
      before !== null &&
      done !== 'saved' &&
      before.cupo_diario !== null &&
      (before.estado === 'pendiente' || (before.estado === 'aprobada' && seesAll));
    toast({
      text: s.done[done],
      ...(can ? { undo: { label: t.app.undo, act: () => undo.mutate({ done, before }) } } : {}),
    });
  };
}
