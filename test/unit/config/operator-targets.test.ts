import { describe, expect, it } from 'vitest';
import { homePolicy } from '../../../reconciler/model/operator-policy.ts';
import { createDesiredFixture, createFixedSecrets } from '../../support/desired-fixtures.ts';
import type { MemoryFiles } from '../../support/memory/memory-source.ts';
import { lineOf, readPolicy, refusals, shop, shopWith } from '../../support/operator-policy.ts';

/** The addresses that need nobody's yes, as a line writes them. */
const DEFAULTS = '"ssh://*"';
const WEB = 'services: { web: { image: a } }\n';

describe('how targets are reached', () => {
  const node = (connection: string): MemoryFiles => ({
    'nodes/far.yaml': `connection: ${connection}\n`,
    ...shop('nodes: [{ name: far }]\nservices: { web: { image: a } }\n'),
  });
  const cluster = (text: string): MemoryFiles => ({
    'clusters/prod.yaml': `${text}\n`,
    ...shop('nodes: [{ name: prod, type: kubernetes }]\nservices: { web: { image: a } }\n'),
  });

  it.each<readonly [string, MemoryFiles, string]>([
    ['a kubeconfig', cluster('kubeconfig: /proc/self/environ'), 'keyFiles: [/proc/self/environ]'],
    [
      'a kubeconfig in a secret',
      cluster('kubeconfig: secret://env/K'),
      `connections: [${DEFAULTS}, secret://env/K]`,
    ],
    [
      'a server with a token',
      cluster('{ server: "https://evil:6443", token: secret://env/T }'),
      `connections: [${DEFAULTS}, https://evil:6443]`,
    ],
    ['the cluster around', cluster('inCluster: true'), `connections: [${DEFAULTS}, in-cluster]`],
    [
      'an engine without encryption',
      node('{ host: "tcp://10.0.0.5:2375" }'),
      `connections: [${DEFAULTS}, tcp://10.0.0.5:2375]`,
    ],
    [
      'another socket',
      node('{ host: "unix:///run/other.sock" }'),
      `connections: [${DEFAULTS}, unix:///run/other.sock]`,
    ],
    ['a key file', node('{ host: "ssh://a@b", ssh_key: /root/.ssh/id }'), 'keyFiles: [/root/.ssh/id]'],
    [
      'certificates',
      node('{ host: "tcp://b:2376", tls: { ca: /k/ca, cert: /k/c, key: /k/k } }'),
      'keyFiles: [/k/ca, /k/c, /k/k]',
    ],
    [
      'an engine of one stack alone',
      shop(
        'nodes: [{ name: n, connection: { host: "tcp://10.0.0.5:2375" } }]\nservices: { web: { image: a } }\n',
      ),
      `connections: [${DEFAULTS}, tcp://10.0.0.5:2375]`,
    ],
  ])('%s is the operator’s to say', async (_name, files, line) => {
    const [found, ...others] = await refusals(files);
    expect(found?.hint).toContain(`policy: { allow: { ${line} } }`);
    expect(others).toEqual([]);
    const wider = line.startsWith('keyFiles: [/k/') ? 'keyFiles: [/k]' : line;
    expect(await refusals(files, readPolicy(`policy: { allow: { ${wider} } }\n`))).toEqual([]);
    expect(await refusals(files, readPolicy('policy: { allow: everything }\n'))).toEqual([]);
  });

  it.each([['?'], ['#'], ['\\'], ['%2f']])(
    'is no host that ends at %s before it is one that is allowed',
    async (sign) => {
      const files = cluster(`server: 'https://2130706433${sign}.corp.example:6443'\ntoken: secret://env/T`);
      const policy = readPolicy('policy: { allow: { connections: ["https://*.corp.example:6443"] } }\n');
      expect((await refusals(files, policy)).map(({ message }) => message)).toEqual([
        expect.stringContaining('a repository may not choose the address'),
      ]);
      expect(
        await refusals(cluster('server: "https://k8s.corp.example:6443"\ntoken: secret://env/T'), policy),
      ).toEqual([]);
    },
  );

  it.each([['localhost'], ['ssh://me@nas'], ['nas'], ['unix:///var/run/docker.sock']])(
    '%s needs nobody’s yes',
    async (host) => {
      expect(await refusals(node(`{ host: "${host}" }`))).toEqual([]);
    },
  );

  it('is nobody’s where the operator lists no address and no directory', async () => {
    const policy = readPolicy('policy: { dataDirectory: none, allow: { connections: [], secrets: [] } }\n');
    expect(await refusals(node('{ host: "ssh://me@nas" }'), policy)).toHaveLength(1);
    expect(await refusals(node('{ host: localhost }'), policy)).toEqual([]);
    expect(await refusals(shopWith('volumes: ["/srv/kombinator/a:/a"]'), policy)).toHaveLength(1);
    expect(await refusals(shopWith('environment: { A: "secret://env/TOKEN" }'), policy)).toHaveLength(1);
  });

  it('is taken from the operator where the name is the same, and only by the stacks that it is for', async () => {
    const files = shop('nodes: [{ name: nas }]\nservices: { web: { image: a } }\n');
    const policy = (stacks: string) =>
      readPolicy(`engines: { nas: { host: "tcp://10.0.0.9:2375"${stacks} } }\n`);
    const fixture = createDesiredFixture({ policy: policy('') });
    await fixture.push(files);
    expect(fixture.state.get('shop')?.targets).toEqual([
      { name: 'nas', kind: 'docker', connection: { type: 'tcp', host: '10.0.0.9', port: 2375 } },
    ]);
    expect(await refusals(files, policy(', stacks: [shop]'))).toEqual([]);
    const [found] = await refusals(files, policy(', stacks: [wiki]'));
    expect(found).toMatchObject({
      line: 3,
      message: expect.stringContaining('has not given nas to shop') as string,
    });
  });

  it('is refused in the plan with the line of the file that gives it', async () => {
    const fixture = createDesiredFixture({ policy: homePolicy() });
    const findings = () =>
      (fixture.state.get('shop')?.diagnostics ?? []).map(
        ({ file, line, code, message }) => `${file}:${line} ${code} ${/\/\S+/.exec(message)?.[0] ?? ''}`,
      );
    await fixture.push(cluster('kubeconfig: /etc/k/one'));
    expect(findings()).toEqual([
      'clusters/prod.yaml:1 NOT_ALLOWED /etc/k/one,',
      'kombinations/shop/kombination.yaml:3 UNKNOWN_CLUSTER ',
    ]);
    await fixture.push({ 'clusters/prod.yaml': 'kubeconfig: /etc/k/two\n' });
    expect(findings()[0]).toBe('clusters/prod.yaml:1 NOT_ALLOWED /etc/k/two,');
  });

  it('is never looked at of a stack that may not use it', async () => {
    const fixture = createDesiredFixture({ policy: homePolicy() });
    await fixture.push(
      shop(
        'nodes: [{ name: n, connection: { host: "tcp://10.0.0.5:2375" } }]\nservices: { web: { image: a } }\n',
      ),
    );
    expect(fixture.state.get('shop')).toMatchObject({ targets: [], resources: [] });
  });
});

describe('credentials', () => {
  const SETTINGS = {
    'kombinator.yaml':
      'registries: [{ host: evil.example.org, username: a, password: secret://env/TOKEN }]\n',
  };

  it('of the repository for a registry are used where the operator allows it', async () => {
    const files = { ...shop(WEB), ...SETTINGS };
    const hosts = async (text: string) => {
      const fixture = createDesiredFixture({ policy: readPolicy(text) });
      await fixture.push(files);
      return fixture.state.settings().registries.map(({ host, username }) => `${username}@${host}`);
    };
    expect(await hosts('')).toEqual([]);
    expect(await refusals(files)).toEqual([
      expect.objectContaining({ severity: 'warning', file: 'kombinator.yaml', line: 1 }),
    ]);
    expect(await hosts('policy: { allow: { registries: [evil.example.org] } }\n')).toEqual([
      'a@evil.example.org',
    ]);
    const own = 'registries: [{ host: evil.example.org, username: own, password: secret://file/r }]\n';
    expect(await hosts(`${own}policy: { allow: everything }\n`)).toEqual(['own@evil.example.org']);
  });

  it('of the operator that all stacks would share have to be allowed to all', async () => {
    const files = {
      ...shop(WEB),
      ...SETTINGS,
      'clusters/k.yaml': 'server: https://k:6443\ntoken: secret://env/TOKEN\n',
    };
    const lines = 'registries: [evil.example.org], connections: ["https://k:6443"]';
    const policy = (secrets: string) => readPolicy(`policy: { allow: { ${lines}, secrets: ${secrets} } }\n`);
    expect(await refusals(files, policy('[env/TOKEN]'))).toEqual([]);
    expect((await refusals(files, policy('[]'))).map(({ file }) => file)).toEqual([
      'clusters/k.yaml',
      'kombinator.yaml',
    ]);
  });

  it('of the operator are looked up for the stacks that may have them', async () => {
    const files = shopWith('environment: { A: "secret://env/TOKEN", B: "secret://command/pass/x" }');
    const asked: string[] = [];
    const port = {
      ...createFixedSecrets({ 'secret://env/TOKEN': 'sesame' }),
      run: (name: string) => {
        asked.push(name);
        return Promise.reject(new Error('no'));
      },
    };
    const policy = readPolicy(
      'policy: { allow: { secrets: [] }, stacks: { shop: { secrets: ["env/*"] } } }\n',
    );
    const fixture = createDesiredFixture({ policy, port });
    await fixture.push(files);
    expect(asked).toEqual([]);
    const found = fixture.state.diagnostics();
    expect(found.map(({ code, hint }) => `${code} ${lineOf(hint)}`)).toEqual([
      'NOT_ALLOWED secrets: [command/pass/x]',
    ]);
  });
});

describe('a pattern of addresses', () => {
  it.each([
    ['tcp://10.0.0.*:2375', 'tcp://10.0.0.7:2375', true],
    ['tcp://10.0.0.*:2375', 'tcp://10.0.0.1.evil.example:2375', false],
    ['tcp://10.0.0.*:2375', 'tcp://10.0.0.7:2376', false],
    ['ssh://*@nas:22', 'ssh://me@nas:22', true],
    ['ssh://*@nas:22', 'ssh://me@evil:22', false],
  ])('%s and %s: %s', async (pattern, host, expected) => {
    const policy = readPolicy(`policy: { allow: { connections: ["${pattern}"] } }\n`);
    const files = {
      'nodes/far.yaml': `connection: { host: "${host}" }\n`,
      ...shop('nodes: [{ name: far }]\nservices: { web: { image: a } }\n'),
    };
    expect((await refusals(files, policy)).length === 0).toBe(expected);
  });
});
