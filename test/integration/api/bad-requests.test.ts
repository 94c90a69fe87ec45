import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, KEYS, startApiServer } from '../../support/api/api-server.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('bad requests', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
    await server.request('/api/v1/stacks', json('POST', { name: 'homelab', services: ['web'] }));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE) => ({
    method: 'POST',
    body,
    headers,
  });

  it.each([
    { when: 'the path is unknown', path: '/api/v1/unifier/preview', status: 404, code: 'NOT_FOUND' },
    { when: 'the path is outside', path: '/', status: 404, code: 'NOT_FOUND' },
    { when: 'the stack is unknown', path: '/api/v1/stacks/nope', status: 404, code: 'NOT_FOUND' },
    {
      when: 'the stack to plan is unknown',
      path: '/api/v1/stacks/nope/plan',
      init: { method: 'POST' },
      status: 404,
      code: 'NOT_FOUND',
    },
    {
      when: 'the stack to delete is unknown',
      path: '/api/v1/stacks/nope',
      init: { method: 'DELETE' },
      status: 404,
      code: 'NOT_FOUND',
    },
    { when: 'the id is broken percent-encoding', path: '/api/v1/stacks/%zz', status: 404, code: 'NOT_FOUND' },
    { when: 'the id climbs', path: '/api/v1/stacks/..%2f..%2fetc', status: 404, code: 'NOT_FOUND' },
    { when: 'the job is unknown', path: '/api/v1/jobs/nope?follow=true', status: 404, code: 'NOT_FOUND' },
    { when: 'the worker is unknown', path: '/api/v1/workers/nope', status: 404, code: 'NOT_FOUND' },
    { when: 'the plan is unknown', path: '/api/v1/plans/nope', status: 404, code: 'NOT_FOUND' },
    {
      when: 'the service is unknown',
      path: '/api/v1/stacks/homelab/services/nope/logs',
      status: 404,
      code: 'NOT_FOUND',
    },
    {
      when: 'the method is wrong',
      path: '/api/v1/stacks/homelab',
      init: { method: 'PATCH' },
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
    },
    { when: 'the page is no number', path: '/api/v1/jobs?page=first', status: 400, code: 'VALIDATION_ERROR' },
    { when: 'the page is 0', path: '/api/v1/stacks?page=0', status: 400, code: 'VALIDATION_ERROR' },
    {
      when: 'a parameter comes twice',
      path: '/api/v1/jobs?page=1&page=2',
      status: 400,
      code: 'VALIDATION_ERROR',
    },
    { when: 'the time is none', path: '/api/v1/jobs?since=yesterday', status: 400, code: 'VALIDATION_ERROR' },
    { when: 'the job type is none', path: '/api/v1/jobs?type=build', status: 400, code: 'VALIDATION_ERROR' },
    {
      when: 'the body is not JSON',
      path: '/api/v1/stacks',
      init: post('{"name": homelab}'),
      status: 400,
      code: 'BAD_REQUEST',
    },
    {
      when: 'the body is not UTF-8',
      path: '/api/v1/stacks',
      init: post(Uint8Array.of(0x22, 0xff, 0x22)),
      status: 400,
      code: 'BAD_REQUEST',
    },
    {
      when: 'the body is nested absurdly',
      path: '/api/v1/stacks',
      init: post('['.repeat(100_000)),
      status: 400,
      code: 'BAD_REQUEST',
    },
    {
      when: 'the body is a list',
      path: '/api/v1/stacks',
      init: post('[]'),
      status: 400,
      code: 'VALIDATION_ERROR',
    },
    {
      when: 'there is no body',
      path: '/api/v1/stacks',
      init: { method: 'POST' },
      status: 400,
      code: 'VALIDATION_ERROR',
    },
    {
      when: 'the name climbs',
      path: '/api/v1/stacks',
      init: post('{"name":"../x","services":["web"]}'),
      status: 400,
      code: 'VALIDATION_ERROR',
    },
    {
      when: 'the worker name climbs',
      path: '/api/v1/workers',
      init: post('{"name":"..","connection":{"host":"h"}}'),
      status: 400,
      code: 'VALIDATION_ERROR',
    },
    {
      when: 'the body is a form',
      path: '/api/v1/stacks',
      init: post('name=x', { 'Content-Type': 'application/x-www-form-urlencoded' }),
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    },
    {
      when: 'the body is compressed',
      path: '/api/v1/stacks',
      init: post('x', { ...JSON_TYPE, 'Content-Encoding': 'gzip' }),
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    },
    {
      when: 'the body is too large',
      path: '/api/v1/stacks',
      init: post(`"${'x'.repeat(1_048_576)}"`),
      status: 413,
      code: 'PAYLOAD_TOO_LARGE',
    },
    {
      when: 'nothing is to be validated',
      path: '/api/v1/unifier/validate',
      init: { method: 'POST' },
      status: 400,
      code: 'VALIDATION_ERROR',
    },
    {
      when: 'the name is taken',
      path: '/api/v1/stacks',
      init: post('{"name":"homelab","services":["web"]}'),
      status: 409,
      code: 'CONFLICT',
    },
    {
      when: 'a stack is to be renamed',
      path: '/api/v1/stacks/homelab',
      init: json('PUT', { name: 'other', services: [] }),
      status: 400,
      code: 'VALIDATION_ERROR',
    },
    {
      when: 'an update changes nothing',
      path: '/api/v1/stacks/homelab',
      init: json('PUT', { config: {} }),
      status: 400,
      code: 'VALIDATION_ERROR',
    },
  ])('answers $status $code when $when', async ({ path, init, status, code }) => {
    const response = await server.request(path, init);

    expect(await response.json()).toEqual({
      error: expect.objectContaining({ code, message: expect.any(String), details: expect.any(Array) }),
    });
    expect(response.status).toBe(status);
  });

  it('tells an unknown service from an unknown stack', async () => {
    const reasonOf = async (path: string) => {
      const response = await server.request(`/api/v1/stacks/${path}`);
      const { error } = (await response.json()) as { error: { reason: string; message: string } };
      return [response.status, error.reason, error.message];
    };

    expect(await reasonOf('homelab/services/nope/logs')).toEqual([
      404,
      'UNKNOWN_SERVICE',
      expect.stringMatching(/^homelab has no service nope; it has: /),
    ]);
    expect((await reasonOf('nope/services/web/logs'))[1]).toBe('UNKNOWN_STACK');
  });

  it('names the allowed methods with 405', async () => {
    const response = await server.request('/api/v1/stacks/homelab', { method: 'POST' });

    expect(response.headers.get('Allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT']);
  });

  it('says where the body stops being JSON', async () => {
    const response = await server.request(
      '/api/v1/stacks',
      post('{\n  "name": "x",\n  "services": [web]\n}'),
    );

    expect(await response.json()).toMatchObject({
      error: { details: [{ field: 'body', message: 'unexpected "w" at line 3, column 16' }] },
    });
  });

  it('names every problem of a body, with what is known', async () => {
    const response = await server.request(
      '/api/v1/workers',
      json('POST', { connection: { port: 0, hots: 'x' } }),
    );

    expect(await response.json()).toMatchObject({
      error: {
        details: expect.arrayContaining([
          { field: 'name', message: 'is required' },
          { field: 'connection.host', message: 'is required' },
          {
            field: 'connection.hots',
            message: 'is not known',
            hint: 'known: host, port, user, ssh_key, tls',
          },
          { field: 'connection.port', message: 'must be >= 1' },
        ]),
      },
    });
  });

  it.each([
    {
      error: new ReconcilerError('REPOSITORY_UNREACHABLE', 'no route to host', { retryable: true }),
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
    },
    {
      error: new ReconcilerError('STORE_FULL', 'disk full', { retryable: true }),
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
    },
    { error: new ReconcilerError('WRITE_CONFLICT', 'the branch moved on'), status: 409, code: 'CONFLICT' },
  ])(
    'answers $status with the reason when the reconciler says $error.code',
    async ({ error, status, code }) => {
      server.reconciler.failWith(error);

      const response = await server.request(
        '/api/v1/stacks',
        json('POST', { name: 'other', services: ['web'] }),
      );

      expect([response.status, await response.json()]).toEqual([
        status,
        { error: { code, message: error.message, details: [], reason: error.code } },
      ]);
      expect(response.headers.get('Retry-After')).toBe(status === 503 ? '5' : null);
    },
  );

  it('keeps the message of an unexpected error to the log', async () => {
    server.reconciler.failWith(new Error('password is hunter2'));

    const response = await server.request('/api/v1/stacks', { headers: { 'X-Request-Id': 'test-7' } });

    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('hunter2');
    expect(response.headers.get('X-Request-Id')).toBe('test-7');
    expect(server.entries).toContainEqual({
      level: 'error',
      message: 'A request failed unexpectedly',
      data: expect.objectContaining({ requestId: 'test-7', err: expect.any(Error) }),
    });
  });

  it('cuts the connection of a body that says no length and does not end', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const received: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => received.push(bytes));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      `POST /api/v1/stacks HTTP/1.1\r\nHost: localhost\r\nX-API-KEY: ${KEYS.admin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const sending = setInterval(() => socket.write(chunk), 1);

    await closed;

    clearInterval(sending);
    expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1.1 413 /);
  });

  it('survives a client that goes away in the middle of its body', async () => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.end(
      `POST /api/v1/stacks HTTP/1.1\r\nHost: localhost\r\nX-API-KEY: ${KEYS.admin}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name"`,
    );
    await new Promise((resolve) => socket.resume().once('close', resolve));

    expect((await server.request('/api/v1/health')).status).toBe(200);
    expect(server.reconciler.stackNames()).toEqual(['homelab']);
  });
});
