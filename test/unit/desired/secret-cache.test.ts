import { expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { SecretSource } from '../../../reconciler/model/secret-reference.ts';
import { createSecretCache } from '../../../reconciler/desired/secret-cache.ts';
import { createFixedSecrets } from '../../support/desired-fixtures.ts';

const signal = new AbortController().signal;
const command: SecretSource = { reference: 'secret://command/c/x', command: { name: 'c', argument: 'x' } };
const sealed = (index: number): SecretSource => ({
  reference: `secret://age/${index}.age`,
  file: { store: 'age', path: `${index}.age`, blob: `blob${index}`, key: '' },
});

/** A cache whose commands count and whose files are their own blob ids. */
function setUp(options: { readonly answers?: readonly (string | null)[] } = {}) {
  const times = { now: 0, asked: 0, read: [] as string[] };
  const secretCache = createSecretCache({
    maxAgeMs: 100,
    now: () => times.now,
    secrets: {
      ...createFixedSecrets(),
      open: async ({ content }) => {
        const text = Buffer.from(content).toString();
        return { get: () => new Secret(text, text) };
      },
      run: async () => {
        const answer = options.answers?.[times.asked] ?? null;
        times.asked += 1;
        if (answer === null) throw new ReconcilerError('SECRET_NOT_FOUND', 'the command failed');
        return new Secret(answer, 'c');
      },
    },
    source: {
      async *readBlobs(blobs, maxBytes) {
        times.read.push(...blobs);
        for (const blob of blobs) {
          const size = blob === 'blob13' ? maxBytes + 1 : blob.length;
          yield { blob, size, content: size > maxBytes ? null : Buffer.from(blob) };
        }
      },
    },
  });
  const value = (source: SecretSource) => {
    const answer = secretCache.lookup(source);
    return answer instanceof Secret ? answer.reveal() : answer?.code;
  };
  return { secretCache, times, value };
}

it('asks a command again when its answer is old, and each time while there is none', async () => {
  const { secretCache, times, value } = setUp({ answers: [null, 'one', 'two'] });
  expect(value(command)).toBeUndefined();
  await secretCache.prepare([command, command], signal);
  expect(value(command)).toBe('SECRET_NOT_FOUND');
  await secretCache.prepare([command], signal);
  times.now = 99;
  await secretCache.prepare([command], signal);
  expect([value(command), times.asked]).toEqual(['one', 2]);
  times.now = 100;
  await secretCache.prepare([command], signal);
  expect([value(command), times.asked]).toEqual(['two', 3]);
});

it('opens each content once, and tells of one that is too large', async () => {
  const { secretCache, times, value } = setUp();
  await secretCache.prepare([sealed(1), sealed(13), sealed(1)], signal);
  await secretCache.prepare([sealed(1)], signal);
  expect(times.read).toEqual(['blob1', 'blob13']);
  expect([value(sealed(1)), value(sealed(13))]).toEqual(['blob1', 'SECRET_NOT_DECRYPTED']);
});

it('forgets what nobody needs any more once it is crowded', async () => {
  const { secretCache, value } = setUp();
  await secretCache.prepare(
    Array.from({ length: 300 }, (_, index) => sealed(index)),
    signal,
  );
  expect(secretCache.crowded).toBe(true);
  secretCache.keepOnly([sealed(7)]);
  expect([secretCache.crowded, value(sealed(7)), value(sealed(8))]).toEqual([false, 'blob7', undefined]);
});

it('stops when it is told to', async () => {
  const { secretCache } = setUp({ answers: ['one'] });
  await expect(secretCache.prepare([command], AbortSignal.abort(new Error('enough')))).rejects.toThrow(
    'enough',
  );
});
