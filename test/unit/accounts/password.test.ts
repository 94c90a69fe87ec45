import { describe, expect, it } from 'vitest';
import { createPasswords } from '../../../api/accounts/password.ts';
import { CHEAP } from '../../support/accounts/accounts-rig.ts';

describe('passwords', () => {
  const passwords = createPasswords(CHEAP);

  it('are kept as salted hashes with their parameters', async () => {
    const [first, second] = await Promise.all([
      passwords.hash('correct horse'),
      passwords.hash('correct horse'),
    ]);

    expect(first).toMatch(/^scrypt\$ln=4,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
    expect(second).not.toBe(first);
    expect(await passwords.verify('correct horse', first)).toBe(true);
    expect(await passwords.verify('correct horsf', first)).toBe(false);
    expect(await passwords.verify('', first)).toBe(false);
  });

  it('are checked with the parameters of their hash', async () => {
    const older = await createPasswords({ logN: 5, p: 2 }).hash('correct horse');

    expect(await passwords.verify('correct horse', older)).toBe(true);
  });

  it('are the same however a keyboard composes them', async () => {
    expect(await passwords.verify('Pa\u0308sse', await passwords.hash('P\u00e4sse'))).toBe(true);
  });

  it.each([
    null,
    '',
    'scrypt$ln=4,r=8,p=1$short$hash',
    'scrypt$ln=60,r=8,p=1$' + 'a'.repeat(22) + '$' + 'a'.repeat(43),
    '$2b$12$abc',
  ])('fit no hash that is none: %s', async (hash) => {
    expect(await passwords.verify('correct horse', hash)).toBe(false);
  });

  it('are hashed two at a time in the order of asking, and refused when too many wait', async () => {
    const busy = createPasswords({ ...CHEAP, maxWaiting: 3 });
    const ended: number[] = [];

    const results = await Promise.allSettled(
      [0, 1, 2, 3, 4, 5, 6].map(async (index) => {
        await busy.hash('x');
        ended.push(index);
      }),
    );

    expect(results.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'fulfilled'),
      'rejected',
      'rejected',
    ]);
    expect(results[5]).toMatchObject({ reason: { code: 'TOO_MANY_ATTEMPTS', retryAfterSeconds: 5 } });
    expect(ended.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    expect(await busy.hash('x')).toMatch(/^scrypt/);
  });
});
