import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { KEYS, startApiServer } from '../../support/api/api-server.ts';
import { runFakeCli } from '../../support/cli/cli-harness.ts';
import { eventually } from '../../support/eventually.ts';
import type { InstancesRig } from '../../support/instances-rig.ts';
import { createInstancesRig, podOf } from '../../support/instances-rig.ts';

describe('kombinator instance', () => {
  let rig: InstancesRig;
  let server: ApiServer;
  let directory: string;
  beforeEach(async () => {
    rig = createInstancesRig();
    server = await startApiServer({ instances: rig.instances });
    directory = await mkdtemp(join(tmpdir(), 'kombinator-instances-'));
    await writeFile(join(directory, 'pod.yaml'), podOf());
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  const run = (...argv: readonly string[]) =>
    runFakeCli(['instance', ...argv, '--server', server.url, '--api-key', KEYS.deployer, '--no-color'], {
      plans: {},
    });
  const create = async () => {
    const { code, stdout } = await run('create', join(directory, 'pod.yaml'), '--port', '80', '--json');
    expect(code).toBe(0);
    return (JSON.parse(stdout) as { instance: { stack_id: string } }).instance.stack_id;
  };

  it('makes, lists, shows, prints and removes them', async () => {
    const id = await create();
    await rig.reaches(id, 'running');
    expect((await run('list')).stdout).toMatch(new RegExp(`^${id}\\trunning\\t3\\d{4}\\tin \\d+ h\\t-\\n$`));
    const { stdout } = await run('show', id);
    expect(stdout).toContain(`${id} running\n80/tcp at port 3`);
    expect(stdout).toContain('apiVersion: v1');
    expect((await run('logs', id, '--tail', '1')).stdout).toMatch(/^app {2}\| .* is up\n$/);
    const removed = await run('delete', id, 'stack-none');
    expect([removed.code, removed.stdout]).toEqual([
      1,
      `✓ ${id} is removed\n✗ stack-none: stack not found\n`,
    ]);
    expect(await run('list')).toMatchObject({ code: 0, stdout: '' });
  });

  it('says why one has not begun', async () => {
    const away = { retryable: true };
    rig.engine.faults.set(
      'startContainer',
      () => new ReconcilerError('TARGET_UNREACHABLE', 'the engine is away', away),
    );
    const id = await create();
    await eventually(
      () => rig.instances.get(id),
      ({ message }) => message !== null,
    );
    expect((await run('show', id)).stdout).toContain(`${id} creating: the engine is away`);
    rig.engine.faults.set('startContainer', () => new ReconcilerError('TARGET_ERROR', 'no such program'));
    await rig.reaches(id, 'failed');
    expect((await run('list')).stdout).toMatch(/\tfailed\t.*\tno such program\n$/);
  });

  it('tells that it needs a daemon, what is no port, and what the daemon refuses', async () => {
    const alone = await runFakeCli(['instance', 'list'], { plans: {} });
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining('--server') as string });
    const file = join(directory, 'pod.yaml');
    expect((await run('create', file, '--port', 'http')).stderr).toContain('--port http: this is no port');
    expect((await run('create', file, '--port', '81')).stderr).toContain('invalid pod spec');
  });
});
