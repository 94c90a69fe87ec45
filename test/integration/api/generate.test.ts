import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';

describe('POST /unifier/generate', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const read = async (path: string, init?: RequestInit): Promise<unknown> =>
    (await server.request(`/api/v1${path}`, init)).json();
  const status = async (path: string, init?: RequestInit) =>
    (await server.request(`/api/v1${path}`, init)).status;

  it.each([
    { body: { stack: 'homelab', output: 'tofu' }, stack: 'homelab', output: 'opentofu' },
    { body: { yaml: 'services: [web]' }, stack: 'from-text', output: 'compose' },
    { body: { spec: { services: ['web'] }, output: 'kubernetes' }, stack: 'from-text', output: 'kubernetes' },
  ])('generates from $body', async ({ body, stack, output }) => {
    expect(await read('/unifier/generate', json('POST', body))).toMatchObject({
      stack_name: stack,
      stack_kit: 'base-kit',
      output,
      nodes: [{ name: 'attic', host: '10.0.0.2', ssh_user: 'root', ssh_port: 22 }],
      services: [{ name: 'web', node: 'attic', port: 80, needs: [] }],
      network: { domain: 'home.lab' },
      files: [
        { path: `${output}.txt`, content: `${output} of ${stack}\n`, encoding: 'utf-8' },
        { path: 'files/logo.png', content: '/wA=', encoding: 'base64' },
      ],
      checksums: { [`${output}.txt`]: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      variables: [{ name: 'DB_PASSWORD', reference: 'secret://file/db-password' }],
    });
  });

  it('generates from YAML as it is, and refuses what it cannot', async () => {
    const yaml = { method: 'POST', headers: { 'Content-Type': 'application/yaml' }, body: 'services: [web]' };
    expect(await read('/unifier/generate?output=traefik', yaml)).toMatchObject({ output: 'traefik' });
    expect(await read('/unifier/generate', json('POST', { stack: 'a', output: 'ansible' }))).toMatchObject({
      error: { code: 'VALIDATION_ERROR', details: [{ field: 'output' }] },
    });
    expect(await status('/unifier/generate', json('POST', {}))).toBe(400);
    expect(await status('/unifier/generate', json('POST', { stack: 'a', yaml: 'b' }))).toBe(400);
  });
});
