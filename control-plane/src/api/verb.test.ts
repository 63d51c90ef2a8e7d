import { FlotillaError } from '@flotilla/kit';
import { expect, test } from 'vitest';
import { lookAgain } from './verb.js';

const changed = (): FlotillaError => new FlotillaError('CONFLICT', 'changed', { kind: 'conflict', retry: 'now' });

test('what others change in between is looked at again, a few times', async () => {
  let looks = 0;
  const settles = lookAgain(() => (++looks < 3 ? Promise.reject(changed()) : Promise.resolve(looks)));
  expect(await settles).toBe(3);
  looks = 0;
  const never = lookAgain(() => Promise.reject(looks++ < 99 ? changed() : new Error('for ever')));
  await expect(never).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(looks).toBe(5);
});

test('what is refused for another reason is refused at once', async () => {
  let looks = 0;
  const refused = lookAgain(() => {
    looks++;
    return Promise.reject(new FlotillaError('NAME_TAKEN', 'taken', { kind: 'already-exists' }));
  });
  await expect(refused).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  expect(looks).toBe(1);
});
