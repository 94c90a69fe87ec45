import { expect, it } from 'vitest';
import { withOwnMemory } from '../../../reconciler/base/bytes.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

it('gives bytes out of a larger block memory of their own', () => {
  const own = withOwnMemory(Buffer.from('..few..').subarray(2, 5));

  expect(own.toString()).toBe('few');
  expect(own.buffer.byteLength).toBe(3);
});

it('leaves bytes alone that fill their memory', () => {
  const whole = new Uint8Array([1, 2, 3]);

  expect(withOwnMemory(whole).buffer).toBe(whole.buffer);
});

it('is what secrets are kept in', () => {
  const secret = new Secret(Buffer.from('correct horse'), 'secret://env/A');

  expect(secret.revealBytes().buffer.byteLength).toBe('correct horse'.length);
});
