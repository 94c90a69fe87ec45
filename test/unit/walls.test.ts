import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { refusalOf, ROOMS } from '../lint/layers.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAX_FILES = 20;

describe('walls', () => {
  it.each<readonly [string, string]>([
    // Adapters do not know each other, however the path is written.
    ['reconciler/adapters/docker/target.ts', '../git/repository/refs.ts'],
    ['reconciler/adapters/docker/engine/engine.ts', '../../kubernetes/api/client.ts'],
    ['reconciler/adapters/git/index.ts', '../backups/folder.ts'],
    ['reconciler/adapters/sqlite/rows.ts', '../secrets/secrets.ts'],
    // The files that adapters, plans and ports are told of have been read already.
    ['reconciler/adapters/docker/target.ts', '../../config/kombination/kombination.ts'],
    ['reconciler/plan/build-plan.ts', '../config/kombination/kombination.ts'],
    ['reconciler/ports/target.ts', '../config/workflow/workflow.ts'],
    // The core is pure.
    ...[
      'ssh2',
      '@grpc/grpc-js',
      'protobufjs',
      '@kubernetes/client-node',
      'dockerode',
      'isomorphic-git',
      'chokidar',
      'koa',
      'pino',
      'node:fs',
      'node:http',
      'node:child_process',
      'node:sqlite',
      'node:timers/promises',
    ].flatMap((name) =>
      ['base', 'model', 'config', 'render', 'plan', 'ports', 'pods', 'database'].map(
        (folder) => [`reconciler/${folder}/any.ts`, name] as const,
      ),
    ),
    ['reconciler/base/json.ts', '../model/resource.ts'],
    ['reconciler/model/resource.ts', '../config/file-tree.ts'],
    ['reconciler/plan/order.ts', '../render/docker.ts'],
    ['reconciler/config/kits/kit.ts', '../../render/docker.ts'],
    // The loop runs on ports.
    ['reconciler/run/context.ts', '../adapters/docker/index.ts'],
    ['reconciler/run/context.ts', '../daemon/create-kombinator.ts'],
    ['reconciler/run/context.ts', 'dockerode'],
    ['reconciler/desired/state.ts', '../run/context.ts'],
    ['reconciler/desired/state.ts', '../adapters/git/index.ts'],
    ['reconciler/daemon/metrics.ts', '../../api/app.ts'],
    // The API knows the face of the reconciler only, and dialects do not know each other.
    ['api/operations/stacks.ts', '../../reconciler/run/context.ts'],
    ['api/operations/stacks.ts', '../dialects/kombify/kombify.ts'],
    ['api/operations/stacks.ts', '../http/route.ts'],
    ['api/dialects/kompose/kompose.ts', '../kombify/schemas.ts'],
    ['api/dialects/kompose/kompose.ts', '../../../reconciler/model/stack.ts'],
    ['api/http/mount.ts', '../dialects/kombify/kombify.ts'],
    ['api/auth/token.ts', '../cli/serve.ts'],
    ['api/cli/serve.ts', '../../reconciler/daemon/create-kombinator.ts'],
    ['api/cli/serve.ts', 'dockerode'],
    ['schemas/index.ts', '../reconciler/index.ts'],
    // A new folder has to say where it belongs.
    ['reconciler/misc/any.ts', '../base/json.ts'],
  ])('%s may not import %s', (file, specifier) => {
    expect(refusalOf(file, specifier)).toMatch(/may not|no room/);
  });

  it.each([
    ['reconciler/adapters/docker/engine/engine.ts', '../../../base/errors.ts'],
    ['reconciler/adapters/docker/engine/connection.ts', 'node:net'],
    ['reconciler/adapters/git/poll-timer.ts', './remote/deadline.ts'],
    ['reconciler/daemon/create-kombinator.ts', '../adapters/sqlite/sqlite-store.ts'],
    ['api/dialects/kombify/page.ts', '../../http/shape.ts'],
    ['reconciler/adapters/git/watch-local.ts', 'isomorphic-git/index.js'],
    ['test/unit/any.test.ts', '../../reconciler/run/context.ts'],
  ])('%s may import %s', (file, specifier) => {
    expect(refusalOf(file, specifier)).toBeNull();
  });

  it('are those of folders that exist, or are to come with their issue', () => {
    const missing = Object.keys(ROOMS).filter((place) => !existsSync(join(ROOT, place)));
    expect(missing.filter((place) => !EXPECTED.has(place))).toEqual([]);
  });

  it('are held by the linter: planted imports, circles of types and comments without a subject are refused', async () => {
    const house = mkdtempSync(join(tmpdir(), 'kombinator-walls-'));
    const plant = (file: string, text: string) => {
      mkdirSync(dirname(join(house, file)), { recursive: true });
      writeFileSync(join(house, file), text);
    };
    try {
      symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
      for (const file of [
        '.oxlintrc.json',
        'package.json',
        'tsconfig.json',
        'test/lint/layers.ts',
        'test/lint/plugin.ts',
      ])
        plant(file, readFileSync(join(ROOT, file), 'utf8'));
      plant('reconciler/adapters/git/refs.ts', 'export const REFS = 1;\n');
      plant('reconciler/adapters/docker/a.ts', "export { REFS } from '../git/refs.ts';\n");
      plant('reconciler/base/b.ts', "export type Client = import('ssh2').Client;\n");
      plant('reconciler/base/c.ts', "export const load = () => import('node:fs');\n");
      plant(
        'reconciler/plan/d.ts',
        "import type { E } from './e.ts';\nexport interface D { readonly e: E }\n",
      );
      plant(
        'reconciler/plan/e.ts',
        "import type { D } from './d.ts';\nexport interface E { readonly d: D }\n",
      );
      plant(
        'reconciler/plan/f.ts',
        '/** Whether it is so. */\nexport const F = 1; // As it is.\n\n// Lines go on\n// with any word.\n// In the next line, too.\n',
      );
      const lint = promisify(execFile)(
        process.execPath,
        [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--deny-warnings', '-f', 'unix', 'reconciler'],
        { cwd: house },
      );
      const output = await lint.then(
        ({ stdout }) => stdout,
        (error: { readonly stdout: string }) => error.stdout,
      );
      for (const file of ['adapters/docker/a.ts', 'base/b.ts', 'base/c.ts'])
        expect(output).toMatch(new RegExp(`reconciler/${file}:.*house\\(walls\\)`));
      for (const file of ['plan/d.ts', 'plan/e.ts'])
        expect(output).toMatch(new RegExp(`reconciler/${file}:.*import\\(no-cycle\\)`));
      const comments = output.matchAll(/plan\/f\.ts:(\d+):.*house\(subject-first\)/g);
      expect([...comments].map(([, line]) => line)).toEqual(['1', '2']);
    } finally {
      rmSync(house, { recursive: true });
    }
  });
});

/** Rooms that are drawn before somebody moves in. */
const EXPECTED = new Set(['reconciler/adapters/notifiers', 'api/dialects/workflows']);

it(`no folder has more than ${MAX_FILES} files`, () => {
  const crowded = ['reconciler', 'api', 'schemas', 'deploy', 'test'].flatMap((top) =>
    foldersBelow(join(ROOT, top)).filter((folder) => {
      const sources = readdirSync(folder).filter((name) => /\.tsx?$/.test(name));
      return sources.length > MAX_FILES;
    }),
  );
  expect(crowded).toEqual([]);
});

function foldersBelow(folder: string): readonly string[] {
  const inner = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== 'node_modules',
  );
  return [folder, ...inner.flatMap(({ name }) => foldersBelow(join(folder, name)))];
}
