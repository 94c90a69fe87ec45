import { describe, expect, it } from 'vitest';
import { isReconcilerError } from '../../../reconciler/base/errors.ts';
import { suggestPolicy } from '../../../reconciler/config/fleet/suggest-policy.ts';
import { homePolicy } from '../../../reconciler/model/operator-policy.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import type { MemoryFiles } from '../../support/memory/memory-source.ts';
import { readPolicy, refusals, shop, shopWith } from '../../support/operator-policy.ts';

const WEB = 'services: { web: { image: a } }\n';

describe('a suggestion', () => {
  const files: MemoryFiles = {
    'clusters/prod.yaml': 'kubeconfig: /etc/k/prod.yaml\ncontext: prod\n',
    'nodes/attic.yaml': 'connection: { host: "ssh://root@attic", ssh_key: /etc/k/attic }\n',
    'kombinator.yaml': 'registries: [{ host: ghcr.io, username: acme, password: secret://env/GHCR }]\n',
    ...shopWith(
      'privileged: true, pid: host, volumes: ["/etc:/e:ro", "/srv/media:/m"], cap_add: [NET_ADMIN]',
    ),
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

  it('shows what it allows: nothing in it turns the order of a line around, or is not seen', async () => {
    const fixture = createDesiredFixture({ policy: homePolicy() });
    const cluster = 'kubeconfig: /etc/kube\ncontext: "a\\u202eb"\n';
    await fixture.push({ ...shopWith('privileged: true'), 'clusters/prod.yaml': cluster });
    const lines = suggestPolicy(await fixture.state.askedFor(new AbortController().signal));
    expect(lines).toContain('a\\u202eb');
    expect(lines).toMatch(/^[\x20-\x7e\n]*$/);
  });

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
    await fixture.push(shop(WEB));
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
