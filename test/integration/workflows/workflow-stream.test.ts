import { expect, it } from 'vitest';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';
import { KEYS } from '../../support/api/api-server.ts';

const CONF = { id: 'n1', type: 'configmap', data: { name: 'conf', data: { A: 'b' } } };
const WEB = { id: 'n2', type: 'deployment', data: { name: 'web', image: 'nginx:1.29', replicas: 2 } };

interface Event {
  readonly name: string;
  readonly data: unknown;
}

it('tells a workflow as it goes, with the states of its nodes, and ends with it', async () => {
  await using platform = await startWorkflowServer();
  await platform.push({ 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' });
  const { id } = await platform.create('shop', { cluster_id: 'prod' });
  await platform.ask('POST', `/workflows/${id}/save`, { nodes: [CONF, WEB], edges: [] });
  const response = await fetch(`${platform.server.url}/v1/api/workflows/${id}/status/stream`, {
    headers: { Authorization: `Bearer ${KEYS.viewer}` },
  });
  const events = readEvents(response);
  const until = async (name: string): Promise<unknown> => {
    for (;;) {
      const { value } = await events.next();
      const event = value as Event | undefined;
      if (event === undefined) throw new Error(`ended without ${name}`);
      if (event.name === name) return event.data;
    }
  };
  // Nothing is known of what was not applied.
  const begun = (await until('metadata')) as { readonly nodes: readonly { readonly data: object }[] };
  expect(begun.nodes.map(({ data }) => '_status' in data)).toEqual([false, false]);

  await platform.ask('PUT', `/workflows/${id}/status`, { status: 'published' });
  await platform.ask('POST', `/workflows/${id}/run`, {});
  const nodes = [
    { id: 'n1', data: { _status: { state: 'created' } } },
    { id: 'n2', data: { _status: { state: 'healthy', replicas: 2, readyReplicas: 2 } } },
  ];
  expect(await until('node_update')).toMatchObject({
    data: { node_id: 'n1', type: 'configmap', status: { state: 'partial' } },
  });
  for (;;) {
    const { data } = (await until('workflow_sync')) as { readonly data: { readonly status?: string } };
    if (data.status !== 'completed') continue;
    expect(data).toMatchObject({ nodes });
    break;
  }
  expect((await platform.ask('GET', `/workflows/${id}`)).body).toMatchObject({ nodes });
  // States are not written.
  const stated = { ...CONF, data: { ...CONF.data, _status: { state: 'created' } } };
  expect((await platform.ask('POST', `/workflows/${id}/save`, { nodes: [stated, WEB] })).status).toBe(200);
  expect(await platform.read('workflows/shop.yaml')).not.toContain('_status');

  await platform.ask('DELETE', `/workflows/${id}`);
  expect(await until('complete')).toBe('The workflow was deleted');
  expect((await events.next()).done).toBe(true);
});

async function* readEvents(response: Response): AsyncGenerator<Event, void, undefined> {
  let text = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/m.exec(part) ?? [];
      if (name !== undefined && data !== undefined) yield { name, data: JSON.parse(data) };
    }
  }
}
