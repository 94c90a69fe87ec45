import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** Pages for users, directly below docs. */
const pages = readdirSync(new URL('../../docs', import.meta.url))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

const stagePages = readdirSync(new URL('../../docs/architecture', import.meta.url)).map(
  (name) => `docs/architecture/${name}`,
);

const TOP_LEVEL_PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'api/README.md',
  'deploy/README.md',
  'schemas/README.md',
];

interface SchemaObject {
  readonly properties: object;
}

it('docs names every key that a repository may hold', () => {
  const text = pages.map(read).join('\n');
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

it('docs/compose.md lists how containers differ from those of Compose', () => {
  expect(read('docs/compose.md')).toContain(formatAllowed());
});

it('docs/clusters.md says of every key of a service what a cluster does with it', () => {
  expect(read('docs/clusters.md')).toContain(formatClusterSupport());
  const listed = CLUSTER_SUPPORT.flatMap(({ keys }) => keys.split(' '));
  const keys = Object.keys(kombinationSchema.$defs.service.properties);
  expect(listed.toSorted()).toEqual(keys.toSorted());
  const silent = KEY_RULES.filter(({ key, severity }) => {
    const row = CLUSTER_SUPPORT.find(({ keys: names }) => names.split(' ').includes(key));
    return (
      row === undefined || row.verdict === 'honoured' || (severity === 'error' && row.verdict === 'warning')
    );
  });
  // A refused key is never listed as honoured; the name of a container is, but for those that no Service can have.
  expect(silent.map(({ key }) => key)).toEqual(['container_name']);
});

it('docs/cli.md names every command, every variable and every option of the daemon', () => {
  const text = read('docs/cli.md');
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

it('README.md leads to everything and says no more than a first page has to', () => {
  const text = read('README.md');
  expect(text.split('\n').length).toBeLessThanOrEqual(120);
  const index = read('docs/README.md');
  expect(pages.filter((page) => page !== 'docs/README.md' && !index.includes(`(${page.slice(5)})`))).toEqual(
    [],
  );
});

it('every file, folder and heading that the documentation links to is there', () => {
  const files = [...pages, ...stagePages, ...TOP_LEVEL_PAGES];
  const broken = files.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
      ([, path = '', heading]) => {
        const target = path === '' ? file : new URL(path, `file:///${file}`).pathname.slice(1);
        if (!existsSync(new URL(`../../${target}`, import.meta.url))) return [`${file}: ${path}`];
        if (heading === undefined || headingsOf(target).includes(heading)) return [];
        return [`${file}: ${path}#${heading}`];
      },
    ),
  );
  expect(broken).toEqual([]);
});

/** The anchors of a page, as they are made from its headings. */
function headingsOf(file: string): readonly string[] {
  const text = read(file).replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
