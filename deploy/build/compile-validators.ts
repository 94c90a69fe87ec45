import standaloneCode from 'ajv/dist/standalone/index.js';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import type { OwnDocumentKind } from '../../reconciler/config/document-kind.ts';
import { createAjv, OWN_SCHEMAS } from '../../reconciler/config/compile-schemas.ts';
import { toAscii } from './to-ascii.ts';
import { hashedName } from './lazy-packages.ts';

const KINDS = Object.keys(OWN_SCHEMAS) as OwnDocumentKind[];

export interface CompiledValidators {
  /** Code by the name of its file. */
  readonly files: ReadonlyMap<string, string>;
  /** Stands in the bundle in the place of `reconciler/config/own-validators.ts` and loads each file when it is first asked for. */
  readonly module: string;
}

/**
 * Compiles the validators of our own schemas ahead of time, each to a program of its own: up to half a megabyte, and a command needs one or two.
 *
 * @param root of the checkout
 */
export async function compileValidators(root: string): Promise<CompiledValidators> {
  const compiled = await Promise.all(
    KINDS.map(async (kind) => {
      const code = await compile(root, kind);
      return { kind, code, file: hashedName(`validate-${kind}`, code) };
    }),
  );
  const names = Object.fromEntries(compiled.map(({ kind, file }) => [kind, `./${file}`]));
  return {
    files: new Map(compiled.map(({ file, code }) => [file, code])),
    module: [
      `const files = ${JSON.stringify(names)};`,
      'export const ownValidators = (kind) => (Object.hasOwn(files, kind) ? require(files[kind]).validate : undefined);',
    ].join('\n'),
  };
}

async function compile(root: string, kind: OwnDocumentKind): Promise<string> {
  const ajv = createAjv({ source: true, esm: true, optimize: true });
  for (const schema of Object.values(OWN_SCHEMAS)) ajv.addSchema(schema);
  const formTest = JSON.stringify(join(root, 'reconciler/config/form-test.ts'));
  const code = [
    `import { formTest } from ${formTest};`,
    standaloneCode.default(ajv, { validate: OWN_SCHEMAS[kind].$id }),
  ].join('\n');
  const input = join(root, 'reconciler/config', `validate-${kind}.js`);
  await using build = await rolldown({
    input,
    platform: 'node',
    logLevel: 'silent',
    plugins: [
      {
        name: 'written-validator',
        resolveId: (id) => (id === input ? id : null),
        load: (id) => (id === input ? { code, moduleType: 'js' } : null),
      },
    ],
  });
  // Nobody reads it, and nothing in it throws.
  const { output } = await build.generate({ format: 'cjs', minify: { compress: false } });
  return toAscii(output[0].code);
}
