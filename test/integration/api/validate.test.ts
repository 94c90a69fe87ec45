import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';

describe('the unifier', () => {
  let server: ApiServer;

  beforeAll(async () => {
    server = await startApiServer();
    await server.request('/api/v1/stacks', json('POST', { name: 'homelab', services: ['web'] }));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const read = async (path: string, init?: RequestInit): Promise<Record<string, unknown>> => {
    const body: unknown = await (await server.request(`/api/v1${path}`, init)).json();
    return typeof body === 'object' && body !== null ? { ...body } : {};
  };

  it.each([
    { body: { yaml: 'services: [storage]' }, error: { path: 'services.immich.storage', line: 4, column: 5 } },
    { body: { spec: { services: ['storage'] } }, error: { path: 'services.immich.storage' } },
  ])('validates JSON too: $body', async ({ body, error }) => {
    const { errors } = await read('/unifier/validate', json('POST', body));

    expect(errors).toEqual([
      {
        message: 'storage is not known',
        code: 'UNKNOWN_KEY',
        rule: 'schema_error',
        hint: 'did you mean volumes?',
        ...error,
      },
    ]);
  });

  it.each([
    { path: '/unifier/validate', body: { yaml: 'stackkit: base-homelab' }, valid: true },
    { path: '/unifier/validate', body: { yaml: 'stackkit: base-homelab', strict: true }, valid: false },
    { path: '/unifier/validate?strict=true', body: { spec: { stackkit: 'base-homelab' } }, valid: false },
    { path: '/unifier/validate', body: { yaml: 'stackkit: base-kit', strict: true }, valid: true },
  ])('takes warnings for errors where asked to: $path $body', async ({ path, body, valid }) => {
    const answer = await read(path, json('POST', body));

    expect(answer['valid']).toBe(valid);
    expect(answer['errors'] ?? []).toHaveLength(valid ? 0 : 1);
  });
});
