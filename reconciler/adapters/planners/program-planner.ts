import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { ReconcilerError } from '../../base/errors.ts';
import { own } from '../../base/values.ts';
import type {
  BuildPlanner,
  PlannedBuild,
  PlannedFile,
  PlannedSource,
} from '../../ports/builds/build-planner.ts';
import { runProgram } from './run-program.ts';

export interface ProgramPlannerOptions {
  /** `nixpacks` or `railpack`, or a path that ends with one of these names. */
  readonly program: string;
  /** Directory for copies of applications; nothing else is in it. */
  readonly directory: string;
  /** Variables that the program gets. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A program that plans builds: how it is called, and what it leaves. */
interface Program {
  readonly arguments: (source: string, out: string) => readonly string[];
  /** Directory below what it writes whose files go along. */
  readonly kept: string;
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
}

const PLAN = '.railpack/railpack-plan.json';

/* nixpacks.com/docs/cli: "build --out"; railpack.com/guides/custom-frontend: "prepare --plan-out", and a frontend of BuildKit that reads the plan. */
const PROGRAMS: Readonly<Record<string, Program>> = {
  nixpacks: {
    arguments: (source, out) => ['build', source, '--out', out],
    kept: '.nixpacks',
    dockerfile: '.nixpacks/Dockerfile',
    args: {},
  },
  railpack: {
    arguments: (source, out) => ['prepare', source, '--plan-out', join(out, PLAN)],
    kept: '.railpack',
    dockerfile: PLAN,
    args: { BUILDKIT_SYNTAX: 'ghcr.io/railwayapp/railpack-frontend' },
  },
};

export const PLANNER_NAMES: readonly string[] = Object.keys(PROGRAMS);

const TIMEOUT_MS = 120_000;
const MAX_FILES = 1_000;
const MAX_BYTES = 16 * 1024 ** 2;

/** Plans builds with a program of this machine. Throws BAD_OPTIONS for one that is not known. */
export function createProgramPlanner({ program, directory, env }: ProgramPlannerOptions): BuildPlanner {
  const name = basename(program);
  const known = own(PROGRAMS, name);
  if (known === undefined)
    throw new ReconcilerError('BAD_OPTIONS', `${program} plans no builds; ${PLANNER_NAMES.join(' and ')} do`);
  return {
    async plan(source, signal) {
      const root = join(directory, randomBytes(8).toString('hex'));
      const [app, out] = [join(root, 'app'), join(root, 'out')];
      try {
        await mkdir(join(out, known.kept), { recursive: true, mode: 0o700 });
        await writeApplication(app, source, signal);
        const words = known.arguments(app, out);
        const { exitCode, output } = await runProgram(program, words, {
          cwd: root,
          env,
          timeoutMs: TIMEOUT_MS,
          signal,
        });
        if (exitCode !== 0) throw failed(name, output);
        return await readPlan(name, known, out);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
    sweep: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Links are left out: they could lead the program elsewhere. */
async function writeApplication(
  root: string,
  { files, readBlob }: PlannedSource,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (const { path, type, blob } of files) {
    signal.throwIfAborted();
    if (type === 'symlink') continue;
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, await readBlob(blob), { mode: type === 'executable' ? 0o755 : 0o644 });
  }
}

async function readPlan(
  name: string,
  { kept, dockerfile, args }: Program,
  out: string,
): Promise<PlannedBuild> {
  const files: PlannedFile[] = [];
  let size = 0;
  const collect = async (folder: string): Promise<void> => {
    for (const entry of (await readdir(join(out, folder))).sort()) {
      const path = posix.join(folder, entry);
      const found = await lstat(join(out, path));
      if (found.isDirectory()) await collect(path);
      if (!found.isFile()) continue;
      size += found.size;
      if (files.length >= MAX_FILES || size > MAX_BYTES) throw failed(name, 'it writes more than a plan has');
      const type = (found.mode & 0o100) === 0 ? 'file' : 'executable';
      files.push({ path, type, content: await readFile(join(out, path)) });
    }
  };
  await collect(kept);
  if (!files.some(({ path }) => path === dockerfile)) throw failed(name, `it wrote no ${dockerfile}`);
  return { program: name, files, dockerfile, args };
}

function failed(name: string, output: string): ReconcilerError {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '');
  const words = lines.slice(-5).join(' | ').slice(-1_000);
  return new ReconcilerError(
    'BUILD_FAILED',
    `${name} cannot tell how this is built: ${words || 'it says nothing'}`,
  );
}
