import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { SchemaCheck } from '../../../reconciler/config/schema-check.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { GENERATE_FORMATS } from '../../../reconciler/render/generate/generate.ts';
import {
  checkSchema,
  createDesiredFixture,
  createFixedSecrets,
  kombination,
} from '../../support/desired-fixtures.ts';
import { FULL } from '../../support/full-kombination.ts';
import { readNumber } from '../../support/numbers/read-number.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';

/** Names that every object of JavaScript inherits something under. */
const NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'valueOf', 'toString'];
const WORKFLOW = readFileSync('examples/kombinations/shop-on-cluster/workflows/shop.yaml', 'utf8');

const MARK = 'the name goes here';
/** One of so many places is tried; `npm run test:bounds` tries them all. */
const EVERY = readNumber('NAMES_EVERY', 10);

/** The document with each value in turn replaced by the name and by a map that has it, each key renamed to it, and a member of that name added to each map. */
function* mutations(value: unknown, name: string): Generator<string> {
  let place = name.length;
  for (const mutated of mutate(value))
    if (place++ % EVERY === 0) yield JSON.stringify(mutated).replaceAll(MARK, name);
}

function* mutate(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) {
    yield MARK;
    yield { [MARK]: null };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      for (const other of mutate(item)) yield value.with(index, other);
  } else {
    yield { ...value, [MARK]: { image: 'nginx' } };
    for (const [key, member] of Object.entries(value)) {
      const { [key]: _, ...rest } = value as Record<string, unknown>;
      yield { ...rest, [MARK]: member };
      for (const other of mutate(member)) yield { ...value, [key]: other };
    }
  }
}

describe('a name of every object', () => {
  it.each([
    ['__proto__', 'a kombination', FULL, 'kombination.yaml'],
    ['constructor', 'a kombination', FULL, 'kombination.yaml'],
    ['__proto__', 'a workflow', WORKFLOW, 'workflows/shop.yaml'],
    ['constructor', 'a workflow', WORKFLOW, 'workflows/shop.yaml'],
  ])('%s is told of as any other wherever it is in %s', (name, _, text, file) => {
    const { state } = createDesiredFixture();
    const faults = [...mutations(parse(text), name)].flatMap((mutated) =>
      state.check(mutated, file).diagnostics.filter(({ code }) => code === 'INTERNAL_ERROR'),
    );
    expect(faults).toEqual([]);
  });
});

describe.each(NAMES)('a document with the name %s in it', (name) => {
  it('has a network, volume, label and variable of that name, or says why not', async () => {
    const { state, push } = createDesiredFixture();
    const text = [
      'version: "1.0"',
      'meta: { name: odd }',
      `networks: { ${name}: {} }`,
      `volumes: { ${name}: {} }`,
      'services:',
      `  web: { image: nginx, environment: { ${name}: a }, labels: { ${name}: b }, networks: [${name}], volumes: ["${name}:/x"] }`,
    ].join('\n');
    await push({ 'kombinations/odd/kombination.yaml': `${text}\n` });
    const stack = state.get('odd');
    const codes = new Set(stack?.diagnostics.map(({ code }) => code));
    if (name === '__proto__') {
      expect(codes).toEqual(new Set(['INVALID_FORMAT', 'INVALID_VALUE']));
      return;
    }
    expect(codes).toEqual(new Set());
    const spec = stack?.resources.find(({ kind }) => kind === 'container')?.spec;
    expect(Object.entries(spec?.['env'] ?? {})).toEqual([[name, 'a']]);
    expect(Object.entries(spec?.['labels'] ?? {})).toContainEqual([name, 'b']);
    for (const format of GENERATE_FORMATS)
      expect((await state.generate({ subject: { stack: 'odd' }, format })).files.length).toBeGreaterThan(0);
  });

  it('in settings, nodes, clusters and kits leaves every stack readable', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      'kombinations/good/kombination.yaml': kombination('good'),
      'kombinations/kit/kombination.yaml': `version: "1.0"\nmeta: { name: kit }\nstackkit: ${name}\nservices: [${name}]\n`,
      'kombinations/type/kombination.yaml': kombination(
        'type',
        `web: { type: ${name}, node: ${name}, needs: [${name}] }`,
      ),
      [`nodes/${name}.yaml`]: `name: ${name}\nconnection: { type: ${name} }\n`,
      [`clusters/${name}.yaml`]: `kubeconfig: ${name}\n`,
      [`stackkits/${name}/stackkit.yaml`]: `name: ${name}\nversion: "1"\ndescription: x\nservices: { ${name}: { service: { image: x }, needs: [${name}] } }\n`,
    });
    expect(state.names()).toEqual(['good', 'kit', 'type']);
    expect(state.get('good')?.resources.length).toBeGreaterThan(0);
    expect(state.diagnostics().filter(({ code }) => code === 'INTERNAL_ERROR')).toEqual([]);
  });
});

describe('a fault of ours at one stack', () => {
  const failing: SchemaCheck = (kind, document, diagnostics) => {
    if (JSON.stringify(document).includes('explodes')) throw new TypeError('x is not a function');
    checkSchema(kind, document, diagnostics);
  };
  const open = () => {
    const source = createMemorySource();
    const state = createDesiredState({ source, secrets: createFixedSecrets(), checkSchema: failing });
    const { signal } = new AbortController();
    return { source, state, load: async () => state.load(await source.resolve(signal), signal) };
  };

  it('is a finding about that stack, and about no other', async () => {
    const { source, state, load } = open();
    source.push({
      'kombinations/bad/kombination.yaml': kombination('bad', 'web: { image: explodes }'),
      'kombinations/good/kombination.yaml': kombination('good'),
      'workflows/flow.yaml': 'name: explodes\n',
      'nodes/n.yaml': 'name: explodes\n',
      'stackkits/k/stackkit.yaml': 'name: explodes\n',
      'kombinator.yaml': 'include: ["**"]\n',
    });
    await load();
    expect(state.get('good')?.diagnostics).toEqual([]);
    expect(state.get('bad')).toMatchObject({
      resources: [],
      diagnostics: [
        {
          code: 'INTERNAL_ERROR',
          file: 'kombinations/bad/kombination.yaml',
          message: 'Kombinator itself failed at this: TypeError: x is not a function',
        },
      ],
    });
    const files = state.diagnostics().flatMap(({ code, file }) => (code === 'INTERNAL_ERROR' ? [file] : []));
    expect(files).toEqual([
      'kombinations/bad/kombination.yaml',
      'nodes/n.yaml',
      'stackkits/k/stackkit.yaml',
      'workflows/flow.yaml',
    ]);
  });

  it('is an answer to whoever has a text checked', () => {
    const { diagnostics } = open().state.check(kombination('bad', 'web: { image: explodes }'));
    expect(diagnostics).toMatchObject([{ code: 'INTERNAL_ERROR', severity: 'error' }]);
  });
});
