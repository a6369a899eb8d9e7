import { Title } from '@mantine/core';

import classes from './Steps.module.css';

export function Steps({ title, steps }: { title: string; steps: readonly string[] }) {
  return (
    <div>
      <Title order={3} size="h4" mb="sm">
        {title}
      </Title>
      <ol className={classes.steps}>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </div>
  );
}
