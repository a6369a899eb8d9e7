import rows from 'virtual:emoji';
import { describe, expect, it } from 'vitest';

import { findEmoji, GROUPS, neighbour } from './emoji';

const found = (search: string): string[] => findEmoji(rows, search).map(([emoji]) => emoji);

describe('emoji', () => {
  it('are complete, each once and in one group', () => {
    expect(rows.length).toBeGreaterThan(1_500);
    expect(new Set(rows.map(([emoji]) => emoji)).size).toBe(rows.length);
    const groups: readonly number[] = GROUPS;
    expect(rows.filter(([, group]) => !groups.includes(group))).toEqual([]);
  });

  it('are found by Spanish and English words, ignoring accents', () => {
    expect(found('corazón').slice(0, 30)).toContain('❤️');
    expect(found('corazon')).toContain('❤️');
    expect(found('heart')).toContain('❤️');
    expect(found('pulgar')).toContain('👍');
    expect(found('thumbs up')[0]).toBe('👍');
    expect(found('CASA')).toContain('🏠');
    expect(found('argentina')[0]).toBe('🇦🇷');
    expect(found('🙏')).toEqual(['🙏']);
    expect(found('xyzxyz')).toEqual([]);
    expect(found('  ')).toHaveLength(rows.length);
  });
});

describe('the arrow keys', () => {
  // Two groups: the first with rows of three and two boxes, the second with a row of two.
  const boxes = [
    [0, 0], [40, 0], [80, 0],
    [0, 40], [40, 40],
    [0, 120], [40, 120],
  ].map(([left = 0, top = 0]) => ({ left, top }));

  it('move to the next box in each direction, across groups', () => {
    expect(neighbour(boxes, 0, 'ArrowRight')).toBe(1);
    expect(neighbour(boxes, 0, 'ArrowLeft')).toBe(0);
    expect(neighbour(boxes, 2, 'ArrowDown')).toBe(4);
    expect(neighbour(boxes, 4, 'ArrowDown')).toBe(6);
    expect(neighbour(boxes, 6, 'ArrowDown')).toBe(6);
    expect(neighbour(boxes, 6, 'ArrowUp')).toBe(4);
    expect(neighbour(boxes, 3, 'End')).toBe(6);
  });

  it('leave the list above the first row', () => {
    expect(neighbour(boxes, 1, 'ArrowUp')).toBeNull();
    expect(neighbour(boxes, 1, 'a')).toBeNull();
  });
});
