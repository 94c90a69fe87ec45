import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import kombinationSchema from '../../../schemas/kombination.schema.json' with { type: 'json' };
import { createDesiredFixture } from '../../support/desired-fixtures.ts';

const { state } = createDesiredFixture();
const runs = { numRuns: 100 };

const keys = [
  ...Object.keys(kombinationSchema.properties),
  ...Object.keys(kombinationSchema.$defs.service.properties),
];
const words = [
  '__proto__',
  'constructor',
  'toString',
  'traefik',
  'immich',
  'base-kit',
  '1.0',
  '8080:80',
  './x:/y',
  '${A}',
  'secret://file/x',
  'service_healthy',
  ...keys,
];

/** Documents that look enough like kombinations to reach deep into the code. */
const documents = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(...words),
    fc.string(),
    fc.integer(),
    fc.constantFrom(null, true, false, 1.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...words), fc.string()), tie('value'), { maxKeys: 6 }),
  ),
})).value;

/** Any UTF-16, lone surrogates and control characters included. */
const texts = fc.array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff))).map((codes) => String.fromCharCode(...codes));

const services = fc.dictionary(fc.constantFrom('a', 'b', 'traefik', 'immich'), documents, { maxKeys: 4 });

function expectSound(text: string): void {
  for (const { line, column, code } of state.check(text).diagnostics) {
    expect(code).toMatch(/^[A-Z_]+$/);
    expect(line).toBeGreaterThan(0);
    expect(column).toBeGreaterThan(0);
  }
}

describe('check never throws, and every finding has a place', () => {
  it('for any text', () => {
    fc.assert(fc.property(texts, expectSound), runs);
  });

  it('for texts made of YAML', () => {
    const tokens = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '<<: ',
      '"',
      "'",
      '|',
      '>',
      '#',
      '!t ',
      '? ',
      '---\n',
      '%YAML 1.1\n',
      '\t',
      'services',
      'meta',
    );
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 60 }), (parts) => expectSound(parts.join(''))),
      runs,
    );
  });

  it('for any document', () => {
    fc.assert(
      fc.property(documents, (document) => expectSound(stringify(document) ?? '')),
      runs,
    );
  });

  it('for any services', () => {
    const head = { version: '1.0', stackkit: 'base-kit', meta: { name: 's' } };
    fc.assert(
      fc.property(services, documents, (map, rest) => {
        expectSound(stringify({ ...head, services: map, nodes: rest, volumes: rest, networks: rest }));
      }),
      runs,
    );
  });
});

it('load and get never throw either', async () => {
  await fc.assert(
    fc.asyncProperty(services, async (map) => {
      const fixture = createDesiredFixture();
      await fixture.push({
        'kombination.yaml': stringify({ version: '1.0', meta: { name: 's' }, services: map }),
      });
      const stack = fixture.state.get('s');
      const broken = stack?.diagnostics.some(({ severity }) => severity === 'error');
      if (broken) expect(stack?.resources).toEqual([]);
      else expect(stack).toBeDefined();
    }),
    { numRuns: 15 },
  );
});
