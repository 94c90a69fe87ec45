import { constantFrom, record, sample, uniqueArray } from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ComposeCommand } from '../../support/compose/compose.ts';
import { prepareCompose } from '../../support/compose/compose.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';
import { hashesByCompose, plainHashes } from '../../support/compose/compose-hash.ts';
import {
  HASH_CONFLICTS,
  HASH_EXAMPLES,
  HASH_FILES,
  HASH_SURROUNDINGS,
} from '../../support/compose/hash-examples.ts';

/* Our hashes of services against those of `docker-compose config --hash`. */

let compose: ComposeCommand;
beforeAll(async () => {
  compose = await prepareCompose(() => undefined);
});

type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** JSON is YAML; the first service refers to everything that there is. */
function projectOf(services: Services): ProjectFiles {
  const base = { image: 'base', networks: ['front', 'back', 'default'] };
  return {
    ...HASH_FILES,
    'compose.yaml': JSON.stringify({ services: { base, ...services }, ...HASH_SURROUNDINGS }),
  };
}

async function same(files: ProjectFiles, names?: readonly string[]): Promise<void> {
  const { theirs, ours } = await hashesByCompose(compose, files, names);
  expect(ours.problems).toEqual([]);
  const hashes = plainHashes(ours);
  const differing = Object.keys(theirs).filter((name) => theirs[name] !== hashes[name]);
  expect(
    differing.map((name) => `${name}: ${hashes[name]}`),
    `services whose hashes differ, in ${JSON.stringify(differing.length > 0 ? files : {})}`,
  ).toEqual([]);
}

/** Lists in which docker-compose takes nothing twice. */
const UNIQUE = new Set(['device_cgroup_rules', 'external_links', 'group_add', 'security_opt']);

/** One service for each two values of one key. docker-compose refuses to put a text over a list of GPUs. */
function pairsOfValues(): readonly (readonly [name: string, under: object, over: object])[] {
  return Object.entries(HASH_EXAMPLES).flatMap(([key, values]) =>
    values.flatMap((under, i) =>
      values.flatMap((over, j) => {
        if (key === 'gpus' && typeof over === 'string') return [];
        if (key === 'container_name' || (i === j && UNIQUE.has(key))) return [];
        return [[`${key}-${i}-${j}`, { [key]: under }, { [key]: over }] as const];
      }),
    ),
  );
}

describe('hashes of services', () => {
  it('are those of docker-compose for each value of each key', async () => {
    const services = Object.entries(HASH_EXAMPLES).flatMap(([key, values]) =>
      values.map((value, index) => [`${key}-${index}`, { image: 'x', [key]: value }] as const),
    );
    await same(projectOf(Object.fromEntries(services)));
  });

  it('are those of docker-compose for each value over each other one, in two files', async () => {
    const pairs = pairsOfValues();
    const under = pairs.map(([name, value]) => [name, { image: 'x', ...value }] as const);
    const over = Object.fromEntries(pairs.map(([name, , value]) => [name, value]));
    const files = {
      ...projectOf(Object.fromEntries(under)),
      'over.yaml': JSON.stringify({ services: over }),
    };
    await same(files, ['compose.yaml', 'over.yaml']);
  });

  it('are those of docker-compose for each value over each other one, by extends', async () => {
    const pairs = pairsOfValues();
    const services = pairs.flatMap(([name, under, over]) => [
      [`of-${name}`, { image: 'x', ...under }] as const,
      [name, { ...over, extends: `of-${name}` }] as const,
    ]);
    await same(projectOf(Object.fromEntries(services)));
  });

  it('are those of docker-compose for keys said together', async () => {
    const keys = Object.keys(HASH_EXAMPLES).filter((key) => key !== 'container_name');
    const service = uniqueArray(constantFrom(...keys), { minLength: 2, maxLength: 25 }).chain((chosen) => {
      const kept = chosen.filter((key, index) => {
        const conflicts = HASH_CONFLICTS.filter((group) => group.includes(key)).flat();
        return !chosen.slice(0, index).some((earlier) => conflicts.includes(earlier));
      });
      const values = kept.map((key) => [key, constantFrom(...(HASH_EXAMPLES[key] ?? []))] as const);
      return record(Object.fromEntries(values));
    });
    const drawn = sample(service, 400).map(
      (value, index) => [`s${index}`, { image: 'x', ...value }] as const,
    );
    await same(projectOf(Object.fromEntries(drawn)));
  });

  it('are those of docker-compose for what YAML means, files that are included, and what is taken away', async () => {
    await same(
      {
        '.env': 'TAG=7\nWHO="a b"\n',
        'compose.yaml': `
x-base: &base
  environment: &env { A: 1, B: yes, C: 0777, D: 1.50, E: 1e5, F: 1000000, G: 0x1F, H: .5, I: True, J: ~, K: 25000000.0 }
  labels: [a=1, "b=\${TAG}"]
include:
  - parts/one.yaml
  - path: [two/compose.yaml, two/more.yaml]
    project_directory: two
    env_file: two/vars.env
services:
  anchor: { <<: *base, image: "x:\${TAG:-1}", mem_limit: 64m }
  merged: { image: x, environment: { <<: *env, B: "no", Z: "\${WHO}" }, command: "echo \${WHO} $$$$ \${UNSET}" }
  taken: { image: x, ports: ["80:80"], cap_add: [A, B], environment: { A: "1", B: "2" }, labels: { a: b } }
  by: { extends: merged, hostname: h }
  from: { extends: { file: sub/base.yaml, service: there }, volumes: ["./mine:/mine"] }
`,
        'over.yaml':
          'services:\n  taken: { ports: !reset [], cap_add: !override [C], environment: { A: !reset null }, labels: !reset {} }\n',
        'sub/base.yaml':
          'services:\n  there: { image: "y:${TAG}", volumes: ["./x:/x", "../y:/y", "data:/data"], develop: { watch: [{ path: ., action: rebuild }] } }\n',
        'parts/one.yaml':
          'services:\n  one: { image: "one:${TAG}", volumes: ["./here:/here"], environment: { P: "${OWN}" } }\n',
        'parts/.env': 'OWN=parts\n',
        'two/compose.yaml':
          'services:\n  two: { image: "two:${TWO}", volumes: ["./d:/d:ro"] }\nvolumes: { v: {}, data: {} }\n',
        'two/more.yaml': 'services:\n  two: { volumes: ["v:/v"], networks: { default: { aliases: [t] } } }\n',
        'two/vars.env': 'TWO=2\nTAG=not this\n',
      },
      ['compose.yaml', 'over.yaml'],
    );
  });
});
