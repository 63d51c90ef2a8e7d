import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { Journal } from './journal.js';
import { parseJournal } from './journal-line.js';
import { matching } from '../fake-match.js';

const path = '/state/journal.jsonl';
const open = (host: FakeHost) => Journal.open(host, path, new SimClock());

async function aJournal(): Promise<{ host: FakeHost; journal: Journal }> {
  const host = new FakeHost();
  host.dir('/state');
  const journal = await open(host);
  await journal.append({ kind: 'begun' });
  await journal.record({ type: 'module', name: 'overlay' });
  await journal.record({ type: 'module', name: 'br_netfilter' });
  await journal.undone(1);
  await journal.append({ kind: 'nonce', act: 'reboot', nonce: 'r/1', state: 'started', bootId: 'b' });
  await journal.append({ kind: 'step', step: 'preflight', state: 'done', key: 'nod_1' });
  return { host, journal };
}

describe('the journal', () => {
  it('remembers across processes what cannot be observed', async () => {
    const { host } = await aJournal();
    const again = await open(host);
    expect(again.standing()).toEqual([{ id: 2, change: { type: 'module', name: 'br_netfilter' } }]);
    expect(again.nonce('reboot')).toMatchObject({ nonce: 'r/1', state: 'started' });
    expect(again.doneUnder('preflight', 'nod_1')).toBe(true);
    expect(again.isEmpty).toBe(false);
    expect((await open(new FakeHost())).isEmpty).toBe(true);
  });

  it('drops a last line that was cut, and goes on after it', async () => {
    const { host } = await aJournal();
    host.put(path, `${host.content(path) ?? ''}{"n":7,"kind":"ste`, 0o600);
    const again = await open(host);
    await again.record({ type: 'module', name: 'vxlan' });
    const { lines } = parseJournal(host.content(path) ?? '');
    expect(lines.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([
    [
      'a line in the middle that is no JSON',
      (text: string) => text.replace('"overlay"', '"over'),
      /line 2 .* not JSON/,
    ],
    [
      'a line that is missing',
      (text: string) =>
        text
          .split('\n')
          .filter((_, index) => index !== 2)
          .join('\n'),
      /line 3 .* 4 follows 2/,
    ],
    ['a kind of a newer version', (text: string) => text.replace('"undone"', '"undid"'), /line 4 .* unknown/],
  ])('refuses %s, and says which', async (_name, damage, message) => {
    const { host } = await aJournal();
    host.put(path, damage(host.content(path) ?? ''), 0o600);
    await expect(open(host)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', message: matching(message) });
  });

  it('a write that failed half-way does not damage what follows', async () => {
    const { host, journal } = await aJournal();
    host.onWrite = (file, verb) => {
      if (verb !== 'append') return;
      host.put(file, `${host.content(file) ?? ''}{"n":7,`, 0o600);
      throw new Error('ENOSPC');
    };
    await expect(journal.record({ type: 'module', name: 'vxlan' })).rejects.toThrow('ENOSPC');
    expect(journal.standing()).toHaveLength(1);
    host.onWrite = () => undefined;
    await journal.record({ type: 'module', name: 'vxlan' });
    expect((await open(host)).standing()).toHaveLength(2);
  });

  it('a write that failed after it was on disk counts once', async () => {
    const { host, journal } = await aJournal();
    const append = host.append.bind(host);
    host.append = async (file, content, mode) => {
      await append(file, content, mode);
      throw new Error('EIO');
    };
    await expect(journal.record({ type: 'module', name: 'vxlan' })).rejects.toThrow('EIO');
    host.append = append;
    await journal.record({ type: 'module', name: 'wireguard' });
    expect((await open(host)).standing().map(({ change }) => change.type === 'module' && change.name)).toEqual([
      'br_netfilter',
      'vxlan',
      'wireguard',
    ]);
  });

  it('is written anew when it has grown, and forgets nothing that counts', async () => {
    const { host, journal } = await aJournal();
    await journal.setMembership({
      state: 'joined',
      clusterId: 'clu_1',
      nodeId: 'nod_1',
      nodeName: 'a',
      role: 'worker',
    });
    for (let index = 0; index < 6_000; index++)
      await journal.append({ kind: 'step', step: 'load-images', state: index % 2 === 0 ? 'started' : 'done' });
    const before = { changes: journal.standing(), nonces: journal.nonces };
    await open(host);
    expect(host.content(path)?.length).toBeLessThan(5_000);
    const again = await open(host);
    expect({ changes: again.standing(), nonces: again.nonces }).toEqual(before);
    expect(again.doneUnder('preflight', 'nod_1')).toBe(true);
    expect(again.membership()?.state).toBe('joined');
  });

  it('lines of calls at the same time keep their order and numbers', async () => {
    const host = new FakeHost();
    const journal = await open(host);
    await Promise.all(['a', 'b', 'c'].map((name) => journal.append({ kind: 'step', step: name, state: 'started' })));
    expect(
      parseJournal(host.content(path) ?? '').lines.map((line) => line.kind === 'step' && `${line.n}${line.step}`),
    ).toEqual(['1a', '2b', '3c']);
  });
});
