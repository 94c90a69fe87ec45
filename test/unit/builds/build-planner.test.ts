import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgramPlanner } from '../../../reconciler/adapters/planners/program-planner.ts';
import { createBuildsRig } from '../../support/builds/builds-rig.ts';

const NIXPACKS = `#!/bin/sh
[ "$1 $3" = "build --out" ] || exit 9
[ -z "$SECRET" ] || exit 8
[ -e "$2/link" ] && exit 7
[ -e "$2/hang" ] && { sleep 60 & wait; }
[ -e "$2/bad" ] && { echo "no provider" >&2; exit 1; }
[ -e "$2/main.js" ] || exit 6
mkdir -p "$4/.nixpacks/assets"
echo "FROM scratch" > "$4/.nixpacks/Dockerfile"
echo x > "$4/.nixpacks/assets/a"
ln -s /etc/passwd "$4/.nixpacks/b"
echo y > "$4/outside"
`;

describe('a program that plans builds', () => {
  let root: string;
  let program: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kombinator-planner-'));
    program = join(root, 'nixpacks');
    await writeFile(program, NIXPACKS);
    await chmod(program, 0o755);
  });
  afterAll(() => rm(root, { recursive: true }));

  const open = () =>
    createProgramPlanner({ program, directory: join(root, 'plans'), env: { ...process.env, SECRET: 'x' } });
  const source = (...paths: readonly string[]) => ({
    files: paths.map((path) => ({ path, type: path === 'link' ? 'symlink' : 'file', blob: path }) as const),
    readBlob: async () => Buffer.from('x'),
  });

  it('gets the files of the application and none of our variables, and its own files go along', async () => {
    const plan = await open().plan(source('main.js', 'link', 'a/b'), new AbortController().signal);
    expect(plan).toMatchObject({ program: 'nixpacks', dockerfile: '.nixpacks/Dockerfile', args: {} });
    expect(plan.files.map(({ path }) => path)).toEqual(['.nixpacks/Dockerfile', '.nixpacks/assets/a']);
    expect(await readdir(join(root, 'plans'))).toEqual([]);
  });

  it('fails with its own words, or with its signal', async () => {
    const { signal } = new AbortController();
    await expect(open().plan(source('bad'), signal)).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: 'nixpacks cannot tell how this is built: no provider',
    });
    const gone = new AbortController();
    const hanging = open().plan(source('hang'), gone.signal);
    setTimeout(() => gone.abort(new Error('called off')), 100);
    await expect(hanging).rejects.toThrow('called off');
    expect(await readdir(join(root, 'plans'))).toEqual([]);
  });

  it('is one that is known, and is there', async () => {
    const options = { directory: root, env: {} };
    expect(() => createProgramPlanner({ ...options, program: '/bin/sh' })).toThrow('plans no builds');
    const missing = createProgramPlanner({
      ...options,
      directory: join(root, 'x'),
      program: join(root, 'no', 'railpack'),
    });
    await expect(missing.plan(source('a'), new AbortController().signal)).rejects.toThrow('cannot be run');
  });

  it('plans what has no Dockerfile', async () => {
    await using on = await createBuildsRig({ files: { 'main.js': 'x' }, planner: open() });
    expect(await on.end((await on.start()).id)).toMatchObject({ status: 'completed', generated: true });
    const [build] = on.engine.builds.asked;
    expect(build?.dockerfile).toBe('.nixpacks/Dockerfile');
    expect(build?.files.map(({ path }) => path)).toEqual([
      'main.js',
      '.nixpacks/Dockerfile',
      '.nixpacks/assets/a',
    ]);
  });

  it('is not needed where there is a Dockerfile, and missed where there is none', async () => {
    await using on = await createBuildsRig();
    expect(await on.end((await on.start({ generated: true })).id)).toMatchObject({
      status: 'completed',
      generated: false,
    });
    await using bare = await createBuildsRig({ files: { 'main.js': 'x' } });
    expect(await bare.end((await bare.start()).id)).toMatchObject({
      status: 'failed',
      errorStage: 'dockerfile',
      error: expect.stringContaining('builds.planner') as string,
    });
  });
});
