import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createProgram } from '../../api/cli/program.ts';
import packageJson from '../../package.json' with { type: 'json' };
import {
  clusterSchema,
  kombinationSchema,
  nodeSchema,
  repositorySchema,
  workflowSchema,
} from '../../schemas/index.ts';
import {
  CLUSTER_SUPPORT,
  formatClusterSupport,
  KEY_RULES,
} from '../../reconciler/config/kombination/checks/cluster-support.ts';
import { formatAllowed } from '../support/compose/compose-differences.ts';
import { recordTerminal } from '../support/cli/cli-harness.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

interface SchemaObject {
  readonly properties: object;
}

it('schemas/README.md names every key that a repository may hold', () => {
  const text = read('schemas/README.md');
  const definitions: readonly object[] = [kombinationSchema, workflowSchema].flatMap(({ $defs }) =>
    Object.values($defs),
  );
  const objects = [
    kombinationSchema,
    nodeSchema,
    repositorySchema,
    workflowSchema,
    clusterSchema,
    ...definitions,
  ];
  const keys = objects
    .filter((schema): schema is SchemaObject => 'properties' in schema)
    .flatMap((schema) => Object.keys(schema.properties));
  expect([...new Set(keys)].filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
});

it('schemas/README.md lists how containers differ from those of Compose', () => {
  expect(read('schemas/README.md')).toContain(formatAllowed());
});

it('schemas/README.md says of every key of a service what a cluster does with it', () => {
  expect(read('schemas/README.md')).toContain(formatClusterSupport());
  const listed = CLUSTER_SUPPORT.flatMap(({ keys }) => keys.split(' '));
  const keys = Object.keys(kombinationSchema.$defs.service.properties);
  expect(listed.toSorted()).toEqual(keys.toSorted());
  const silent = KEY_RULES.filter(({ key, severity }) => {
    const row = CLUSTER_SUPPORT.find(({ keys: names }) => names.split(' ').includes(key));
    return (
      row === undefined || row.verdict === 'honoured' || (severity === 'error' && row.verdict === 'warning')
    );
  });
  // What is refused is never listed as honoured; the name of a container is, but for those that no Service can have.
  expect(silent.map(({ key }) => key)).toEqual(['container_name']);
});

it('README.md names every command, every variable and every option of the daemon', () => {
  const text = read('README.md');
  const program = createProgram({
    terminal: recordTerminal(),
    version: '0',
    run: () => Promise.resolve(),
    serve: () => Promise.resolve(),
    exit: () => {},
  });
  const serve = program.commands.find((command) => command.name() === 'serve');
  const options = [...program.options, ...(serve?.options ?? [])];
  const words = [
    ...program.commands.map((command) => `\`${command.name()}`),
    ...options.flatMap(({ envVar }) => envVar ?? []),
    ...options.flatMap(({ long }) => (long === '--version' ? [] : (long ?? []))),
  ];
  expect(words.filter((word) => !text.includes(word))).toEqual([]);
});

it('ARCHITECTURE.md says of every dependency why it is there', () => {
  const text = read('ARCHITECTURE.md');
  const names = Object.keys(packageJson.dependencies);
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

it('every file and folder that the documentation links to is there', () => {
  for (const file of [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'deploy/README.md',
    'schemas/README.md',
  ]) {
    for (const match of read(file).matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      const target = new URL(match[1] ?? '', new URL(`../../${file}`, import.meta.url));
      expect(() => readFileSync(target), `${file}: ${match[1]}`).not.toThrow(/ENOENT/);
    }
  }
});
