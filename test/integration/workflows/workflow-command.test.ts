import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../api/cli/main.ts';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import { createLocalSession } from '../../../api/cli/session/local-session.ts';
import type { Session } from '../../../api/cli/session/session.ts';
import { KEYS } from '../../support/api/api-server.ts';
import type { WorkflowServer } from '../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';
import { manualInterrupt, recordTerminal } from '../../support/cli/cli-harness.ts';

const conf = (id: string, name: string) => ({
  id,
  type: 'configmap',
  position: { x: 1, y: 2 },
  data: { name, data: { A: 'b' } },
});

let platform: WorkflowServer;
let id: string;

beforeAll(async () => {
  platform = await startWorkflowServer();
  await platform.push({ 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' });
  ({ id } = await platform.create('My Shop', { cluster_id: 'prod' }));
  const save = (nodes: readonly object[]) =>
    platform.ask('POST', `/workflows/${id}/save`, { nodes, edges: [] });
  await save([conf('a', 'one'), conf('b', 'two')]);
  await platform.ask('POST', `/workflows/${id}/versions`, { name: 'First', tag: 'v1' });
  await save([conf('a', 'changed'), conf('c', 'three')]);
  await platform.ask('POST', `/workflows/${id}/versions`, {});
});
afterAll(() => platform[Symbol.asyncDispose]());

const sessions: Readonly<Record<string, () => Session>> = {
  'in this process': () =>
    createLocalSession({
      reconciler: platform.rig.reconciler,
      actor: { name: 'me', email: 'me@example.org' },
      close: async () => undefined,
    }),
  'by way of a daemon': () => createRemoteSession({ url: platform.server.url, apiKey: KEYS.deployer }),
};

async function run(open: () => Session, ...argv: string[]) {
  const terminal = recordTerminal();
  const code = await runCli(['workflow', ...argv], {
    terminal,
    interrupt: manualInterrupt(),
    version: '1.2.3',
    now: Date.now,
    openSession: async () => open(),
    openKeys: () => Promise.reject(new Error('no keys here')),
    serve: () => Promise.reject(new Error('no daemon here')),
  });
  return { code, out: terminal.stdout(), err: terminal.stderr() };
}

describe.each(Object.entries(sessions))('kombinator workflow, %s', (_, open) => {
  it('lists workflows, and names them where one is not known', async () => {
    expect(await run(open, 'list')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^[0-9a-f]{24}\tMy Shop\t\w+\tprod\n/) as string,
    });
    expect(await run(open, 'runs', 'My Shp')).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean My Shop?') as string,
    });
  });

  it('lists versions, and tells what differs between two', async () => {
    const { out } = await run(open, 'versions', id, '--json');
    const document = JSON.parse(out) as { readonly versions: readonly object[] };
    expect(document.versions.slice(-2)).toMatchObject([
      { number: 2, name: '', isAutomatic: false },
      { number: 1, name: 'First', label: 'v1', author: 'deployer key', jobId: null },
    ]);
    const lines = (await run(open, 'diff', 'My Shop', '1', '2')).out.trim().split('\n');
    expect(lines).toEqual(['+ configmap c', '- configmap b', '~ configmap a']);
    expect(await run(open, 'diff', 'My Shop', '1', '1')).toMatchObject({
      out: 'versions 1 and 1 are the same\n',
    });
    expect((await run(open, 'diff', 'My Shop', '1', '99')).code).toBe(1);
    expect((await run(open, 'diff', 'My Shop', 'one', '2')).err).toContain('whole number');
  });

  it('runs what is published, and lists it', async () => {
    await platform.ask('PUT', `/workflows/${id}/status`, { status: 'draft' });
    expect(await run(open, 'run', 'My Shop')).toMatchObject({
      code: 1,
      err: expect.stringContaining('must be published') as string,
    });
    await platform.ask('PUT', `/workflows/${id}/status`, { status: 'published' });
    const done = await run(open, 'run', 'My Shop');
    expect(done).toMatchObject({ code: 0, out: expect.stringMatching(/✓ My Shop version \d+\n$/) as string });
    const version = /version (\d+)/.exec(done.out)?.[1];
    const { out } = await run(open, 'runs', id, '--limit', '1');
    expect(out).toMatch(new RegExp(`^job_\\w+\\t${version}\\tcompleted\\t`));
  });
});
