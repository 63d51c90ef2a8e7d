import { describe, expect, it } from 'vitest';
import { Serial } from './serial.js';

describe('serial work', () => {
  it('of one key does not overlap, not even after a failure; of others it does', async () => {
    const serial = new Serial();
    const story: string[] = [];
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const first = serial.run('a', async () => {
      story.push('a1 begins');
      await gate;
      story.push('a1 ends');
      throw new Error('a1 failed');
    });
    const second = serial.run('a', async () => void story.push('a2'));
    await serial.run('b', async () => void story.push('b'));
    open();
    await expect(first).rejects.toThrow('a1 failed');
    await second;
    expect(story).toEqual(['a1 begins', 'b', 'a1 ends', 'a2']);
  });
});
