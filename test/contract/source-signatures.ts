import { describe, expect, it } from 'vitest';
import type { SignatureRules } from '../../reconciler/ports/signatures.ts';
import type { SourceHarness } from './source-harness.ts';
import { file, NOWHERE, signal } from './source-harness.ts';

const rules: SignatureRules = { allowedSigners: null, keyring: null, hostKeys: [] };
const author = { name: 'Grace', email: 'grace@example.org' };

/** Describes how a source tells signed commits: its own are, and nobody else signs. It has a key to sign with. */
export function describeSignatureContract(name: string, setup: () => Promise<SourceHarness>): void {
  describe(`Source contract, signatures: ${name}`, () => {
    it('lists the commits that nobody has signed, the newest first', async () => {
      await using harness = await setup();
      const { source } = harness;
      const known = await harness.push([file('a', '1')], 'first');
      const second = await harness.push([file('a', '2')], 'second\n\nmore');
      const tip = await harness.push([file('a', '3')], 'third');
      await source.resolve(signal);

      const { checked, unverified } = await source.verify({ tip, known: [known], rules }, signal);

      expect(checked).toBe(2);
      expect(unverified.map(({ commit, subject, reason }) => [commit, subject, reason])).toEqual([
        [tip, 'third', 'is not signed'],
        [second, 'second', 'is not signed'],
      ]);
      expect(unverified[0]?.author.email).toBe('ada@example.org');
    });

    it('looks at the tip alone where nothing is known, and at nothing where the tip is', async () => {
      await using harness = await setup();
      const { source } = harness;
      const first = await harness.push([file('a', '1')], 'first');
      const tip = await harness.push([file('a', '2')], 'second');
      await source.resolve(signal);
      const look = async (commit: string, known: readonly string[]) => {
        const { checked, unverified } = await source.verify({ tip: commit, known, rules }, signal);
        return [checked, unverified.map((one) => one.commit)];
      };

      expect(await look(tip, [])).toEqual([1, [tip]]);
      expect(await look(tip, [tip])).toEqual([0, []]);
      expect(await look(first, [tip])).toEqual([1, [first]]);
      expect(await look(tip, [first, tip])).toEqual([0, []]);
    });

    it('counts what it has committed itself', async () => {
      await using harness = await setup();
      const { source } = harness;
      const known = await harness.push([file('a', '1')], 'first');
      await source.resolve(signal);
      const request = { writes: [file('a', '2')], message: 'own', author, expectedHead: known };
      const tip = await source.commit(request, signal);

      expect(await source.verify({ tip, known: [known], rules }, signal)).toEqual({
        checked: 1,
        unverified: [],
      });
      expect(await source.verify({ tip, known: [], rules }, signal)).toEqual({ checked: 1, unverified: [] });
    });

    it('refuses commits that are not there', async () => {
      await using harness = await setup();
      const { source } = harness;
      const tip = await harness.push([file('a', '1')], 'first');
      await source.resolve(signal);

      const looking = source.verify({ tip, known: [NOWHERE], rules }, signal);
      await expect(looking).rejects.toMatchObject({ code: 'GIT_ERROR' });
    });
  });
}
