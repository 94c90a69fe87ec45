import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createDiagnosticCollector } from '../../reconciler/base/document-diagnostic.ts';
import { DIAGNOSTIC_CODES } from '../../reconciler/base/diagnostic-codes.ts';
import { answerKey } from '../../reconciler/config/known-keys.ts';
import { fillElement } from '../../reconciler/config/templates/fill-element.ts';
import type { ElementList } from '../../reconciler/config/templates/read-elements.ts';
import { listFileOf, mayBeTemplate, readTemplate } from '../../reconciler/config/templates/read-elements.ts';
import type { YamlDocument } from '../../reconciler/config/yaml-document.ts';
import { parseYaml } from '../../reconciler/config/yaml-document.ts';
import { SERVICE_WORDS } from '../../reconciler/config/intent/dialect-service.ts';
import { readServiceFields } from '../../reconciler/config/kombination/service/service-fields.ts';
import { bundleSchema } from '../../schemas/bundle.ts';
import * as schemas from '../../schemas/index.ts';
import planSchema from '../../schemas/plan.schema.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const { kits: _kits, ...named } = schemas;
const documents: readonly { readonly $id: string }[] = [...Object.values(named), planSchema];

function bundle(schema: object): object {
  return bundleSchema(
    { ...schema },
    documents.map((document) => ({ ...document })),
  );
}

const compiled = new Map<string, ValidateFunction>();

/** Compiles a schema once: many files fit the same one, and compiling is slow. */
function compile(schema: object): ValidateFunction {
  const key = JSON.stringify(schema);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(bundle(schema));
  compiled.set(key, validate);
  return validate;
}

describe.each(documents)('$id, as printed', (schema) => {
  it('is valid and needs no other schema', () => {
    expect(new Ajv2020().validateSchema(bundle(schema))).toBe(true);
    expect(() => compile(schema)).not.toThrow();
    expect(JSON.stringify(bundle(schema)).match(/"\$ref":"https/)).toBeNull();
  });
});

const files = ['kombination.yaml', 'stackkit.yaml'];
const examples = readdirSync(join(root, 'examples/kombinations'), { recursive: true, withFileTypes: true })
  .filter((entry) => files.includes(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

const [templates, plain] = [true, false].map((isTemplate) =>
  examples.filter((file) => mayBeTemplate(readFileSync(file, 'utf8')) === isTemplate),
);

function listOf(file: string, document: YamlDocument): ElementList | undefined {
  const path = listFileOf(document);
  if (path === null) return undefined;
  return { file: path, document: parseYaml(readFileSync(resolve(dirname(file), path), 'utf8')) };
}

describe.each(templates ?? [])('the template %s', (file) => {
  it('fits the schema with each of its elements', () => {
    const text = readFileSync(file, 'utf8');
    const document = parseYaml(text);
    const elements = readTemplate(document, { nodes: ['nas'], list: listOf(file, document) })?.elements ?? [];
    expect(elements).not.toEqual([]);
    const { forEach } = parse(text) as { readonly forEach: unknown };
    const validate = compile(schemas.kombinationSchema);
    for (const element of elements) {
      const { document } = fillElement(element, text);
      validate({ ...(document.value as object), forEach });
      expect(validate.errors, element.name).toBeNull();
    }
  });
});

describe.each(plain ?? [])('%s', (file) => {
  const text = readFileSync(file, 'utf8');

  it('fits the schema that it tells editors of', () => {
    const [, path = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
    const schema: unknown = JSON.parse(readFileSync(resolve(dirname(file), path), 'utf8'));
    const validate = compile(Object(schema));
    validate(parse(text, { merge: true }));
    expect(validate.errors).toBeNull();
  });
});

/** Keys that code asks an object for. */
function keysRead(read: (fields: Readonly<Record<string, unknown>>) => void): ReadonlySet<string> {
  const asked = new Set<string>();
  read(
    new Proxy(
      // Not empty: what says nothing is not read at all.
      { anything: null },
      {
        get(_target, key) {
          asked.add(String(key));
          return undefined;
        },
        getOwnPropertyDescriptor(target, key) {
          if (!Object.hasOwn(target, key)) asked.add(String(key));
          return Reflect.getOwnPropertyDescriptor(target, key);
        },
      },
    ),
  );
  return asked;
}

it('has no key of a service that the code knows and the schema does not', () => {
  const known = Object.keys(schemas.kombinationSchema.$defs.service.properties);
  const asked = keysRead((fields) => readServiceFields(fields, [], createDiagnosticCollector()));
  const paths = [...asked].map((key) => key.split('.')[0] ?? '');
  expect(paths.filter((key) => !known.includes(key))).toEqual([]);
  expect([...SERVICE_WORDS].filter((key) => !known.includes(key))).toEqual([]);
});

it('accepts no key of a service that nobody reads', () => {
  const known = Object.keys(schemas.kombinationSchema.$defs.service.properties);
  const asked = keysRead((fields) => readServiceFields(fields, [], createDiagnosticCollector()));
  // Read where services are told apart, and words that change nothing.
  const elsewhere = [
    'isolation',
    'name',
    'enabled',
    'profiles',
    'attach',
    'develop',
    'annotations',
    ...SERVICE_WORDS,
  ];
  expect(known.filter((key) => !asked.has(key) && !elsewhere.includes(key))).toEqual([]);
});

it.each(['credential_spec', 'models', 'provider', 'pull_refresh_after', 'use_api_socket'])(
  'says why it has no %s, which Compose has',
  (key) => {
    expect(Object.keys(schemas.kombinationSchema.$defs.service.properties)).not.toContain(key);
    expect(answerKey('service', key)).toMatchObject({ code: 'UNSUPPORTED_KEY', hint: expect.any(String) });
  },
);

const sources = ['reconciler/base', 'reconciler/config', 'reconciler/desired', 'reconciler/run'].flatMap(
  (folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
);

it('has every code of a finding in the vocabulary, and no other', () => {
  const text = sources.join('\n');
  const used = [
    ...text.matchAll(/(?:diagnostics|collector|found|project)\.(?:error|warning)\(\s*'([A-Z_]+)'/g),
  ].map(([, code]) => code ?? '');
  expect([...new Set(used)].filter((code) => !DIAGNOSTIC_CODES.includes(code)).sort()).toEqual([]);
  expect(
    DIAGNOSTIC_CODES.filter(
      (code) =>
        text.split(`'${code}'`).length < 3 &&
        code !== 'MISSING_SETTING' &&
        code !== 'BACKUP_DESTINATION_MISSING',
    ),
  ).toEqual([]);
});

it('docs/findings.md says of every code what it means', () => {
  const text = readFileSync(join(root, 'docs/findings.md'), 'utf8');
  expect(DIAGNOSTIC_CODES.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});
