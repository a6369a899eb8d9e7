import { Anchor, Text, VisuallyHidden } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Link } from 'wouter';

import { useText } from '../../i18n/I18nProvider';
import { QUICK_ANSWERS } from '../../lib/routes';
import classes from './Compose.module.css';
import type { QuickAnswerList } from './useQuickAnswerList';

/** The list of matching quick answers, above the answer box. */
export function QuickAnswerOptions({ list }: { list: QuickAnswerList }) {
  const s = useText().quickAnswers.box;
  const chosen = useRef<HTMLDivElement>(null);
  const { shows, found, active } = list;
  useEffect(() => {
    // Recent browsers return a promise, which must not become the effect's clean-up.
    void chosen.current?.scrollIntoView({ block: 'nearest' });
  }, [active, found.length]);
  const said = {
    nothing: '',
    list: s.count(found.length),
    loading: s.loading,
    none: s.none,
    failed: s.failed,
  }[shows];
  return (
    <>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
      {list.missing.length > 0 && (
        <Text size="sm" role="status" data-testid="missing">
          {s.missing(list.missing.join(', '))}
        </Text>
      )}
      {shows !== 'nothing' && (
        <div className={classes.panel} data-testid="quick-answers">
          {shows === 'list' ? (
            <div id={list.listId} role="listbox" aria-label={s.list} className={classes.options}>
              {found.map((answer, at) => (
                <div
                  key={answer.id}
                  id={list.optionId(at)}
                  ref={at === active ? chosen : null}
                  role="option"
                  aria-selected={at === active}
                  className={classes.option}
                  // Keeps the focus in the answer box.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => list.choose(answer)}
                >
                  <Text span size="sm" fw={600} className={classes.shortcut}>
                    /{answer.atajo}
                  </Text>
                  <Text span size="sm" c="dimmed" truncate>
                    {answer.texto}
                  </Text>
                </div>
              ))}
            </div>
          ) : (
            <Text size="sm" c="dimmed" p={8} aria-hidden>
              {said}
            </Text>
          )}
          <Anchor
            component={Link}
            to={QUICK_ANSWERS}
            size="sm"
            className={classes.manage ?? ''}
            onClick={list.leave}
          >
            {s.manage}
          </Anchor>
        </div>
      )}
    </>
  );
}
