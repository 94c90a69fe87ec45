import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { mapBounded } from '../../../reconciler/adapters/docker/bounded.ts';
import {
  portOf,
  statusOf,
  toPullError,
  toTargetError,
} from '../../../reconciler/adapters/docker/engine/engine-errors.ts';
import { checkHostKey, knownKeyTypes } from '../../../reconciler/adapters/docker/engine/known-hosts.ts';
import { readLogLines } from '../../../reconciler/adapters/docker/logs.ts';
import { readPullProgress } from '../../../reconciler/adapters/docker/images/pull-progress.ts';
import { errorMessage } from '../../../reconciler/base/errors.ts';
import { registryOf } from '../../../reconciler/model/registry.ts';
import { authFor } from '../../../reconciler/adapters/docker/images/registry.ts';
import { compareVersions } from '../../../reconciler/adapters/docker/engine/transport.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

describe('engine errors', () => {
  const refusal = (statusCode: number, message: string) =>
    Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message} `), { statusCode });
  it.each([
    [500, 'Bind for 0.0.0.0:8080 failed: port is already allocated', 'PORT_TAKEN', true],
    [500, 'listen tcp4 0.0.0.0:80: bind: address already in use', 'PORT_TAKEN', true],
    [409, 'Conflict. The container name "/x" is already in use by container "1"', 'NAME_TAKEN', false],
    [404, 'No such image: web:1', 'IMAGE_NOT_FOUND', true],
    [500, 'something broke', 'TARGET_ERROR', true],
    [400, 'invalid mount', 'TARGET_ERROR', false],
    // Held for good, such a stack would stay down although nothing is wrong with its description.
    [404, 'No such container: 1', 'TARGET_ERROR', true],
    [409, 'container is marked for removal and cannot be started', 'TARGET_ERROR', true],
    [409, 'removal of container 1 is already in progress', 'TARGET_ERROR', true],
    // Addresses handed from stack to stack: the other one gives them up a moment later.
    [403, 'Pool overlaps with other one on this address space', 'TARGET_ERROR', true],
    [
      403,
      'error while removing network: network shop_default id 1 has active endpoints',
      'TARGET_ERROR',
      true,
    ],
  ])('%i %s is %s', (status, text, code, retryable) => {
    expect(toTargetError(refusal(status, text), 'start', 'unix:///x')).toMatchObject({ code, retryable });
  });
  it.each([
    ['start container', 500, 'driver failed programming external connectivity on endpoint web (1f): no', ''],
    [
      'start container',
      500,
      'Bind for 0.0.0.0:80 failed: port is already allocated',
      'port 80 is already taken: ',
    ],
  ])('shows once, and without the wrapping of the client: %s %i %s', (doing, status, text, more) => {
    const error = toTargetError(refusal(status, text), doing, 'unix:///x');
    expect(errorMessage(error)).toBe(`${doing}: ${more}${text}`);
    expect(statusOf(error)).toBe(status);
  });
  it('names the address and a hint when the engine is away', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(toTargetError(error, 'list', 'tcp://h:1').message).toMatch(
      /cannot reach the engine at tcp:\/\/h:1: .*\(is the engine running/,
    );
  });
  it.each([
    ['Bind for 0.0.0.0:8080 failed: port is already allocated', '8080'],
    ['listen tcp6 [::1]:443: bind: address already in use', '443'],
  ])('finds the port in %s', (message, port) => expect(portOf(message)).toBe(port));
  it.each([
    ['manifest for web:1 not found: manifest unknown', 404, 'IMAGE_NOT_FOUND', true],
    ['Get https://r/v2/: no basic auth credentials', 500, 'REGISTRY_UNAUTHORIZED', false],
    ['unauthorized: authentication required', null, 'REGISTRY_UNAUTHORIZED', false],
    ['dial tcp: i/o timeout', 500, 'IMAGE_PULL_FAILED', true],
  ] as const)('%s is %s', (text, status, code, retryable) => {
    expect(toPullError('web:1', text, status)).toMatchObject({ code, retryable });
  });
});

describe('known hosts', () => {
  const key = Buffer.from('key-one');
  const line = (name: string, value = key) => `${name} ssh-ed25519 ${value.toString('base64')}`;
  const hashed = (name: string) => {
    const salt = Buffer.from('0123456789abcdef0123');
    return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
  };
  it.each([
    ['plain', line('host'), 22, 'known'],
    ['another port', line('[host]:2222'), 2222, 'known'],
    ['port not given', line('host'), 2222, 'unknown'],
    ['hashed', line(hashed('host')), 22, 'known'],
    ['pattern', line('*.example,h?st'), 22, 'known'],
    ['negated', line('h*,!host'), 22, 'unknown'],
    ['comment', `# ${line('host')}`, 22, 'unknown'],
    ['changed', line('host', Buffer.from('other')), 22, 'changed'],
    ['revoked', `@revoked ${line('*')}\n${line('host')}`, 22, 'revoked'],
    ['authority', `@cert-authority ${line('host')}`, 22, 'unknown'],
  ] as const)('%s', (_, text, port, verdict) => expect(checkHostKey(text, 'host', port, key)).toBe(verdict));
  it('lists the kinds of key', () =>
    expect(knownKeyTypes(`${line('host')}\nhost ssh-rsa AAAA`, 'host', 22)).toEqual([
      'ssh-ed25519',
      'ssh-rsa',
    ]));
});

describe('streams of the engine', () => {
  async function* chunked(bytes: Buffer, size: number) {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  }
  const frame = (stream: number, text: string) => {
    const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  it.each([1, 3, 7, 1_000])('splits logs into lines, %i bytes at a time', async (size) => {
    const bytes = Buffer.concat([frame(1, 'T1 one\nT2 tw'), frame(2, 'T3 err\r\n'), frame(1, 'o\nT4 grün')]);
    const lines = await collect(readLogLines(chunked(bytes, size)));
    expect(lines).toEqual([
      { stream: 'stdout', time: 'T1', text: 'one' },
      { stream: 'stderr', time: 'T3', text: 'err' },
      { stream: 'stdout', time: 'T2', text: 'two' },
      { stream: 'stdout', time: 'T4', text: 'grün' },
    ]);
  });
  it('reads the progress of a pull and throws its error', async () => {
    const layer = (current: number) =>
      `{"status":"Downloading","id":"a","progressDetail":{"current":${current},"total":100}}\n`;
    const text = Buffer.from(`${layer(5)}${layer(50)}not json\n${layer(55)}`);
    expect(await collect(readPullProgress(chunked(text, 9)))).toEqual([null, 50, null]);
    const failed = Buffer.from('{"error":"manifest unknown"}\n');
    await expect(collect(readPullProgress(chunked(failed, 9)))).rejects.toThrow('manifest unknown');
  });
});

describe('registries', () => {
  it.each([
    ['nginx:1', 'docker.io'],
    ['library/nginx', 'docker.io'],
    ['docker.io/library/nginx', 'docker.io'],
    ['index.docker.io/x/y', 'docker.io'],
    ['localhost/app', 'localhost'],
    ['Registry.example.org:5000/a/b@sha256:00', 'registry.example.org:5000'],
  ])('%s is pulled from %s', (reference, host) => expect(registryOf(reference)).toBe(host));
  it('gives credentials to their own registry only', () => {
    const registries = [{ host: 'https://r.example/v2', username: 'u', password: new Secret('p', 'ref') }];
    expect(authFor('r.example/app', registries)).toEqual({
      username: 'u',
      password: 'p',
      serveraddress: 'r.example',
    });
    expect(authFor('r.example.evil/app', registries)).toBeUndefined();
    expect(authFor('nginx', registries)).toBeUndefined();
  });
});

describe('small parts', () => {
  it('orders API versions as versions', () => {
    expect(['1.9', '1.41', '1.40'].sort(compareVersions)).toEqual(['1.9', '1.40', '1.41']);
  });
  it('keeps to its bound and to the order', async () => {
    let running = 0;
    let most = 0;
    const results = await mapBounded([3, 1, 2, 5, 4], 2, async (item) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      return item * 10;
    });
    expect(results).toEqual([30, 10, 20, 50, 40]);
    expect(most).toBe(2);
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
