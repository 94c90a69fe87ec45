import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isReconcilerError } from '../../../reconciler/base/errors.ts';
import { suggestPolicy } from '../../../reconciler/config/fleet/suggest-policy.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import type { OperatorPolicy } from '../../../reconciler/model/operator-policy.ts';
import { homePolicy, matches } from '../../../reconciler/model/operator-policy.ts';
import { checkSchema, createDesiredFixture, createFixedSecrets } from '../../support/desired-fixtures.ts';
import type { MemoryFiles } from '../../support/memory/memory-source.ts';

const FILE = 'kombinations/shop/kombination.yaml';
const HEAD = 'version: "1.0"\nmeta: { name: shop }\n';
const WEB = 'services: { web: { image: a } }\n';
const stack = (rest: string): MemoryFiles => ({ [FILE]: `${HEAD}${rest}` });
const service = (rest: string): MemoryFiles => stack(`services:\n  web: { image: a, ${rest} }\n`);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kombinator-policy-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function readPolicy(text: string): OperatorPolicy {
  const path = join(directory, 'operator.yaml');
  writeFileSync(path, text);
  return readDaemonConfig(path, checkSchema).policy;
}

/** `line:column message → hint` of everything that is not allowed. */
async function refusals(files: MemoryFiles, policy: OperatorPolicy = homePolicy()) {
  const fixture = createDesiredFixture({ policy, secrets: { 'secret://env/TOKEN': 'sesame' } });
  await fixture.push(files);
  return fixture.state.diagnostics().filter(({ code }) => code === 'NOT_ALLOWED');
}

/** The line that a hint names. */
function lineOf(hint = ''): string {
  const [, line = ''] = /policy: \{ stacks: \{ shop: \{ (.*) \} \} \}$/.exec(hint) ?? [];
  return line;
}

/** What reaches out of a container, with the line that allows it. */
const REACHING: readonly (readonly [string, MemoryFiles, string])[] = [
  ['privileged', service('privileged: true'), 'privileged: true'],
  ['network_mode: host', service('network_mode: host'), 'hostNamespaces: [network]'],
  [
    'the network of the name host',
    stack(
      'services: { web: { image: a, networks: [lan] } }\nnetworks: { lan: { external: true, name: host } }\n',
    ),
    'hostNamespaces: [network]',
  ],
  [
    'an external network called host',
    stack('services: { web: { image: a, networks: [host] } }\nnetworks: { host: { external: true } }\n'),
    'hostNamespaces: [network]',
  ],
  ['pid: host', service('pid: host'), 'hostNamespaces: [pid]'],
  ['ipc: host', service('ipc: host'), 'hostNamespaces: [ipc]'],
  ['uts: host', service('uts: host'), 'hostNamespaces: [uts]'],
  ['userns_mode: host', service('userns_mode: host'), 'hostNamespaces: [user]'],
  ['cgroup: host', service('cgroup: host'), 'hostNamespaces: [cgroup]'],
  ['pid of a foreign container', service('pid: "container:portainer"'), 'otherContainers: true'],
  ['network of a foreign container', service('network_mode: "container:vpn"'), 'otherContainers: true'],
  [
    'volumes of a foreign container',
    service('volumes_from: ["container:portainer"]'),
    'otherContainers: true',
  ],
  ['a capability', service('cap_add: [cap_sys_admin]'), 'capabilities: [SYS_ADMIN]'],
  ['all capabilities', service('cap_add: [ALL]'), 'capabilities: [ALL]'],
  ['seccomp off', service('security_opt: ["seccomp:unconfined"]'), 'unconfined: true'],
  [
    'a seccomp profile',
    service(`security_opt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']`),
    'unconfined: true',
  ],
  ['labels off', service('security_opt: ["label:disable"]'), 'unconfined: true'],
  ['masked paths off', service('security_opt: ["systempaths=unconfined"]'), 'unconfined: true'],
  ['a device', service('devices: ["/dev/mem:/dev/mem"]'), 'devices: [/dev/mem]'],
  ['a GPU', service('gpus: all'), 'devices: [gpus]'],
  ['a rule for devices', service('device_cgroup_rules: ["b 8:* rwm"]'), 'devices: ["b 8:* rwm"]'],
  [
    'the socket of the engine',
    service('volumes: ["/var/run/docker.sock:/s"]'),
    'binds: [/var/run/docker.sock]',
  ],
  ['a bind, read-only', service('volumes: ["/etc:/e:ro"]'), 'binds: [/etc:ro]'],
  ['a bind in the long form', service('volumes: [{ type: bind, source: /, target: /h }]'), 'binds: [/]'],
  ['a way out of the data directory', service('volumes: ["/srv/kombinator/../x:/x"]'), 'binds: [/srv/x]'],
  [
    'a name that only begins like it',
    service('volumes: ["/srv/kombinator2:/x"]'),
    'binds: [/srv/kombinator2]',
  ],
  ['the clock, to write', service('volumes: ["/etc/localtime:/etc/localtime"]'), 'binds: [/etc/localtime]'],
  [
    'a volume that is a bind',
    stack(`${WEB}volumes: { v: { driver_opts: { type: none, o: "bind", device: /etc } } }\n`),
    'binds: [/etc]',
  ],
  [
    'a volume that is a bind under another type',
    stack(`${WEB}volumes: { v: { driver_opts: { type: tmpfs, o: "rw,rbind", device: /root/ } } }\n`),
    'binds: [/root]',
  ],
  [
    'a volume on a disk',
    stack(`${WEB}volumes: { v: { driver_opts: { type: ext4, device: /dev/sda1 } } }\n`),
    'devices: [/dev/sda1]',
  ],
  [
    'a volume that overlays',
    stack(`${WEB}volumes: { v: { driver_opts: { type: overlay, device: overlay, o: "lowerdir=/etc" } } }\n`),
    'binds: [/]',
  ],
  [
    'a build in the network of the machine',
    stack('services: { web: { build: { context: ., dockerfile_inline: "FROM scratch", network: host } } }\n'),
    'hostNamespaces: [network]',
  ],
];

describe('what reaches out of a container', () => {
  it.each(REACHING)(
    '%s is refused at its line, and allowed by the line that the finding names',
    async (_name, files, line) => {
      const found = await refusals(files);
      expect(found.map(({ hint }) => lineOf(hint))).toEqual([line]);
      expect(found[0]).toMatchObject({ severity: 'error', file: FILE });
      expect(found[0]?.line).toBeGreaterThan(2);
      expect(await refusals(files, readPolicy(`policy: { stacks: { shop: { ${line} } } }\n`))).toEqual([]);
      expect(await refusals(files, readPolicy(`policy: { allow: { ${line} } }\n`))).toEqual([]);
      expect(await refusals(files, readPolicy('policy: { allow: everything }\n'))).toEqual([]);
      expect(await refusals(files, readPolicy(`policy: { stacks: { sho: { ${line} } } }\n`))).toHaveLength(1);
    },
  );

  it.each([
    ['a directory below the data directory', service('volumes: ["/srv/kombinator/shop:/data"]')],
    ['the clock, to read', service('volumes: ["/etc/localtime:/etc/localtime:ro"]')],
    ['a volume', stack('services: { web: { image: a, volumes: ["d:/d"] } }\nvolumes: { d: {} }\n')],
    [
      'a volume on the network',
      stack(`${WEB}volumes: { v: { driver_opts: { type: nfs, o: "addr=10.0.0.2", device: ":/x" } } }\n`),
    ],
    ['a capability that it has anyway', service('cap_add: [NET_BIND_SERVICE, CAP_CHOWN]')],
    ['fewer privileges', service('security_opt: ["no-new-privileges:true"]')],
    ['its own network', service('network_mode: none')],
    [
      'the namespaces of its own stack',
      stack('services: { web: { image: a, pid: "service:db" }, db: { image: a } }\n'),
    ],
  ])('%s is not', async (_name, files) => {
    expect(await refusals(files)).toEqual([]);
  });

  it('is refused in hooks, in parts of kits and in adopted Compose files, too', async () => {
    const hook = stack(
      `${WEB}hooks: { pre_deploy: [{ name: x, image: a, command: [a], volumes: ["/:/h"] }] }\n`,
    );
    const kit = stack('stackkit: base-kit\nservices: [portainer]\n');
    const compose = {
      [FILE]: 'version: "1.0"\nmeta: { name: shop }\ncompose: compose.yaml\n',
      'kombinations/shop/compose.yaml': 'services:\n  web:\n    image: a\n    pid: host\n',
    };
    expect((await refusals(kit)).map(({ hint }) => lineOf(hint))).toContain('binds: [/var/run/docker.sock]');
    const [adopted] = await refusals(compose);
    expect(adopted).toMatchObject({ file: 'kombinations/shop/compose.yaml', line: 4 });
    expect((await refusals(hook)).map(({ hint }) => lineOf(hint))).toEqual(['binds: [/]']);
  });
});

describe('a pod of a workflow', () => {
  const workflow = (node: string): MemoryFiles => ({
    'clusters/prod.yaml': 'kubeconfig: /etc/kombinator/prod.yaml\n',
    'workflows/shop.yaml': `name: shop\nstatus: published\ncluster: prod\nnodes:\n  - ${node}\nedges: []\n`,
  });
  const POLICY = 'clusters: { prod: { kubeconfig: /etc/kombinator/prod.yaml } }\n';
  const manifest = (spec: string) =>
    workflow(
      `{ id: a, type: manifest, data: { manifest: { apiVersion: v1, kind: Pod, metadata: { name: p }, spec: ${spec} } } }`,
    );

  it.each([
    ['hostNetwork', '{ hostNetwork: true, containers: [] }', 'hostNamespaces: [network]'],
    ['hostPID', '{ hostPID: true, containers: [] }', 'hostNamespaces: [pid]'],
    ['hostPath', '{ containers: [], volumes: [{ name: h, hostPath: { path: /etc/ } }] }', 'binds: [/etc]'],
    [
      'privileged',
      '{ containers: [{ name: c, securityContext: { privileged: true } }] }',
      'privileged: true',
    ],
    [
      'capabilities',
      '{ initContainers: [{ name: c, securityContext: { capabilities: { add: [BPF] } } }] }',
      'capabilities: [BPF]',
    ],
    ['seccompProfile', '{ securityContext: { seccompProfile: { type: Unconfined } } }', 'unconfined: true'],
  ])('%s is refused, and allowed by its line', async (_name, spec, line) => {
    const files = manifest(spec);
    expect((await refusals(files, readPolicy(POLICY))).map(({ hint }) => lineOf(hint))).toEqual([line]);
    expect(await refusals(files, readPolicy(`${POLICY}policy: { stacks: { shop: { ${line} } } }\n`))).toEqual(
      [],
    );
  });
});

describe('how targets are reached', () => {
  const node = (connection: string): MemoryFiles => ({
    'nodes/far.yaml': `connection: ${connection}\n`,
    ...stack('nodes: [{ name: far }]\nservices: { web: { image: a } }\n'),
  });
  const cluster = (text: string): MemoryFiles => ({
    'clusters/prod.yaml': `${text}\n`,
    ...stack('nodes: [{ name: prod, type: kubernetes }]\nservices: { web: { image: a } }\n'),
  });

  it.each<readonly [string, MemoryFiles, string]>([
    ['a kubeconfig', cluster('kubeconfig: /proc/self/environ'), 'keyFiles: [/proc/self/environ]'],
    ['a kubeconfig in a secret', cluster('kubeconfig: secret://env/K'), 'connections: [secret://env/K]'],
    [
      'a server with a token',
      cluster('{ server: "https://evil:6443", token: secret://env/T }'),
      'connections: [https://evil:6443]',
    ],
    ['the cluster around', cluster('inCluster: true'), 'connections: [in-cluster]'],
    [
      'an engine without encryption',
      node('{ host: "tcp://10.0.0.5:2375" }'),
      'connections: [tcp://10.0.0.5:2375]',
    ],
    ['another socket', node('{ host: "unix:///run/other.sock" }'), 'connections: [unix:///run/other.sock]'],
    ['a key file', node('{ host: "ssh://a@b", ssh_key: /root/.ssh/id }'), 'keyFiles: [/root/.ssh/id]'],
    [
      'certificates',
      node('{ host: "tcp://b:2376", tls: { ca: /k/ca, cert: /k/c, key: /k/k } }'),
      'keyFiles: [/k/ca, /k/c, /k/k]',
    ],
    [
      'an engine of one stack alone',
      stack(
        'nodes: [{ name: n, connection: { host: "tcp://10.0.0.5:2375" } }]\nservices: { web: { image: a } }\n',
      ),
      'connections: [tcp://10.0.0.5:2375]',
    ],
  ])('%s is the operator’s to say', async (_name, files, line) => {
    const [found, ...others] = await refusals(files);
    expect(found?.hint).toContain(`policy: { allow: { ${line} } }`);
    expect(others).toEqual([]);
    const wider = line.startsWith('keyFiles: [/k/') ? 'keyFiles: [/k]' : line;
    expect(await refusals(files, readPolicy(`policy: { allow: { ${wider} } }\n`))).toEqual([]);
    expect(await refusals(files, readPolicy('policy: { allow: everything }\n'))).toEqual([]);
  });

  it.each([['localhost'], ['ssh://me@nas'], ['nas'], ['unix:///var/run/docker.sock']])(
    '%s needs nobody’s yes',
    async (host) => {
      expect(await refusals(node(`{ host: "${host}" }`))).toEqual([]);
    },
  );

  it('is taken from the operator where the name is the same, and only by the stacks that it is for', async () => {
    const files = stack('nodes: [{ name: nas }]\nservices: { web: { image: a } }\n');
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
      message: expect.stringContaining('given it to other stacks') as string,
    });
  });

  it('is never looked at of a stack that may not use it', async () => {
    const fixture = createDesiredFixture({ policy: homePolicy() });
    await fixture.push(
      stack(
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
    const files = { ...stack(WEB), ...SETTINGS };
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

  it('of the operator are looked up for the stacks that may have them', async () => {
    const files = service('environment: { A: "secret://env/TOKEN", B: "secret://command/pass/x" }');
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

describe('a pattern', () => {
  it.each([
    ['media-*', 'media-films', true],
    ['media-*', 'media', false],
    ['*', '', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c', false],
    ['ab*ba', 'aba', false],
    ['env/*', 'env/X', true],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });
});

describe('a suggestion', () => {
  const files: MemoryFiles = {
    'clusters/prod.yaml': 'kubeconfig: /etc/k/prod.yaml\ncontext: prod\n',
    'nodes/attic.yaml': 'connection: { host: "ssh://root@attic", ssh_key: /etc/k/attic }\n',
    'kombinator.yaml': 'registries: [{ host: ghcr.io, username: acme, password: secret://env/GHCR }]\n',
    ...service('privileged: true, pid: host, volumes: ["/etc:/e:ro", "/srv/media:/m"], cap_add: [NET_ADMIN]'),
    'kombinations/wiki/kombination.yaml': [
      'version: "1.0"',
      'meta: { name: wiki }',
      'nodes:',
      '  - { name: attic }',
      '  - { name: own, connection: { host: "tcp://10.0.0.7:2376", tls: { ca: /k/ca, cert: /k/c, key: /k/k } } }',
      'services: { web: { image: a, node: attic, devices: [/dev/dri] } }',
      '',
    ].join('\n'),
    'workflows/flow.yaml': [
      'name: flow',
      'status: published',
      'cluster: prod',
      'nodes:',
      '  - { id: d, type: daemonset, data: { name: d, image: a, hostNetwork: true } }',
      'edges: []',
      '',
    ].join('\n'),
  };

  it('allows exactly what is asked for', async () => {
    const fixture = createDesiredFixture({ policy: homePolicy() });
    await fixture.push(files);
    const lines = suggestPolicy(await fixture.state.askedFor(new AbortController().signal));
    expect(lines).toMatchInlineSnapshot(`
      "policy:
        allow:
          keyFiles:
            - /k/ca
            - /k/c
            - /k/k
          registries:
            - ghcr.io
        stacks:
          flow:
            hostNamespaces:
              - network
          shop:
            privileged: true
            hostNamespaces:
              - pid
            capabilities:
              - NET_ADMIN
            binds:
              - /etc:ro
              - /srv/media
          wiki:
            devices:
              - /dev/dri
      engines:
        attic:
          host: ssh://root@attic:22
          ssh_key: /etc/k/attic
      clusters:
        prod:
          kubeconfig: /etc/k/prod.yaml
          context: prod
      "
    `);
    expect((await refusals(files)).length).toBeGreaterThan(8);
    const after = createDesiredFixture({ policy: readPolicy(lines) });
    await after.push(files);
    expect(after.state.diagnostics().filter(({ code }) => code === 'NOT_ALLOWED')).toEqual([]);
    expect(suggestPolicy(await after.state.askedFor(new AbortController().signal))).toBe('');
  });

  it('is empty where nothing is missing', async () => {
    const fixture = createDesiredFixture({ policy: homePolicy() });
    await fixture.push(stack(WEB));
    expect(suggestPolicy(await fixture.state.askedFor(new AbortController().signal))).toBe('');
  });
});

it('tells what is wrong with the configuration, with file and line', () => {
  const read = () =>
    readPolicy(
      'policy:\n  allow: { bind: [/x], privileged: yes }\n  stacks: { a: { binds: [x] } }\nengines: { n: { host: "x://y" } }\n',
    );
  try {
    read();
    expect.unreachable();
  } catch (error) {
    if (!isReconcilerError(error)) throw error;
    expect(error.message.split('\n').map((line) => line.replace(/^.*operator\.yaml/, '')))
      .toMatchInlineSnapshot(`
        [
          ":2:12: error: bind is not a known key in policy.allow [UNKNOWN_KEY at policy.allow.bind] (did you mean binds?)",
          ":2:36: error: privileged must be true or false, not a text [INVALID_TYPE at policy.allow.privileged]",
          ":3:26: error: policy.stacks.a.binds[0] must be an absolute path, with :ro at the end where it is only to be read [INVALID_FORMAT at policy.stacks.a.binds[0]]",
          ":4:23: error: "x://y" is not a way to reach an engine [INVALID_FORMAT at engines.n.host] (localhost, unix:///path, tcp://host:2376, ssh://user@host, or a host name)",
        ]
      `);
  }
});
