import { Text } from '@mantine/core';

import classes from './Message.module.css';

/** A preview of a message in the recipient's chat. */
export function Bubble({ title, text, testid }: { title: string; text: string; testid: string }) {
  return (
    <div>
      <Text size="sm" c="dimmed" mb={4}>
        {title}
      </Text>
      <div className={classes.chat}>
        <p className={classes.bubble} data-testid={testid}>
          {text}
        </p>
      </div>
    </div>
  );
}
