import { Group, Text } from '@mantine/core';

export function Logo() {
  return (
    <Group gap={10} wrap="nowrap">
      <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden>
        <rect width="32" height="32" rx="8" fill="#0f774e" />
        <path
          d="M9 8v16h9"
          fill="none"
          stroke="#fff"
          strokeWidth="4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
        <circle cx="21.5" cy="11.5" r="4" fill="#a3e0c4" />
      </svg>
      <Text fw={700} fz="lg" span style={{ whiteSpace: 'nowrap' }}>
        LeadMaster
      </Text>
    </Group>
  );
}
