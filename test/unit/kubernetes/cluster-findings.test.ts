import { describe, expect, it } from 'vitest';
import { KEY_RULES } from '../../../reconciler/config/kombination/checks/cluster-support.ts';
import { OPTION_ROWS } from '../../../reconciler/model/docker/options/container-options.ts';
import { LIMIT_ROWS } from '../../../reconciler/model/docker/options/limit-options.ts';
import { LIMIT_EXAMPLES } from '../../support/docker/limit-examples.ts';
import { OPTION_EXAMPLES } from '../../support/docker/option-examples.ts';
import { containerOf, describeStack, NODE, WEB } from '../../support/kubernetes/cluster-description.ts';

const EXAMPLES: readonly (readonly [string, string])[] = [
  ...OPTION_ROWS.map(([name, { key }]) => [key, OPTION_EXAMPLES[name].written] as const),
  ...LIMIT_ROWS.map(([name, { key }]) => [key, LIMIT_EXAMPLES[name].written] as const),
];

describe('a key that a cluster does not honour', () => {
  /** Text to write for each rule, where it is not the example of the option; the other service is `db`. */
  const WRITTEN: Readonly<Record<string, string>> = {
    ...Object.fromEntries(EXAMPLES.map(([key, written]) => [key, `${key}: ${written}`])),
    network_mode: 'network_mode: none',
    volumes_from: 'volumes_from: [db]',
    external_links: 'external_links: [old:older]',
    post_start: 'post_start: [{ command: "true" }]',
    pre_stop: 'pre_stop: [{ command: "true" }]',
    user: 'user: www-data',
    group_add: 'group_add: [audio]',
    hostname: 'hostname: Not_DNS',
    extra_hosts: 'extra_hosts: ["here:host-gateway"]',
    pid: 'pid: "service:db"',
    ipc: 'ipc: "service:db"',
    init: 'init: true',
    memswap_limit: 'mem_limit: 64m, memswap_limit: 128m',
    container_name: 'container_name: My_Web',
  };
  const keys = [...new Set(KEY_RULES.map(({ key }) => key))];

  it.each(keys)('%s is said with its line', async (key) => {
    const text = WRITTEN[key];
    if (text === undefined) throw new Error(`nothing is written for ${key}`);
    const { found } = await describeStack({ web: `${WEB}, ${text}`, db: 'image: "postgres:17"' });
    const severities = KEY_RULES.filter((rule) => rule.key === key).map(({ severity }) => severity);
    expect(severities.map((one) => `${one} UNSUPPORTED_KEY services.web.${key}`)).toContainEqual(found[0]);
    const machine = await describeStack(
      { web: `${WEB}, ${text}`, db: 'image: "postgres:17"' },
      { nodes: ['{ name: prod, connection: { host: localhost } }'] },
    );
    expect(machine.found).not.toContainEqual(found[0]);
  });

  it.each([
    {
      when: 'the socket of an engine',
      text: 'volumes: ["/var/run/docker.sock:/s"]',
      says: 'error UNSUPPORTED_KEY services.web.volumes[0]',
    },
    {
      when: 'a path of the machine',
      text: 'volumes: ["/srv:/srv"]',
      says: 'warning UNSUPPORTED_KEY services.web.volumes[0]',
    },
    {
      when: 'a published port',
      text: 'ports: ["8080:80"]',
      says: 'warning UNSUPPORTED_KEY services.web.ports[0]',
    },
    {
      when: 'a volume of several pods',
      text: 'scale: 2, volumes: ["data:/data"]',
      says: 'warning UNSUPPORTED_KEY services.web.volumes[0]',
    },
    {
      when: 'options of a tmpfs',
      text: 'tmpfs: "/run:size=1m,mode=1777"',
      says: 'warning UNSUPPORTED_KEY services.web.tmpfs',
    },
    {
      when: 'the owner of a file',
      text: 'files: [{ content: a, target: /a, uid: 5 }]',
      says: 'warning UNSUPPORTED_KEY services.web.files[0]',
    },
    {
      when: 'the check of an image',
      text: 'healthcheck: { interval: 5s }',
      says: 'warning UNSUPPORTED_KEY services.web.healthcheck',
    },
    {
      when: 'a pause between batches',
      text: 'deploy: { update_config: { delay: 5s } }',
      says: 'warning UNSUPPORTED_KEY services.web.deploy.update_config.delay',
    },
    {
      when: 'restarts on failure only',
      text: 'restart: on-failure',
      says: 'warning UNSUPPORTED_KEY services.web.restart',
    },
    {
      when: 'a profile of seccomp',
      text: 'security_opt: ["seccomp={}"]',
      says: 'error UNSUPPORTED_KEY services.web.security_opt',
    },
    {
      when: 'a label that is no annotation',
      text: 'labels: { "a b": c }',
      says: 'warning UNSUPPORTED_KEY services.web.labels["a b"]',
    },
    {
      when: 'an address',
      text: 'networks: { back: { ipv4_address: 10.9.0.5 } }',
      says: 'warning UNSUPPORTED_KEY services.web.networks.back',
    },
    { when: 'a network', text: 'networks: [back]', says: 'warning UNSUPPORTED_KEY networks.back' },
    {
      when: 'options of a volume',
      text: 'volumes: ["share:/data"]',
      says: 'error UNSUPPORTED_KEY volumes.share.driver_opts.type',
    },
    {
      when: 'something to build',
      text: 'image: "", build: .',
      says: 'error UNSUPPORTED_KEY services.web.build',
    },
  ])('$when is said with its line', async ({ text, says }) => {
    const more =
      'volumes: { data: {}, share: { driver_opts: { type: nfs } } }\nnetworks: { back: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }\n';
    const image = text.startsWith('image') ? text.replace('image: "", ', '') : `${WEB}, ${text}`;
    const { found } = await describeStack({ web: image }, { more });
    expect(found).toContain(says);
  });

  it('is an error where names cannot be told apart', async () => {
    const { found, messages } = await describeStack({ my_db: WEB, 'my-db': WEB, '9lives': WEB });
    expect(found).toContain('error DUPLICATE_NAME services.my-db');
    expect(found).toContain('error INVALID_VALUE services.9lives');
    expect(messages).toContain('my_db is called my-db on a cluster, and found by that name only');
  });

  it('is an image that somebody has pushed, where it is built elsewhere', async () => {
    const { found, spec } = await describeStack({ web: 'image: "registry.example.org/web:1", build: .' });
    expect(found).toEqual(['warning UNSUPPORTED_KEY services.web.build']);
    expect(containerOf(spec('Deployment', 'web'))['image']).toBe('registry.example.org/web:1');
  });
});

describe('a node of type kubernetes', () => {
  it.each([
    {
      nodes: ['{ name: prod, type: kubernetes, cluster: prodd }'],
      says: ['error UNKNOWN_CLUSTER nodes[0].cluster'],
    },
    {
      nodes: ['{ name: prod, type: kubernetes, connection: { host: a } }'],
      says: ['error INVALID_VALUE nodes[0].connection'],
    },
    {
      nodes: ['{ name: prod, type: docker, namespace: a, connection: { host: localhost } }'],
      says: ['error INVALID_VALUE nodes[0].namespace'],
    },
    {
      nodes: [NODE, '{ name: also, type: kubernetes, cluster: prod }'],
      says: ['error INVALID_VALUE nodes[1].name'],
    },
    {
      nodes: ['{ name: prod, type: kubernetes, publish: loud }'],
      says: ['error INVALID_VALUE nodes[0].publish'],
    },
  ])('says $says', async ({ nodes, says }) => {
    expect((await describeStack({ web: WEB }, { nodes })).found).toEqual(says);
  });

  it('says of a cluster what it is called, and where', async () => {
    const { stack } = await describeStack(
      { web: WEB },
      { nodes: ['{ name: home, type: kubernetes, cluster: prod, namespace: shops }'] },
    );
    expect(stack.diagnostics).toEqual([]);
    expect(stack.resources.map(({ id }) => id)).toEqual([
      'home/Namespace/shops',
      'home/Service/shops/web',
      'home/Deployment/shops/web',
    ]);
    expect(stack.services).toMatchObject([
      { name: 'web', node: 'home', resource: 'home/Deployment/shops/web' },
    ]);
  });
});
