import { describe, expect, it } from 'vitest';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import { NODE_TYPES } from '../../../reconciler/config/workflow/workflow.ts';
import workflowSchema from '../../../schemas/workflow.schema.json' with { type: 'json' };
import { briefDiagnostics } from '../../support/desired-fixtures.ts';
import { analyzeText, diagnose, renderText, workflow } from '../../support/kubernetes/workflow-texts.ts';

const WEB = '{ id: web, type: deployment, data: { name: web, image: "nginx:1.29", port: 8000 } }';
const SERVICE = '{ id: svc, type: service, data: { name: web-svc } }';
const INGRESS = '{ id: in, type: ingress, data: { name: web-in, host: shop.example.org } }';
const CONFIG = '{ id: conf, type: configmap, data: { name: web-conf, data: { LEVEL: debug } } }';
const SECRET = '{ id: sec, type: secret, data: { name: web-sec, keys: [{ name: TOKEN }] } }';
const CLAIM = '{ id: disk, type: persistentvolumeclaim, data: { name: web-disk } }';

function dataOf(text: string, id: string): Readonly<Record<string, unknown>> {
  const found = analyzeText(text).nodes.find((node) => node.id === id);
  if (!found) throw new Error(`no node ${id}`);
  return found.data;
}

it('has one schema for each type of node', () => {
  expect(workflowSchema.properties.nodes.items.properties.type.enum.toSorted()).toEqual(
    NODE_TYPES.toSorted(),
  );
});

describe('values along edges', () => {
  it.each([
    ['from deployment to service', ['{ source: web, target: svc }', '{ source: svc, target: in }']],
    ['in whatever order they are written', ['{ source: svc, target: in }', '{ source: web, target: svc }']],
    ['either way round', ['{ source: svc, target: web }', '{ source: in, target: svc }']],
  ])('reach the ingress %s', (_how, edges) => {
    const text = workflow([WEB, SERVICE, INGRESS], edges);
    expect(diagnose(text)).toEqual([]);
    expect(dataOf(text, 'svc')).toMatchObject({ targetApp: 'web', targetPort: 8000, port: 80 });
    expect(dataOf(text, 'in')).toMatchObject({ serviceName: 'web-svc', servicePort: 80 });
  });

  it('fill only what is blank', () => {
    const service =
      '{ id: svc, type: service, data: { name: s, targetApp: other, targetPort: 1, port: 81 } }';
    const ingress = '{ id: in, type: ingress, data: { name: i, serviceName: "" } }';
    const text = workflow(
      [WEB, service, ingress],
      ['{ source: web, target: svc }', '{ source: svc, target: in }'],
    );
    expect(dataOf(text, 'svc')).toMatchObject({ targetApp: 'other', targetPort: 1 });
    expect(dataOf(text, 'in')).toMatchObject({ serviceName: 's', servicePort: 81 });
  });

  it('fill the one path that the handle names', () => {
    const ingress =
      '{ id: in, type: ingress, data: { name: i, paths: [{ id: a, path: /a }, { id: b, serviceName: x }] } }';
    const text = workflow(
      [WEB, SERVICE, ingress],
      ['{ source: web, target: svc }', '{ source: in, target: svc, sourceHandle: a }'],
    );
    expect(diagnose(text)).toEqual([]);
    expect(dataOf(text, 'in')['paths']).toEqual([
      { id: 'a', path: '/a', serviceName: 'web-svc', servicePort: 80 },
      { id: 'b', serviceName: 'x' },
    ]);
  });

  it('take the namespace from the workload to everything that hangs on it', () => {
    const web = '{ id: web, type: deployment, data: { name: web, image: i, namespace: front } }';
    const text = workflow(
      [web, SERVICE, INGRESS],
      ['{ source: web, target: svc }', '{ source: svc, target: in }'],
    );
    expect(analyzeText(text).nodes.map(({ namespace }) => namespace)).toEqual(['front', 'front', 'front']);
  });

  it('mount what is linked, and give variables to envKeys', () => {
    const web = '{ id: web, type: deployment, data: { name: web, image: i, envKeys: [LEVEL, TOKEN] } }';
    const ids = ['conf', 'sec', 'disk'];
    const text = workflow(
      [web, CONFIG, SECRET, CLAIM],
      ids.map((id) => `{ source: ${id}, target: web }`),
    );
    expect(diagnose(text)).toEqual([]);
    expect(dataOf(text, 'web')['volumeMounts']).toEqual([
      { name: 'web-conf', mountPath: '/etc/config', type: 'configmap' },
      { name: 'web-sec', mountPath: '/etc/secrets', type: 'secret' },
      { name: 'web-disk', mountPath: '/data', type: 'persistentVolumeClaim' },
    ]);
    const deployment = renderText(text).find(({ kind }) => kind === 'Deployment');
    expect(JSON.stringify(deployment?.spec)).toContain(
      '"env":[{"name":"LEVEL","valueFrom":{"configMapKeyRef":{"name":"web-conf","key":"LEVEL"}}},' +
        '{"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"web-sec","key":"TOKEN"}}}]',
    );
  });

  it('leave variables that nothing gives to a run, in a Secret that is there before the workload', () => {
    const web =
      '{ id: web, type: deployment, data: { name: web, image: i, env: { LEVEL: x }, envKeys: [LEVEL] } }';
    const [deployment, secret] = renderText(workflow([web]));
    expect(secret?.id).toBe('prod/Secret/default/web-variables');
    expect(deployment?.dependsOn).toEqual([{ id: secret?.id, until: 'applied' }]);
    expect(JSON.stringify(deployment?.spec)).toContain(
      '"env":[{"name":"LEVEL","valueFrom":{"secretKeyRef":{"name":"web-variables","key":"LEVEL"}}}]',
    );
    const taken = '{ id: a, type: secret, data: { name: web-variables, keys: [] } }';
    expect(diagnose(workflow([web, taken])).map(({ message }) => message)).toEqual([
      'Secret default/web-variables is also described by web',
    ]);
  });

  it('leave the number of pods to an autoscaler', () => {
    const hpa = '{ id: hpa, type: hpa, data: { name: web } }';
    const replicas = (text: string) =>
      asFields(renderText(text).find(({ kind }) => kind === 'Deployment')?.spec['spec'])?.['replicas'];
    expect(replicas(workflow([WEB]))).toBe(1);
    expect(replicas(workflow([WEB, hpa], ['{ source: web, target: hpa }']))).toBeUndefined();
  });
});

it('makes the same of edges that are drawn the other way round: the same values, mounts and order', () => {
  const nodes = [
    '{ id: web, type: statefulset, data: { name: web, image: i, envKeys: [LEVEL, TOKEN] } }',
    SERVICE,
    INGRESS,
    CONFIG,
    SECRET,
    CLAIM,
    '{ id: hpa, type: hpa, data: { name: h } }',
    '{ id: wall, type: networkpolicy, data: { name: n } }',
  ];
  const pairs = ['conf web', 'sec web', 'disk web', 'web svc', 'svc in', 'web hpa', 'web wall'].map((pair) =>
    pair.split(' '),
  );
  const drawn = (edges: readonly (readonly string[])[]) =>
    workflow(
      nodes,
      edges.map(([source, target]) => `{ source: ${source}, target: ${target} }`),
    );
  const [there, back] = [drawn(pairs), drawn(pairs.map((pair) => pair.toReversed()))];
  expect(diagnose(back)).toEqual([]);
  expect(renderText(back)).toEqual(renderText(there));
  // Somebody has drawn both.
  expect(renderText(drawn([...pairs, ...pairs.map((pair) => pair.toReversed())]))).toEqual(renderText(there));
});

describe('what is wrong with a graph', () => {
  const at = (nodes: readonly string[], edges: readonly string[]) =>
    briefDiagnostics(diagnose(workflow(nodes, edges)));

  it.each([
    {
      what: 'a cycle',
      nodes: [WEB, WEB.replaceAll('web', 'api'), WEB.replaceAll('web', 'db')],
      edges: ['{ source: web, target: api }', '{ source: api, target: db }', '{ source: db, target: web }'],
      found: ['11:5 error CIRCULAR_DEPENDENCY edges[2]'],
    },
    {
      what: 'an unknown node',
      nodes: [WEB, SERVICE.replace('name: web-svc', 'name: s, targetApp: web')],
      edges: ['{ source: wep, target: svc }'],
      found: ['8:15 error UNKNOWN_NODE edges[0].source'],
    },
    {
      what: 'an ingress straight to a deployment',
      nodes: [WEB, INGRESS.replace('host:', 'serviceName: s, host:')],
      edges: ['{ source: in, target: web }'],
      found: ['8:5 error MEANINGLESS_EDGE edges[0]'],
    },
    {
      what: 'an edge from a node to itself',
      nodes: [WEB],
      edges: ['{ source: web, target: web }'],
      found: ['7:5 error MEANINGLESS_EDGE edges[0]'],
    },
    {
      what: 'an edge against the order that namespaces come in',
      nodes: [
        WEB,
        '{ id: ns, type: manifest, data: { manifest: { apiVersion: v1, kind: Namespace, metadata: { name: n } } } }',
      ],
      edges: ['{ source: web, target: ns }'],
      found: ['8:5 error MEANINGLESS_EDGE edges[0]'],
    },
    {
      what: 'two nodes of one id',
      nodes: [WEB, WEB.replace('name: web', 'name: other')],
      edges: [],
      found: ['6:11 error DUPLICATE_NODE nodes[1].id'],
    },
    {
      what: 'two nodes for one object',
      nodes: [WEB, WEB.replace('id: web', 'id: other')],
      edges: [],
      found: ['6:50 error DUPLICATE_OBJECT nodes[1].data.name'],
    },
    {
      what: 'two things mounted at one place',
      nodes: [WEB, CONFIG, CONFIG.replace('id: conf', 'id: more').replace('web-conf', 'more')],
      edges: ['{ source: conf, target: web }', '{ source: more, target: web }'],
      found: ['10:5 error DUPLICATE_MOUNT edges[1]'],
    },
    {
      what: 'what no edge has filled in',
      nodes: [SERVICE, INGRESS, '{ id: hpa, type: hpa, data: { name: h, minReplicas: 3, maxReplicas: 2 } }'],
      edges: [],
      found: [
        '5:31 error REQUIRED nodes[0].data.targetApp',
        '6:30 error REQUIRED nodes[1].data.serviceName',
        '7:27 error REQUIRED nodes[2].data.scaleTargetName',
        '7:73 error OUT_OF_RANGE nodes[2].data.maxReplicas',
      ],
    },
  ])('$what', ({ nodes, edges, found }) => {
    expect(at(nodes, edges)).toEqual(found);
  });

  it('names the nearest node', () => {
    expect(diagnose(workflow([WEB, SERVICE], ['{ source: wep, target: svc }']))[0]).toMatchObject({
      message: "the edge's source wep is not a node of this workflow",
      hint: 'did you mean web?',
    });
  });
});

describe('what is wrong with a node', () => {
  it.each([
    ['{ id: a, type: deploiment, data: {} }', 'nodes[0].type', 'did you mean deployment?'],
    [
      '{ id: a, type: deployment, data: { name: a, image: i, replica: 2 } }',
      'nodes[0].data.replica',
      'did you mean replicas?',
    ],
    ['{ id: a, type: deployment, data: { name: A_b, image: i } }', 'nodes[0].data.name', undefined],
    ['{ id: a, type: deployment, data: { name: a } }', 'nodes[0].data.image', undefined],
    [
      '{ id: a, type: deployment, data: { name: a, image: i, port: 70000 } }',
      'nodes[0].data.port',
      undefined,
    ],
    [
      '{ id: a, type: persistentvolumeclaim, data: { name: a, storage: 10GB } }',
      'nodes[0].data.storage',
      undefined,
    ],
    [
      '{ id: a, type: cronjob, data: { name: a, image: i, schedule: hourly } }',
      'nodes[0].data.schedule',
      undefined,
    ],
    [
      '{ id: a, type: secret, data: { name: a, keys: [{ name: k, value: hunter2 }] } }',
      'nodes[0].data.keys[0].value',
      undefined,
    ],
    [
      '{ id: a, type: deployment, data: { name: a, image: i, env: { T: "secret://env/T" } } }',
      'nodes[0].data.env.T',
      'add a secret node with this key, an edge from it, and the variable to envKeys',
    ],
    [
      '{ id: a, type: manifest, data: { manifest: { kind: ConfigMap, metadata: { name: a } } } }',
      'nodes[0].data.manifest.apiVersion',
      undefined,
    ],
  ])('%s', (node, path, hint) => {
    const found = diagnose(workflow([node]));
    expect(found.map((one) => one.path)).toEqual([path]);
    expect(found[0]?.hint).toBe(hint);
    expect(found[0]).toMatchObject({ severity: 'error', line: 5, column: expect.any(Number) as number });
  });
});

describe('secrets', () => {
  it('come from references, by default from a file named after workflow, secret and key', () => {
    const text = workflow([
      SECRET.replace('{ name: TOKEN }', '{ name: TOKEN }, { name: B, value: "secret://env/B" }'),
    ]);
    expect(analyzeText(text).secrets.references.map(({ reference }) => reference)).toEqual([
      'secret://file/shop.web-sec.TOKEN',
      'secret://env/B',
    ]);
  });

  it('never show in a spec, not even those that a manifest has in clear', () => {
    const manifest = (kind: string) =>
      `{ id: m, type: manifest, data: { manifest: { apiVersion: v1, kind: ${kind}, metadata: { name: m }, stringData: { a: hunter2 }, data: { b: aHVudGVyMg== } } } }`;
    const [resource] = renderText(workflow([manifest('Secret')]));
    expect(JSON.stringify(resource)).not.toMatch(/hunter2|aHVudGVyMg/);
    expect(maskSpec(resource?.spec ?? {})['data']).toEqual({ a: '***', b: '***' });
  });

  it('change the hash of their object when they change', () => {
    const text = workflow([SECRET]);
    expect(renderText(text, 'one')[0]?.hash).toBe(renderText(text, 'one')[0]?.hash);
    expect(renderText(text, 'one')[0]?.hash).not.toBe(renderText(text, 'two')[0]?.hash);
  });
});

describe('order', () => {
  const dependencies = (text: string) =>
    Object.fromEntries(
      renderText(text).map(({ id, dependsOn }) => [id, dependsOn.map((one) => `${one.until} ${one.id}`)]),
    );

  it('puts namespaces, definitions and classes before what needs them, and the source of an edge before its target', () => {
    const manifest = (id: string, text: string) =>
      `{ id: ${id}, type: manifest, data: { manifest: { ${text} } } }`;
    const text = workflow(
      [
        WEB,
        '{ id: job, type: job, data: { name: migrate, image: i } }',
        manifest(
          'crd',
          'apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: { name: cups.example.org }, spec: { group: example.org, names: { kind: Cup } }',
        ),
        manifest('cup', 'apiVersion: example.org/v1, kind: Cup, metadata: { name: mine }'),
        manifest('class', 'apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: fast }'),
      ],
      ['{ source: job, target: web }'],
      ['namespace: shop'],
    );
    const fast = 'applied prod/StorageClass/fast';
    const namespace = 'applied prod/Namespace/shop';
    expect(dependencies(text)).toEqual({
      'prod/CustomResourceDefinition/cups.example.org': [],
      'prod/Namespace/shop': [],
      'prod/StorageClass/fast': [],
      'prod/Cup.example.org/shop/mine': [
        'healthy prod/CustomResourceDefinition/cups.example.org',
        namespace,
        fast,
      ],
      'prod/Deployment/shop/web': ['completed prod/Job/shop/migrate', namespace, fast],
      'prod/Job/shop/migrate': [namespace, fast],
    });
  });

  it('waits for pods that others start after, not for a claim that a pod has to come for', () => {
    const text = workflow(
      [WEB, WEB.replaceAll('web', 'api'), CLAIM],
      ['{ source: web, target: api }', '{ source: disk, target: web }'],
    );
    expect(dependencies(text)).toMatchObject({
      'prod/Deployment/default/api': ['healthy prod/Deployment/default/web'],
      'prod/Deployment/default/web': ['applied prod/PersistentVolumeClaim/default/web-disk'],
    });
  });
});

it('says which value of a secret is not base64', () => {
  const manifest = (data: string) =>
    `{ id: sec, type: manifest, data: { manifest: { apiVersion: v1, kind: Secret, metadata: { name: sec }, ${data} } } }`;
  expect(
    diagnose(workflow([manifest('data: { A: YQ==, B: "plain text", C: "secret://env/C" }')])),
  ).toMatchObject([{ code: 'INVALID_VALUE', line: 5, message: 'the value of B is not base64' }]);
  expect(diagnose(workflow([manifest('stringData: { B: "plain text" }')]))).toEqual([]);
});
