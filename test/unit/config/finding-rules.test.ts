import { expect, it } from 'vitest';
import { ruleOf } from '../../../reconciler/base/diagnostic-codes.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { createDesiredFixture, createFixedSecrets, kombination } from '../../support/desired-fixtures.ts';
import type { MemoryFiles } from '../../support/memory/memory-source.ts';

/*
 * Every code, and every family of findings, that programs which validate such documents are known to give, with a document that
 * leads to it. Families that only a CUE program can give do not occur: kits are checked by schema.
 */

const FILE = 'kombinations/s/kombination.yaml';
const HEAD = 'version: "1.0"\nmeta: { name: s, domain: a.example.org, email: a@example.org }\n';
const stack = (rest: string): MemoryFiles => ({ [FILE]: `${HEAD}${rest}` });
const service = (rest: string): MemoryFiles => stack(`services:\n  web: { image: a, ${rest} }\n`);
const WEB = 'services: { web: { image: a } }\n';

it.each<readonly [string, string, MemoryFiles, number]>([
  ['REQUIRED', 'required', stack('services: [{ image: a }]\n'), 3],
  ['INVALID_TYPE', 'invalid_format', service('init: [1]'), 4],
  ['INVALID_FORMAT', 'invalid_format', service('image: "A B"'), 4],
  ['YAML_SYNTAX', 'invalid_format', stack('services: [\n'), 4],
  [
    'INVALID_CIDR',
    'invalid_format',
    stack(`${WEB}networks: { a: { ipam: { config: [{ subnet: 1.2.3.4/99 }] } } }\n`),
    4,
  ],
  [
    'RESERVED_RANGE',
    'invalid_value',
    stack(`${WEB}networks: { a: { ipam: { config: [{ subnet: 172.17.0.0/16 }] } } }\n`),
    4,
  ],
  ['INVALID_VALUE', 'invalid_value', service('isolation: hyperv'), 4],
  ['UNKNOWN_SERVICE', 'invalid_reference', stack('stackkit: base-kit\nservices: [grafna]\n'), 4],
  ['UNKNOWN_NODE', 'invalid_reference', service('node: nowhere'), 4],
  ['DUPLICATE_PORT', 'duplicate', service('ports: ["80:80", "80:81"]'), 4],
  ['DUPLICATE_NAME', 'duplicate', stack('services: [{ name: a, image: a }, { name: a, image: a }]\n'), 3],
  ['OUT_OF_RANGE', 'out_of_range', service('ports: ["70000:80"]'), 4],
  [
    'INSECURE_PATH',
    'security',
    stack(`${WEB}nodes: [{ name: a, connection: { host: h, ssh_key: ../../k } }]\n`),
    4,
  ],
  [
    'CIRCULAR_DEPENDENCY',
    'circular_dependency',
    stack('services:\n  a: { image: a, needs: [b] }\n  b: { image: a, needs: [a] }\n'),
    5,
  ],
  ['CONSTRAINT_VIOLATION', 'stackkit_validation_error', stack('stackkit: ha-kit\nservices: [whoami]\n'), 3],
  [
    'RESOURCE_EXCEEDED',
    'stackkit_validation_error',
    stack(
      'stackkit: base-kit\nservices: { traefik: , whoami: { resources: { cpus: 8 } } }\nnodes: [{ name: a, connection: { host: "unix:///a" }, resources: { cpu: 4 } }]\n',
    ),
    5,
  ],
  [
    'BACKUP_DESTINATION_MISSING',
    'required',
    stack('stackkit: base-kit\naddons: [backup]\nservices: [traefik]\n'),
    4,
  ],
  ['IMPLIED_SERVICE', 'validation_error', stack('stackkit: base-kit\nservices: [whoami]\n'), 4],
  ['UNKNOWN_KEY', 'schema_error', service('prots: []'), 4],
  ['EMPTY_DOCUMENT', 'nil_spec', { [FILE]: '# nothing yet\n' }, 1],
  ['NOT_UTF8', 'encoding_error', { [FILE]: new Uint8Array([0x61, 0xff, 0xfe]) }, 1],
  ['SECRET_TIMEOUT', 'timeout_error', service('env: { A: "secret://command/slow/x" }'), 4],
  [
    'SECRET_NOT_DECRYPTED',
    'security',
    { ...service('env: { A: "secret://age/k.age" }'), 'kombinations/s/k.age': 'x' },
    4,
  ],
])('%s (%s)', async (code, rule, files, line) => {
  const port = {
    ...createFixedSecrets(),
    run: () => Promise.reject(new ReconcilerError('SECRET_TIMEOUT', 'it did not end within 10 ms')),
  };
  const { state, push } = createDesiredFixture({ port });
  // The other stack makes the repository describe something in any case.
  await push({ 'kombinations/other/kombination.yaml': kombination('other'), ...files });
  await state.refresh('s', new AbortController().signal);
  const found = state.diagnostics().filter((diagnostic) => diagnostic.code === code);
  expect(found.map(({ file }) => file)).toContain(FILE);
  expect(found[0]?.line).toBe(line);
  expect(ruleOf(code)).toBe(rule);
});
