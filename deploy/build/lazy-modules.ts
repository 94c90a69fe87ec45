import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'rolldown';

/** Modules of ours that export functions alone and that many commands do without, with all that they need. */
const MODULES = [
  'api/cli/commands/import.ts',
  'api/cli/commands/schema.ts',
  'api/cli/remote/remote-session.ts',
  'reconciler/adapters/charts/renderer.ts',
  'reconciler/adapters/docker/index.ts',
  'reconciler/adapters/git/fold-tags.ts',
  'reconciler/adapters/git/remote-source.ts',
  'reconciler/adapters/kubernetes/index.ts',
  'reconciler/config/catalogue/built-in-plugins.ts',
  'reconciler/daemon/hosts/open-host.ts',
  'reconciler/config/compose/graph/analyze-compose.ts',
  'reconciler/config/compose/graph/write-workflow.ts',
  'reconciler/config/compose/import/import-compose.ts',
  'reconciler/desired/generate-stack.ts',
  'reconciler/render/kubernetes/manifests/read-manifests.ts',
  'reconciler/render/kubernetes/manifests/render-manifests.ts',
  'reconciler/render/kubernetes/workflow/workflow.ts',
  'reconciler/run/hosts/plan-pull.ts',
  'reconciler/run/hosts/pull-text.ts',
  'reconciler/run/upkeep/images/find-updates.ts',
];
const PREFIX = '\0later-module:';
/** Word in a stand-in, as the bundler writes it. */
const STAND_IN =
  /(?<=\blater(?:\$\d+)?\(\(\) => )Promise\.resolve\(\)\.then\(\(\) => (?<load>require\("\.\/[^"]+"\))\)(?:\.then\(\(n\) => n(?<part>\.\w+)\))?(?=, \[)/g;

/**
 * Puts something in the place of those modules that loads them when a function of theirs is first called.
 *
 * @param root of the checkout
 */
export function lazyModules(root: string): Plugin {
  const paths = new Set(MODULES.map((path) => join(root, path)));
  return {
    name: 'lazy-modules',
    async resolveId(source, importer, { kind }) {
      if (kind !== 'import-statement' || importer?.startsWith(PREFIX) || !source.startsWith('.')) return null;
      const resolved = await this.resolve(source, importer, { kind, skipSelf: true });
      return resolved !== null && paths.has(resolved.id) ? `${PREFIX}${resolved.id}` : null;
    },
    async load(id) {
      if (!id.startsWith(PREFIX)) return null;
      const path = id.slice(PREFIX.length);
      const exported = Object.entries((await import(pathToFileURL(path).href)) as object);
      const wrong = exported.filter(([, value]) => typeof value !== 'function').map(([name]) => name);
      if (wrong.length > 0) throw new Error(`${path} exports ${wrong.join(', ')}, which cannot be called`);
      const names = exported.map(([name]) => name);
      const code = [
        `import { later } from ${JSON.stringify(join(root, 'deploy/build/later.ts'))};`,
        `const module = later(() => import(${JSON.stringify(path)}), ${JSON.stringify(names)});`,
        ...names.map((name) => `export const ${name} = /* @__PURE__ */ module.${name};`),
      ].join('\n');
      return { code, moduleType: 'js' };
    },
  };
}

/**
 * Has the stand-ins of all chunks load their modules at once, where an import would make whoever calls them wait.
 *
 * @param chunks code of each
 */
export function loadAtOnce(chunks: readonly string[]): readonly string[] {
  let found = 0;
  const changed = chunks.map((code) =>
    code.replaceAll(STAND_IN, (_, load: string, part = '') => {
      found += 1;
      return `${load}${part}`;
    }),
  );
  if (found !== MODULES.length)
    throw new Error(`the bundler writes ${found} of ${MODULES.length} stand-ins as expected`);
  return changed;
}
