import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { toast } from '../ui/toast';
import { createSchedule, editSchedule, moveSchedule, useScheduleChange } from './api';
import { requestOf, valuesOf } from './form';
import type { Schedule } from './types';

type Done = 'approve' | 'reject' | 'pause' | 'removed' | 'saved';

/** As it was before: a schedule that is written again waits for its approval. */
async function restore(done: Done, before: Schedule): Promise<void> {
  const body = requestOf(valuesOf(before));
  const { id } =
    done === 'removed' ? await createSchedule(body) : await editSchedule(before.id, body);
  if (before.estado === 'aprobada') await moveSchedule(id, 'approve', '');
}

/** Says what was done to a schedule, and takes it back if one asks. */
export function useScheduleToast(): (done: Done, before: Schedule | null) => void {
  const t = useText();
  const s = t.schedules;
  const seesAll = useSeesAll();
  const undo = useScheduleChange(
    ({ done, before }: { done: Done; before: Schedule }) => restore(done, before),
    () => toast({ text: s.done.undone }),
  );
  return (done, before) => {
    // What was rejected or paused comes back with the approval that only an administrator gives.
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
