import { Menu } from '@mantine/core';
import { IconMoodPlus } from '@tabler/icons-react';
import type { ComponentProps } from 'react';

import { useText } from '../../i18n/I18nProvider';
import classes from './Actions.module.css';

/** The reactions that WhatsApp offers first, by their names in the texts. */
const USUAL = [
  ['👍', 'thumb'],
  ['❤️', 'heart'],
  ['😂', 'laugh'],
  ['😮', 'surprise'],
  ['😢', 'sad'],
  ['🙏', 'thanks'],
] as const;

/** An emoji without the mark that makes it one, which not every phone writes. */
const bare = (emoji: string): string => emoji.replace(/\uFE0F/g, '');

/** An entry that can be chosen: `Menu.Item` sets the role of every entry itself. */
const Choice = (props: ComponentProps<'button'>) => <button {...props} type="button" role="menuitemcheckbox" />;

interface Props {
  /** The account's own reaction. */
  own: string | undefined;
  /** An empty emoji takes the own reaction away. */
  onReact: (emoji: string) => void;
  onPick: () => void;
}

/** The usual reactions in a row, and the way to all others. */
export function ReactionItems({ own, onReact, onPick }: Props) {
  const m = useText().messageActions;
  const choices: { emoji: string; name: string }[] = USUAL.map(([emoji, name]) => ({ emoji, name: m.reactions[name] }));
  const isOwn = (emoji: string) => own !== undefined && bare(emoji) === bare(own);
  // Another one that was chosen is there to be taken away.
  if (own !== undefined && !choices.some(({ emoji }) => isOwn(emoji))) choices.push({ emoji: own, name: own });
  return (
    <>
      <div className={classes.reactions} role="group" aria-label={m.react}>
        {choices.map(({ emoji, name }) => (
          <Menu.Item
            key={emoji}
            component={Choice}
            className={classes.reaction!}
            aria-checked={isOwn(emoji)}
            aria-label={name}
            title={isOwn(emoji) ? m.takeAway : name}
            onClick={() => onReact(isOwn(emoji) ? '' : emoji)}
          >
            {emoji}
          </Menu.Item>
        ))}
      </div>
      <Menu.Item leftSection={<IconMoodPlus size={16} aria-hidden />} onClick={onPick}>
        {m.otherReaction}
      </Menu.Item>
    </>
  );
}
