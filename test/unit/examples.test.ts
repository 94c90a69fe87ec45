import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { maskSpec } from '../../reconciler/model/secret.ts';
import type { DesiredStack } from '../../reconciler/model/stack.ts';
import type { FileWrite } from '../../reconciler/ports/source.ts';
import { createDesiredFixture } from '../support/desired-fixtures.ts';

const root = join(import.meta.dirname, '../../examples/kombinations');

function readRepository(directory: string): readonly FileWrite[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const executable = (statSync(path).mode & 0o111) !== 0;
      const name = relative(directory, path).split(sep).join('/');
      return { path: name, content: readFileSync(path), type: executable ? 'executable' : 'file' } as const;
    });
}

/** Returns what would be put on the targets, without what can be computed from it. */
function summarise({ name, targets, services, resources, policy }: DesiredStack): string {
  const rendered = resources.map(({ id, spec, dependsOn, origin, guarded, shared, healthTimeoutMs }) => ({
    id,
    asked: `${origin.line}:${origin.column}`,
    ...(guarded ? { guarded } : {}),
    ...(shared ? { shared } : {}),
    ...(healthTimeoutMs ? { healthTimeoutMs } : {}),
    dependsOn: dependsOn.map((dependency) => `${dependency.until} ${dependency.id}`),
    spec: maskSpec(spec),
  }));
  return `${JSON.stringify({ name, policy, targets, services, resources: rendered }, null, 2)}\n`;
}

const names = [
  'metrics-password',
  'immich-db',
  'postgres',
  'recipes-key',
  'records',
  'notebook-key',
  'shop.shop-keys.SESSION_KEY',
];
const secrets = {
  'secret://env/REGISTRY_PASSWORD': 'registry',
  ...Object.fromEntries(names.map((name) => [`secret://file/${name}`, 'hunter2'])),
};

describe.each(
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name),
)('the example %s', (example) => {
  it('has no findings and renders as it did', async () => {
    const { state, source, load } = createDesiredFixture({ secrets });
    source.pushWrites(readRepository(join(root, example)));
    await load();
    expect(state.diagnostics()).toEqual([]);
    for (const name of state.names()) {
      const stack = state.get(name);
      if (!stack) throw new Error(`${name} is missing`);
      await expect(summarise(stack)).toMatchFileSnapshot(`golden/${example}-${name}.json`);
    }
  });

  it('says what it is', () => {
    expect(readFileSync(join(root, example, 'README.md'), 'utf8')).toMatch(/^# /);
  });
});
