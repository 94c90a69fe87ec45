import { describe, expect, it } from 'vitest';
import { readConnection } from '../../../reconciler/model/connection.ts';
import { parseEnvValue, resolveEnvValue } from '../../../reconciler/config/kombination/service/env-value.ts';
import { normaliseImage, withTag } from '../../../reconciler/model/docker/image-reference.ts';
import { isProblem } from '../../../reconciler/base/problem.ts';
import { parseMount, parseTmpfs } from '../../../reconciler/model/docker/mounts.ts';
import { nearest } from '../../../reconciler/base/nearest.ts';
import { parsePort } from '../../../reconciler/model/docker/ports.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { splitWords } from '../../../reconciler/base/shell-words.ts';
import { parseBytes, parseCores, parseDuration } from '../../../reconciler/base/units.ts';

describe('parsePort', () => {
  const tcp = { protocol: 'tcp' };
  it.each([
    ['80', [{ containerPort: 80, ...tcp }]],
    ['8080:80', [{ containerPort: 80, hostPort: 8080, ...tcp }]],
    ['127.0.0.1:8080:80', [{ containerPort: 80, hostPort: 8080, hostIp: '127.0.0.1', ...tcp }]],
    ['0.0.0.0:8080:80', [{ containerPort: 80, hostPort: 8080, hostIp: '0.0.0.0', ...tcp }]],
    ['[0:0::0]:8080:80', [{ containerPort: 80, hostPort: 8080, hostIp: '::', ...tcp }]],
    ['[::1]:53:53/udp', [{ containerPort: 53, hostPort: 53, hostIp: '::1', protocol: 'udp' }]],
    ['127.0.0.1::80', [{ containerPort: 80, hostIp: '127.0.0.1', ...tcp }]],
    [
      '9000-9001:80-81',
      [
        { containerPort: 80, hostPort: 9000, ...tcp },
        { containerPort: 81, hostPort: 9001, ...tcp },
      ],
    ],
  ])('reads %s', (text, ports) => {
    expect(parsePort(text)).toEqual(ports);
  });

  it.each([
    '',
    'a',
    '0',
    '65536',
    '99999:80',
    '80:',
    '9000-9001:80-82',
    '9001-9000',
    '1-65535',
    'host:80:80',
    '80/icmp',
    '1:2:3:4',
    '80/TCP',
  ])('refuses %j', (text) => {
    expect(isProblem(parsePort(text))).toBe(true);
  });
});

describe('parseMount', () => {
  it.each([
    ['data:/var/lib', { type: 'volume', source: 'data', target: '/var/lib' }],
    ['data:/var/lib/:rw', { type: 'volume', source: 'data', target: '/var/lib' }],
    [
      '/srv//media/../media:/media:ro',
      { type: 'bind', source: '/srv/media', target: '/media', readOnly: true },
    ],
    ['/data', { type: 'anonymous', target: '/data' }],
    ['/data:ro', { type: 'anonymous', target: '/data', readOnly: true }],
    ['data:/x:ro,nocopy', { type: 'volume', source: 'data', target: '/x', readOnly: true, nocopy: true }],
    [
      '/a:/b:Z,rslave,cached',
      { type: 'bind', source: '/a', target: '/b', selinux: 'Z', propagation: 'rslave' },
    ],
  ])('reads %s', (text, mount) => {
    expect(parseMount(text)).toEqual(mount);
  });

  it.each(['data', ':/x', 'data:x', 'data:/', 'data:/x:rslave', 'data:/x:ro:ro', 'a/b:/y'])(
    'refuses %j',
    (text) => {
      expect(isProblem(parseMount(text))).toBe(true);
    },
  );

  it.each([
    ['/run', { type: 'tmpfs', target: '/run', options: [] }],
    ['/tmp:uid=5,exec,size=1k', { type: 'tmpfs', target: '/tmp', options: ['uid=5', 'exec', 'size=1k'] }],
    ['/tmp:size=64m,mode=1777', { type: 'tmpfs', target: '/tmp', options: ['size=64m', 'mode=1777'] }],
  ])('reads tmpfs %s', (text, mount) => {
    expect(parseTmpfs(text)).toEqual(mount);
  });
});

describe('units', () => {
  it.each([
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
  ])('reads the duration %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '5', 's', '5 s', '-5s', '5s5'])('refuses the duration %j', (text) => {
    expect(isProblem(parseDuration(text))).toBe(true);
  });

  it.each([
    ['512m', 512 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    ['10GB', 10 * 1024 ** 3],
    ['1GiB', 1024 ** 3],
    ['64Mi', 64 * 1024 ** 2],
    ['100b', 100],
    [4096, 4096],
  ])('reads the size %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', 'm', '1x', '-1m', '999999999999t'])('refuses the size %j', (text) => {
    expect(isProblem(parseBytes(text))).toBe(true);
  });

  it('reads cores', () => {
    expect(parseCores('0.5')).toBe(500_000_000);
    expect(isProblem(parseCores(0))).toBe(true);
  });
});

describe('splitWords', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    ['sh -c "echo \\"hi\\" $HOME"', ['sh', '-c', 'echo "hi" $HOME']],
    ['echo \'a \\ b\' ""', ['echo', 'a \\ b', '']],
    ['a\\ b "c\\d"', ['a b', 'c\\d']],
    ['', []],
  ])('splits %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each(['"open', "it's", 'end\\'])('refuses %j', (text) => {
    expect(isProblem(splitWords(text))).toBe(true);
  });
});

describe('normaliseImage', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  it.each([
    ['nginx', 'nginx:latest'],
    ['nginx:1.29', 'nginx:1.29'],
    ['docker.io/library/nginx:1.29', 'nginx:1.29'],
    ['index.docker.io/team/app', 'team/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['ghcr.io/a/b-c_d.e:v1', 'ghcr.io/a/b-c_d.e:v1'],
    [`nginx@${digest}`, `nginx@${digest}`],
  ])('writes %s as %s', (reference, normal) => {
    expect(normaliseImage(reference)).toBe(normal);
  });

  it.each(['', 'Nginx', 'nginx:', 'a//b', 'nginx:1 29', 'nginx@sha256:abc', '-a', 'http://nginx'])(
    'refuses %j',
    (reference) => {
      expect(isProblem(normaliseImage(reference))).toBe(true);
    },
  );

  it('puts another tag in place of the tag only', () => {
    expect(withTag('localhost:5000/a/b:1', '2')).toBe('localhost:5000/a/b:2');
  });
});

describe('readConnection', () => {
  it.each([
    [{ host: 'localhost', user: 'x' }, { type: 'local' }],
    [{ host: '127.0.0.1' }, { type: 'local' }],
    [{ host: 'unix:///run/x.sock' }, { type: 'unix', path: '/run/x.sock' }],
    [{ host: 'tcp://h' }, { type: 'tcp', host: 'h', port: 2375 }],
    [
      { host: 'tcp://h:1', port: 2 },
      { type: 'tcp', host: 'h', port: 1 },
    ],
    [
      { host: 'tcp://h', tls: { ca: '/a', cert: '/b', key: '/c' } },
      { type: 'tcp', host: 'h', port: 2376, tls: { ca: '/a', cert: '/b', key: '/c' } },
    ],
    [{ host: '192.168.1.2' }, { type: 'ssh', host: '192.168.1.2', port: 22, user: 'root' }],
    [
      { host: 'pi', port: 2222, user: 'me', ssh_key: '/k' },
      { type: 'ssh', host: 'pi', port: 2222, user: 'me', keyPath: '/k' },
    ],
    [{ host: 'ssh://me@pi:23' }, { type: 'ssh', host: 'pi', port: 23, user: 'me' }],
    [{ host: 'fd00::1' }, { type: 'ssh', host: 'fd00::1', port: 22, user: 'root' }],
    [{ host: 'ssh://me@[fd00::1]:23' }, { type: 'ssh', host: 'fd00::1', port: 23, user: 'me' }],
  ])('reads %j', (fields, connection) => {
    expect(readConnection(fields)).toEqual(connection);
  });

  it.each(['http://h', 'unix://x', 'ssh://me:pw@h', 'tcp://', '-oProxyCommand=x', 'a b', 'tcp://h:99999'])(
    'refuses %j',
    (host) => {
      expect(isProblem(readConnection({ host }))).toBe(true);
    },
  );

  it('does not repeat a password', () => {
    expect(JSON.stringify(readConnection({ host: 'ssh://me:hunter2@h' }))).not.toContain('hunter2');
  });
});

describe('env values', () => {
  const lookup = (reference: string): Secret | undefined =>
    reference === 'secret://env/PW' || reference === 'secret://file/pw'
      ? new Secret('s3cret', reference)
      : undefined;
  const resolve = (value: string): string | Secret | undefined => {
    const parts = parseEnvValue(value);
    return isProblem(parts) ? undefined : resolveEnvValue(parts, lookup);
  };

  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['$HOME costs 5$', '$HOME costs 5$'],
    ['$${PW} $$', '${PW} $'],
    ['${NOPE:-a-b}', 'a-b'],
    ['x-${NOPE-}', 'x-'],
  ])('fills in %j without secrets', (value, text) => {
    expect(resolve(value)).toBe(text);
  });

  it.each([
    ['secret://file/pw', 's3cret'],
    ['${PW}', 's3cret'],
    ['${PW:-default}', 's3cret'],
    ['postgres://u:${PW}@db', 'postgres://u:s3cret@db'],
  ])('keeps %j secret', (value, revealed) => {
    const secret = resolve(value);
    expect(secret).toBeInstanceOf(Secret);
    expect((secret as Secret).reveal()).toBe(revealed);
    expect(JSON.stringify({ secret })).not.toContain('s3cret');
  });

  it.each(['${NOPE}', 'secret://env/NOPE'])('has no value for %j', (value) => {
    expect(resolve(value)).toBeUndefined();
  });

  it.each(['${', '${A', '${A B}', '${A:?must}', '${}', 'secret://Vault/x', 'secret://file/../x'])(
    'refuses %j',
    (value) => {
      expect(isProblem(parseEnvValue(value))).toBe(true);
    },
  );
});

describe('nearest', () => {
  it.each([
    ['prots', 'ports'],
    ['enviroment', 'environment'],
    ['Image', 'image'],
    ['zzz', undefined],
  ])('takes %s for %s', (word, want) => {
    expect(nearest(word, ['ports', 'environment', 'image'])).toBe(want);
  });
});
