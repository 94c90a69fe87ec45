import { describe, expect, it } from 'vitest';
import { ContentDigest, Secret } from '../../../reconciler/model/secret.ts';
import { readManifests } from '../../../reconciler/render/kubernetes/manifests/read-manifests.ts';
import {
  renderManifests,
  viewManifests,
} from '../../../reconciler/render/kubernetes/manifests/render-manifests.ts';

const read = (text: string, decoy: string | null = null, hooks: 'refuse' | 'leave-out' | 'none' = 'refuse') =>
  readManifests({ text, decoy, namespace: 'apps', title: 'the chart demo', hooks });
const problems = (...args: Parameters<typeof read>) =>
  read(...args).problems.map(({ code = '', problem }) => `${code} ${problem}`);
const object = (kind: string, name: string, rest = '') =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name} }\n${rest}`;

describe('what a program prints', () => {
  it('becomes objects, as the programs of Kubernetes read YAML', () => {
    const text = [
      '# nothing',
      object('ConfigMap', 'a', 'data: { mode: 0755, on: yes, time: 12:30 }\nstatus: {}\n'),
      '---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all, creationTimestamp: null }\n',
      '---\napiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: Service, metadata: { name: s, namespace: other, uid: x } }\n',
    ].join('\n');
    expect(read(text)).toEqual({
      problems: [],
      needs: [],
      objects: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'a', namespace: 'apps' },
          data: { mode: 493, true: true, time: '12:30' },
        },
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'all' } },
        { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'other' } },
      ],
    });
  });

  it.each([
    ['a: [', 'what it prints is no YAML: '],
    ['just words', 'what it prints is no Kubernetes object: document 1 has no apiVersion and kind'],
    ['kind: Pod', 'document 1 has no apiVersion and kind'],
    ['apiVersion: v1\nkind: Pod\nmetadata: { generateName: a- }', 'Pod of document 1 has no name'],
    [`${object('ConfigMap', 'a')}${object('ConfigMap', 'a')}`, 'makes ConfigMap apps/a twice'],
  ])('is refused when it is %j', (text, told) => {
    expect(problems(text).join()).toContain(told);
  });

  it('tells what pods reach out for', () => {
    const pod = object('Pod', 'p', 'spec: { hostNetwork: true, volumes: [{ hostPath: { path: /srv } }] }\n');
    expect(read(pod).needs).toEqual([
      { grant: 'hostNamespaces', value: 'network', who: 'the chart demo (Pod apps/p)' },
      { grant: 'binds', value: '/srv', who: 'the chart demo (Pod apps/p)' },
    ]);
  });

  it('holds nothing against schemas of definitions and keys of data that are called like fields of pods', () => {
    const schema =
      '{ openAPIV3Schema: { properties: { hostPath: { type: object }, seLinuxOptions: { type: object } } } }';
    const text = [
      '---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: things.a.example }',
      `spec: { group: a.example, names: { kind: Thing }, versions: [{ name: v1, schema: ${schema} }] }`,
      object('ConfigMap', 'c', 'data: { hostPath: /srv }\n'),
      '---\napiVersion: a.example/v1\nkind: Thing\nmetadata: { name: t }\nspec: { hostPath: { path: /srv } }\n',
    ].join('\n');
    expect(read(text).needs).toEqual([
      { grant: 'binds', value: '/srv', who: 'the chart demo (Thing.a.example apps/t)' },
    ]);
  });
});

describe('hooks', () => {
  const hook = (kinds: string) =>
    `---\napiVersion: batch/v1\nkind: Job\nmetadata: { name: j, annotations: { helm.sh/hook: "${kinds}" } }\n`;

  it.each([
    [
      'pre-install,pre-upgrade',
      ['UNSUPPORTED_KEY the chart demo has hooks, which are not run: Job j (pre-install, pre-upgrade)'],
      1,
    ],
    ['test', [], 1],
    ['test-success', [], 1],
    ['crd-install', [], 2],
  ])('%s', (kinds, told, count) => {
    const text = `${hook(kinds)}${object('ConfigMap', 'a')}`;
    expect(problems(text)).toEqual(told);
    expect(read(text).objects).toHaveLength(count);
    expect(problems(text, null, 'leave-out')).toEqual([]);
    expect(read(text, null, 'none').objects).toHaveLength(2);
  });
});

describe('secrets', () => {
  const secret = (value: string) =>
    object('Secret', 's', `data: { key: ${Buffer.from(value).toString('base64')} }\n`);

  it('are hidden in Secrets, whether they came by reference or not', () => {
    const [found] = read(`${secret('hunter2')}stringData: { plain: text }\n`).objects;
    const { key, plain } = (found?.['data'] ?? {}) as Record<string, Secret>;
    expect([key?.reveal(), plain?.reveal(), found?.['stringData']]).toEqual(['hunter2', 'text', undefined]);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('are sealed in annotations', () => {
    const pod = (digest: string) =>
      object('Pod', 'p', '').replace('name: p', `name: p, annotations: { sum: ${digest}, fixed: same }`);
    const found = read(pod('aaaa'), pod('bbbb'));
    const annotations = found.objects[0]?.metadata['annotations'] as Record<string, unknown>;
    expect(found.problems).toEqual([]);
    expect(annotations['sum']).toBeInstanceOf(ContentDigest);
    expect(annotations['fixed']).toBe('same');
  });

  it.each([
    ['a value', 'data: { url: "http://u:hunter2@h" }', 'data: { url: "http://u:decoy12@h" }', 'data.url'],
    ['a number', 'data: { port: 1 }', 'data: { port: 2 }', 'data.port'],
    ['a key', 'data: { hunter2: x }', 'data: { decoy12: x }', 'data'],
    ['a list', 'data: { a: [1] }', 'data: { a: [1, 2] }', 'data.a'],
  ])('are refused as %s of anything else', (_, real, decoy, place) => {
    const [told = ''] = problems(
      object('ConfigMap', 'c', `${real}\n`),
      object('ConfigMap', 'c', `${decoy}\n`),
    );
    expect(told).toContain(`SECRET_MISPLACED the chart demo (ConfigMap apps/c) has a secret in ${place},`);
    expect(told).not.toMatch(/hunter2@|decoy/);
  });

  it('may not decide what there is', () => {
    expect(problems(object('ConfigMap', 'hunter2'), object('ConfigMap', 'decoy12')).join()).toContain(
      'makes other objects when a secret has another value',
    );
  });

  it('are not looked up in what was printed', () => {
    expect(problems(object('Secret', 's', 'stringData: { a: secret://env/A }\n')).join()).toContain(
      'stringData.a what is no text, or a reference',
    );
  });
});

describe('resources', () => {
  const origin = { file: 'f', line: 1, column: 1 };
  const place = (...texts: string[]) =>
    renderManifests(texts.map((text) => ({ target: 'prod', origin, objects: read(text).objects })));
  const definition =
    '---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: things.a.example }\n' +
    'spec: { group: a.example, names: { kind: Thing } }\n';
  const deployment = (name: string, namespace = 'apps') =>
    `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: { template: { spec: { containers: [{ image: a:1 }] } } }\n`;

  it('come in the order in which they need each other, whichever chart makes them', () => {
    const resources = place(
      `${deployment('web')}${object('ConfigMap', 'c')}`,
      `${definition}---\napiVersion: a.example/v1\nkind: Thing\nmetadata: { name: t }\n`,
      '---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: { name: v1.a }\n',
    );
    const text = resources.map(
      ({ id, dependsOn }) => `${id} <- ${dependsOn.map((one) => `${one.id} ${one.until}`).join(', ')}`,
    );
    expect(text).toEqual([
      'prod/CustomResourceDefinition/things.a.example <- ',
      'prod/Namespace/apps <- ',
      'prod/APIService/v1.a <- prod/Deployment/apps/web applied',
      'prod/ConfigMap/apps/c <- prod/Namespace/apps applied',
      'prod/Deployment/apps/web <- prod/ConfigMap/apps/c applied, prod/Namespace/apps applied',
      'prod/Thing.a.example/apps/t <- prod/CustomResourceDefinition/things.a.example healthy, prod/Namespace/apps applied',
    ]);
    expect(resources.find(({ kind }) => kind === 'Namespace')?.shared).toBe(true);
  });

  it('run when what their accounts may do is there', () => {
    const right = (kind: string, rest = '') =>
      `---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata: { name: r${rest} }\n`;
    const text = [right('ClusterRole'), right('RoleBinding', ', namespace: kube-system'), deployment('web')];
    const web = place(text.join('')).find(({ kind }) => kind === 'Deployment');
    expect(web?.dependsOn.map(({ id, until }) => `${id} ${until}`)).toEqual([
      'prod/ClusterRole/r applied',
      'prod/Namespace/apps applied',
      'prod/RoleBinding/kube-system/r applied',
    ]);
  });

  it('are kept where the chart wants it', () => {
    const kept = object('ConfigMap', 'c').replace(
      'name: c',
      'name: c, annotations: { helm.sh/resource-policy: keep }',
    );
    expect(place(kept).find(({ kind }) => kind === 'ConfigMap')?.guarded).toBe(true);
  });

  it('that run something are services, each with a name of its own', () => {
    const resources = place(deployment('web') + deployment('web', 'other') + deployment('api'));
    expect(
      viewManifests(resources, new Set(['api'])).map(
        ({ name, image, resource }) => `${name} ${image} ${resource}`,
      ),
    ).toEqual([
      'api-deployment a:1 prod/Deployment/apps/api',
      'web a:1 prod/Deployment/apps/web',
      'web-deployment a:1 prod/Deployment/other/web',
    ]);
  });
});

it('more objects than are taken are not read to the end', () => {
  const text = Array.from(
    { length: 60_000 },
    (_, index) => `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c${index} }\n`,
  ).join('');
  expect(problems(`${text}---\n{`)).toEqual([
    ' the chart demo: it makes more than 2000 objects, and so many are taken at most',
  ]);
});
