import { describe, expect, it } from 'vitest';
import {
  keepSentIds,
  toFileEdge,
  toFileNode,
  toPlatformGraph,
} from '../../../api/dialects/workflows/graph.ts';

const POSITION = { x: 10, y: 20.5 };

describe('what an editor saves', () => {
  it('is written without the state of the editor', () => {
    const node = {
      id: 'n1',
      type: 'deployment',
      position: { ...POSITION, z: 1 },
      width: 200,
      height: 80,
      selected: true,
      dragging: false,
      positionAbsolute: POSITION,
      data: {
        id: 'n1',
        templateId: 'core/deployment',
        hasValidationError: false,
        parameters: [{ name: 'image' }],
        _status: { state: 'healthy' },
        _linkedConfigMaps: ['n2'],
        name: 'web',
        namespace: '',
        serviceAccountName: null,
        image: 'nginx:1.29',
        port: 8000,
        replicas: 0,
        env: { EMPTY: '', MODE: 'fast' },
        envKeys: [
          { id: '1', name: 'LEVEL' },
          { id: '2', name: '' },
        ],
        readinessProbe: { path: '/ready', periodSeconds: 5 },
        livenessProbe: { httpGet: { path: '/', port: 1 } },
        volumeMounts: [
          { type: 'configMap', name: 'conf', mountPath: '/etc/conf', nodeId: 'n2' },
          { type: 'persistentVolumeClaim', name: 'disk', mountPath: '/data', readOnly: true, nodeId: 'n3' },
        ],
      },
    };
    expect(toFileNode(node)).toEqual({
      id: 'n1',
      type: 'deployment',
      position: POSITION,
      data: {
        name: 'web',
        image: 'nginx:1.29',
        port: 8000,
        replicas: 0,
        env: { EMPTY: '', MODE: 'fast' },
        envKeys: ['LEVEL'],
        readinessProbe: { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 5 },
        livenessProbe: { httpGet: { path: '/', port: 1 } },
        volumeMounts: [
          { type: 'configmap', name: 'conf', mountPath: '/etc/conf' },
          { type: 'persistentVolumeClaim', name: 'disk', mountPath: '/data', readOnly: true },
        ],
      },
    });
  });

  it('never holds the value of a secret', () => {
    const keys = [
      { id: 'k', name: 'TOKEN', value: 'hush' },
      { id: 'l', name: '' },
    ];
    const written = toFileNode({ id: 's', type: 'secret', data: { name: 's', keys, _secretCreated: true } });
    expect(written).toEqual({ id: 's', type: 'secret', data: { name: 's', keys: [{ name: 'TOKEN' }] } });
  });

  it('of a service with several ports is the first one, which pages show and change', () => {
    const ports = [{ name: 'web', port: 8080, targetPort: 80 }, { port: 443 }];
    const file = { id: 's', type: 'service', position: POSITION, data: { name: 's', ports } };
    const [shown] = toPlatformGraph({ nodes: [file] }).nodes;
    expect(shown?.data).toMatchObject({ port: 8080, ports });
    expect(toFileNode(shown)).toEqual(file);
    const changed = toFileNode({ ...shown, data: { ...shown?.data, port: 9090 } });
    expect(changed['data']).toEqual({ name: 's', ports: [{ ...ports[0], port: 9090 }, ports[1]] });
    const one = { ...file, data: { name: 's', port: 80, ports: [] } };
    expect(toFileNode(toPlatformGraph({ nodes: [one] }).nodes[0])).toEqual(one);
  });

  it('has no rows that were only begun', () => {
    const data = { name: 'c', data: { A: '', _new_17: '' } };
    expect(toFileNode({ id: 'c', type: 'configmap', data })).toMatchObject({ data: { data: { A: '' } } });
  });

  it('is shown with the ids that were sent for keys, since values that were not given yet hang on them', () => {
    const sent = {
      id: 'n',
      type: 'secret',
      data: {
        name: 's',
        keys: [
          { id: 'key_1', name: 'A' },
          { id: 'key_2', name: '' },
        ],
      },
    };
    const shown = toPlatformGraph({
      nodes: [toFileNode(sent), { id: 'm', type: 'secret', data: { keys: [{ name: 'B' }] } }],
    });
    expect(keepSentIds(shown, [sent]).nodes).toMatchObject([
      { data: { keys: [{ id: 'key_1', name: 'A' }] } },
      { data: { keys: [{ id: 'B', name: 'B' }] } },
    ]);
    expect(keepSentIds(shown)).toEqual(shown);
  });

  it('leaves out the links of an ingress that the editor draws', () => {
    const paths = [{ id: 'p', path: '/', serviceName: '', servicePort: 80, _linkedService: 'n4' }];
    const written = toFileNode({ id: 'i', type: 'ingress', data: { name: 'i', host: '', paths } });
    expect(written['data']).toEqual({ name: 'i', paths: [{ id: 'p', path: '/', servicePort: 80 }] });
  });

  it.each([
    [
      { id: 'e', source: 'a', target: 'b', type: 'smooth', animated: true, style: {} },
      { id: 'e', source: 'a', target: 'b', type: 'smooth' },
    ],
    [
      { id: 'e', source: 'a', target: 'b', sourceHandle: null, targetHandle: 'p' },
      { id: 'e', source: 'a', target: 'b', targetHandle: 'p' },
    ],
    [
      { source: 'a', target: 'b' },
      { source: 'a', target: 'b' },
    ],
  ])('edge %o', (edge, written) => {
    expect(toFileEdge(edge)).toEqual(written);
  });
});

describe('what the platform shows', () => {
  const document = {
    nodes: [
      { id: 'conf', type: 'configmap', data: { name: 'settings' } },
      {
        id: 'web',
        type: 'deployment',
        position: POSITION,
        data: {
          name: 'web',
          envKeys: ['LEVEL'],
          readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5 },
          livenessProbe: { exec: { command: ['true'] } },
          volumeMounts: [{ type: 'configmap', name: 'settings', mountPath: '/etc' }],
        },
      },
      { id: 'keys', type: 'secret', data: { name: 'keys', keys: [{ name: 'TOKEN' }] } },
    ],
    edges: [
      { source: 'conf', target: 'web' },
      { id: 'mine', source: 'keys', target: 'web' },
      { source: 'x' },
    ],
  };

  it('has what editors look for, and a place for each node', () => {
    const { nodes, edges } = toPlatformGraph(document);
    expect(nodes[0]).toEqual({
      id: 'conf',
      type: 'configmap',
      position: { x: 100, y: 100 },
      data: { id: 'conf', templateId: 'core/configmap', name: 'settings' },
    });
    expect(nodes[1]?.position).toEqual(POSITION);
    expect(nodes[1]?.data).toMatchObject({
      envKeys: [{ id: 'LEVEL', name: 'LEVEL' }],
      readinessProbe: { path: '/ready', periodSeconds: 5 },
      livenessProbe: { exec: { command: ['true'] } },
      volumeMounts: [{ type: 'configMap', name: 'settings', mountPath: '/etc', nodeId: 'conf' }],
    });
    expect(nodes[2]?.data['keys']).toEqual([{ id: 'TOKEN', name: 'TOKEN' }]);
    expect(edges).toEqual([
      { id: expect.stringMatching(/^edge-[0-9a-f]{12}$/), source: 'conf', target: 'web' },
      { id: 'mine', source: 'keys', target: 'web' },
    ]);
  });

  it('is what is saved again', () => {
    const { nodes, edges } = toPlatformGraph(document);
    const web = toFileNode(nodes[1]);
    expect(web).toEqual(document.nodes[1]);
    expect(edges.map(toFileEdge)).toEqual(document.edges.slice(0, 2));
  });
});
