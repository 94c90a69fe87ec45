import { describe, expect, it } from 'vitest';
import { homePolicy } from '../../../reconciler/model/operator-policy.ts';
import { matches } from '../../../reconciler/model/wildcard.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import type { MemoryFiles } from '../../support/memory/memory-source.ts';
import { lineOf, readPolicy, refusals, shop, shopWith } from '../../support/operator-policy.ts';

const FILE = 'kombinations/shop/kombination.yaml';
const WEB = 'services: { web: { image: a } }\n';

/** Descriptions that reach out of a container, each with the line that allows it. */
const REACHING: readonly (readonly [string, MemoryFiles, string])[] = [
  ['privileged', shopWith('privileged: true'), 'privileged: true'],
  [
    'a privileged command beside a service',
    shopWith('post_start: [{ command: id }, { command: id, privileged: true }]'),
    'privileged: true',
  ],
  ['network_mode: host', shopWith('network_mode: host'), 'hostNamespaces: [network]'],
  [
    'the network of the name host',
    shop(
      'services: { web: { image: a, networks: [lan] } }\nnetworks: { lan: { external: true, name: host } }\n',
    ),
    'hostNamespaces: [network]',
  ],
  [
    'an external network called host',
    shop('services: { web: { image: a, networks: [host] } }\nnetworks: { host: { external: true } }\n'),
    'hostNamespaces: [network]',
  ],
  ['pid: host', shopWith('pid: host'), 'hostNamespaces: [pid]'],
  ['ipc: host', shopWith('ipc: host'), 'hostNamespaces: [ipc]'],
  ['uts: host', shopWith('uts: host'), 'hostNamespaces: [uts]'],
  ['userns_mode: host', shopWith('userns_mode: host'), 'hostNamespaces: [user]'],
  ['cgroup: host', shopWith('cgroup: host'), 'hostNamespaces: [cgroup]'],
  ['pid of a foreign container', shopWith('pid: "container:portainer"'), 'otherContainers: true'],
  ['network of a foreign container', shopWith('network_mode: "container:vpn"'), 'otherContainers: true'],
  [
    'volumes of a foreign container',
    shopWith('volumes_from: ["container:portainer"]'),
    'otherContainers: true',
  ],
  ['a capability', shopWith('cap_add: [cap_sys_admin]'), 'capabilities: [SYS_ADMIN]'],
  ['all capabilities', shopWith('cap_add: [ALL]'), 'capabilities: [ALL]'],
  ['seccomp off', shopWith('security_opt: ["seccomp:unconfined"]'), 'unconfined: true'],
  [
    'a seccomp profile',
    shopWith(`security_opt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']`),
    'unconfined: true',
  ],
  ['labels off', shopWith('security_opt: ["label:disable"]'), 'unconfined: true'],
  ['masked paths off', shopWith('security_opt: ["systempaths=unconfined"]'), 'unconfined: true'],
  ['a device', shopWith('devices: ["/dev/mem:/dev/mem"]'), 'devices: [/dev/mem]'],
  ['a GPU', shopWith('gpus: all'), 'devices: [gpus]'],
  ['a rule for devices', shopWith('device_cgroup_rules: ["b 8:* rwm"]'), 'devices: ["b 8:* rwm"]'],
  [
    'the socket of the engine',
    shopWith('volumes: ["/var/run/docker.sock:/s"]'),
    'binds: [/var/run/docker.sock]',
  ],
  ['a bind, read-only', shopWith('volumes: ["/etc:/e:ro"]'), 'binds: [/etc:ro]'],
  ['a bind in the long form', shopWith('volumes: [{ type: bind, source: /, target: /h }]'), 'binds: [/]'],
  ['a way out of the data directory', shopWith('volumes: ["/srv/kombinator/../x:/x"]'), 'binds: [/srv/x]'],
  [
    'a name that only begins like it',
    shopWith('volumes: ["/srv/kombinator2:/x"]'),
    'binds: [/srv/kombinator2]',
  ],
  ['the clock, to write', shopWith('volumes: ["/etc/localtime:/etc/localtime"]'), 'binds: [/etc/localtime]'],
  [
    'a volume that is a bind',
    shop(`${WEB}volumes: { v: { driver_opts: { type: none, o: "bind", device: /etc } } }\n`),
    'binds: [/etc]',
  ],
  [
    'a volume that is a bind under another type',
    shop(`${WEB}volumes: { v: { driver_opts: { type: tmpfs, o: "rw,rbind", device: /root/ } } }\n`),
    'binds: [/root]',
  ],
  [
    'a volume on a disk',
    shop(`${WEB}volumes: { v: { driver_opts: { type: ext4, device: /dev/sda1 } } }\n`),
    'devices: [/dev/sda1]',
  ],
  [
    'a volume that overlays',
    shop(`${WEB}volumes: { v: { driver_opts: { type: overlay, device: overlay, o: "lowerdir=/etc" } } }\n`),
    'binds: [/]',
  ],
  [
    'a directory deeper than that',
    shopWith('volumes: ["/srv/kombinator/shop/link:/x"]'),
    'binds: [/srv/kombinator/shop/link]',
  ],
  ['all of the data directory', shopWith('volumes: ["/srv/kombinator:/x"]'), 'binds: [/srv/kombinator]'],
  ['another runtime', shopWith('runtime: nvidia'), 'devices: [runtime:nvidia]'],
  [
    'a file that the engine logs to',
    shopWith('logging: { driver: syslog, options: { syslog-address: "unix:///run/x" } }'),
    'binds: [/run/x]',
  ],
  ...['UNIX:///run/x', 'unix://host/run/x', 'unix:/run/x', 'unixgram:///run/../run/x', 'unix:run/x'].map(
    (address): (typeof REACHING)[number] => [
      `a socket that the engine logs to as ${address}`,
      shopWith(`logging: { driver: fluentd, options: { fluentd-address: "${address}" } }`),
      'binds: [/run/x]',
    ],
  ),
  [
    'a certificate that the engine reads where it runs',
    shopWith('logging: { driver: splunk, options: { splunk-capath: "etc/x" } }'),
    'binds: [/etc/x]',
  ],
  [
    'a unit that systemd starts with the container',
    shopWith(`annotations: { org.systemd.property.Wants: "['reboot.target']" }`),
    'unconfined: true',
  ],
  [
    'a path that ends like one that is only read',
    shopWith('volumes: [{ type: bind, source: "/etc/localtime:ro", target: /x }]'),
    'binds: [/etc/localtime:ro:rw]',
  ],
  [
    'a network default that is the machine’s',
    shop(`${WEB}networks: { default: { name: host, external: true } }\n`),
    'hostNamespaces: [network]',
  ],
  [
    'a network on an interface of the machine',
    shop(`${WEB}networks: { lan: { driver: macvlan, driver_opts: { parent: eth0 } } }\n`),
    'devices: [interface:eth0]',
  ],
  [
    'a network on a bridge of the machine',
    shop(`${WEB}networks: { lan: { driver_opts: { com.docker.network.bridge.name: br0 } } }\n`),
    'devices: [interface:br0]',
  ],
  ['a device behind ..', shopWith('devices: ["/dev/dri/../mem:/dev/m"]'), 'devices: [/dev/mem]'],
  [
    'a build in the network of the machine',
    shop('services: { web: { build: { context: ., dockerfile_inline: "FROM scratch", network: host } } }\n'),
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
    ['a directory below the data directory', shopWith('volumes: ["/srv/kombinator/shop:/data"]')],
    ['the clock, to read', shopWith('volumes: ["/etc/localtime:/etc/localtime:ro"]')],
    ['a volume', shop('services: { web: { image: a, volumes: ["d:/d"] } }\nvolumes: { d: {} }\n')],
    [
      'a volume on the network',
      shop(`${WEB}volumes: { v: { driver_opts: { type: nfs, o: "addr=10.0.0.2", device: ":/x" } } }\n`),
    ],
    ['a capability that it has anyway', shopWith('cap_add: [NET_BIND_SERVICE, CAP_CHOWN]')],
    ['the profiles of the engine', shopWith('security_opt: ["seccomp=builtin", "apparmor=docker-default"]')],
    ['fewer privileges', shopWith('security_opt: ["no-new-privileges:true"]')],
    ['its own network', shopWith('network_mode: none')],
    [
      'the namespaces of its own stack',
      shop('services: { web: { image: a, pid: "service:db" }, db: { image: a } }\n'),
    ],
  ])('%s is not', async (_name, files) => {
    expect(await refusals(files)).toEqual([]);
  });

  it.each([
    ['volumes: ["/mnt/*:/x"]'],
    ['volumes: ["/*:/x"]'],
    ['volumes: [{ type: bind, source: "/mnt/a\\n  allow: everything", target: /x }]'],
    ['volumes: [{ type: bind, source: "/mnt/a\\u202eb", target: /x }]'],
    ['cap_add: ["*"]'],
    ['devices: ["/dev/*:/dev/x"]'],
    ['cgroup_parent: "*"'],
    ['runtime: "*"'],
    ['environment: { A: "secret://command/pass/*" }'],
  ])('is not allowed by a line that says more than what is asked for: %s', async (keys) => {
    const policy = readPolicy('policy: { allow: { secrets: [] } }\n');
    expect((await refusals(shopWith(keys), policy)).map(({ hint }) => hint)).toEqual([
      expect.stringContaining('no line'),
    ]);
    const fixture = createDesiredFixture({ policy });
    await fixture.push(shopWith(keys));
    expect((await fixture.state.askedFor(new AbortController().signal)).stacks.size).toBe(0);
  });

  it('is not lent by a service without a container', async () => {
    const fixture = createDesiredFixture({ policy: homePolicy() });
    await fixture.push(
      shop(`services:
  z: { image: a, container_name: other, deploy: { replicas: 0 } }
  own: { image: a, pid: "service:z", volumes_from: [z] }
  named: { image: a, network_mode: "container:other" }
`),
    );
    const found = fixture.state.diagnostics().map(({ line, code, message }) => `${line} ${code} ${message}`);
    expect(found).toEqual([
      '5 INVALID_VALUE own shares with z, which has no container',
      '5 INVALID_VALUE own shares with z, which has no container',
      "6 NOT_ALLOWED named shares with the container other, which is none of the stack's, which the operator has not allowed",
    ]);
  });

  it('is refused in hooks, in parts of kits and in adopted Compose files, too', async () => {
    const hook = shop(
      `${WEB}hooks: { pre_deploy: [{ name: x, image: a, command: [a], volumes: ["/:/h"] }] }\n`,
    );
    const kit = shop('stackkit: base-kit\nservices: [portainer]\n');
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
    [
      'a profile of its node',
      '{ securityContext: { appArmorProfile: { type: Localhost } } }',
      'unconfined: true',
    ],
    ['seLinuxOptions', '{ securityContext: { seLinuxOptions: { type: spc_t } } }', 'unconfined: true'],
    ['a relative hostPath', '{ volumes: [{ name: h, hostPath: { path: etc } }] }', 'binds: [/]'],
    ['flexVolume', '{ volumes: [{ name: h, flexVolume: { driver: x } }] }', 'binds: [/]'],
    ['seccompProfile', '{ securityContext: { seccompProfile: { type: Unconfined } } }', 'unconfined: true'],
  ])('%s is refused, and allowed by its line', async (_name, spec, line) => {
    const files = manifest(spec);
    expect((await refusals(files, readPolicy(POLICY))).map(({ hint }) => lineOf(hint))).toEqual([line]);
    expect(await refusals(files, readPolicy(`${POLICY}policy: { stacks: { shop: { ${line} } } }\n`))).toEqual(
      [],
    );
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
