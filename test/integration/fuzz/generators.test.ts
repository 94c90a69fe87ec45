import { describe, expect, it } from 'vitest';
import { createRandom } from '../../chaos/random.ts';
import { drawRepaired, findFaults, writePlain } from '../../fuzz/generators/documents.ts';
import { mutate } from '../../fuzz/grammar/mutate.ts';
import { toPiece } from '../../fuzz/grammar/piece.ts';
import { writeFlow, writeJson, writeYaml } from '../../fuzz/grammar/write.ts';
import { createOurGrammar, KINDS, REPOSITORIES } from '../../fuzz/kinds.ts';
import { parseYaml } from '../../../reconciler/config/yaml-document.ts';

const grammar = createOurGrammar();

describe('hostile inputs', () => {
  // A generator that makes nothing but rubbish would show nothing.
  it.each(Object.entries(REPOSITORIES))(
    'are changed from repositories that are right: %s',
    async (_, draw) => {
      let right = 0;
      for (let id = 0; id < 8; id += 1) {
        const files = await drawRepaired((random) => draw(grammar, random), id);
        if ((await findFaults(files.map(writePlain))).length === 0) right += 1;
      }
      expect(right).toBeGreaterThan(2);
    },
  );

  it.each(['kombination', 'rest', 'pod'])('are the same for the same seed: %s', async (kind) => {
    const inputs = [];
    for (let time = 0; time < 2; time += 1) {
      await using player = KINDS[kind]!();
      inputs.push(await player.generate(3), await player.generate(4));
    }
    expect(inputs.slice(0, 2)).toEqual(inputs.slice(2));
    expect(inputs[0]?.parts).not.toEqual(inputs[1]?.parts);
  });

  it('are written so that they are read as they are meant', () => {
    const value = { a: { b: [1, 'x: y', null, { c: true }, []], __proto__x: 'no' }, 'a b': '', yes: 'yes' };
    const piece = toPiece(value);
    for (const text of [writeYaml(piece), writeFlow(piece), writeJson(piece)])
      expect(parseYaml(text).value).toEqual(value);
  });

  it('hold names that every object has, as keys and as values', () => {
    const texts = Array.from({ length: 300 }, (_, seed) => {
      return writeFlow(mutate(toPiece({ a: { b: 'c' }, d: ['e'] }), createRandom(seed)));
    });
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(texts.some((text) => text.includes(`${name}: `))).toBe(true);
      expect(texts.some((text) => new RegExp(`: ${name}|\\[${name}`).test(text))).toBe(true);
    }
  });
});
