import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../reconciler/base/values.ts';
import type { DiagnosedObject } from '../../../reconciler/run/diagnose/checks.ts';
import { diagnose } from '../../../reconciler/run/diagnose/checks.ts';
import { planFix, repaired, requireSame } from '../../../reconciler/run/diagnose/fixes.ts';
import { findService } from '../../../reconciler/run/diagnose/service-node.ts';

const WEB = { id: 'w', type: 'deployment', data: { name: 'web', image: 'nginx', port: 8080 } };
const EDGE = { source: 's', target: 'w' };

function document(
  data: Fields = {},
  more: { readonly edges?: readonly object[]; readonly nodes?: readonly object[] } = {},
) {
  const { edges = [EDGE], nodes = [WEB] } = more;
  const service = { id: 's', type: 'service', data: { name: 'web', port: 80, ...data } };
  return { name: 'shop', cluster: 'main', status: 'published', nodes: [service, ...nodes], edges };
}

function object(kind: string, name: string, more: Partial<DiagnosedObject> = {}): DiagnosedObject {
  return { kind, name, namespace: 'default', labels: {}, message: null, facts: {}, ...more };
}

interface PodOptions {
  readonly ready?: boolean;
  readonly app?: string;
  readonly ports?: readonly { readonly containerPort: number; readonly name?: string }[];
  readonly message?: string;
}

function pod(
  name: string,
  { ready = true, app = 'web', ports = [{ containerPort: 8080 }], message }: PodOptions = {},
) {
  const containers = [{ name: 'c', ready, ports: ports.map((port) => ({ protocol: 'TCP', ...port })) }];
  return object('Pod', name, {
    labels: { app, version: 'v1' },
    message: message ?? null,
    facts: { containers },
  });
}

const SERVICE = object('Service', 'web', { facts: { serviceType: 'ClusterIP', clusterIP: '10.0.0.1' } });

function look(objects: readonly DiagnosedObject[], written = document()) {
  const { overall, checks } = diagnose(findService(written, 's'), objects);
  return {
    overall,
    checks: checks.map(({ name, status, fix }) => [name, status, ...(fix === null ? [] : [fix])]),
  };
}

describe('a service', () => {
  it('that is not there is that, and nothing else', () => {
    expect(look([pod('web-1'), object('Service', 'web', { namespace: 'other' })])).toEqual({
      overall: 'error',
      checks: [['service-exists', 'error']],
    });
  });

  it('with ready pods is healthy', () => {
    expect(look([SERVICE, pod('web-1'), pod('web-2')])).toEqual({
      overall: 'healthy',
      checks: [
        ['service-exists', 'pass'],
        ['endpoints-exist', 'pass'],
        ['selector-match', 'pass'],
        ['pods-ready', 'pass'],
        ['port-config', 'pass'],
      ],
    });
  });

  it('with some pods that are not ready is a warning, with none an error', () => {
    const message = 'CrashLoopBackOff';
    expect(look([SERVICE, pod('web-1'), pod('web-2', { ready: false, message })])).toMatchObject({
      overall: 'warning',
      checks: expect.arrayContaining([['pods-ready', 'warning']]),
    });
    const { checks } = diagnose(findService(document(), 's'), [
      SERVICE,
      pod('web-1', { ready: false, message }),
    ]);
    expect(checks.find(({ name }) => name === 'pods-ready')).toMatchObject({
      status: 'error',
      message: '0 of 1 pods are ready: web-1 CrashLoopBackOff',
    });
  });

  it('of a load balancer waits for its address', () => {
    const written = document({ type: 'LoadBalancer' });
    expect(look([SERVICE, pod('web-1')], written)).toMatchObject({
      overall: 'warning',
      checks: [{}, {}, ['loadbalancer-provisioned', 'warning'], {}, {}, {}],
    });
    const given = object('Service', 'web', { facts: { externalIPs: ['192.0.2.1'] } });
    expect(look([given, pod('web-1')], written).overall).toBe('healthy');
  });

  it('that means no pod can be pointed at its workload', () => {
    const written = document({ selector: { app: 'wbe' } });
    expect(look([SERVICE, pod('web-1')], written)).toEqual({
      overall: 'error',
      checks: [
        ['service-exists', 'pass'],
        ['endpoints-exist', 'error'],
        ['selector-match', 'error', 'selector-fix'],
        ['pods-ready', 'error'],
        ['port-config', 'warning'],
      ],
    });
    expect(look([SERVICE]).checks[2]).toEqual(['selector-match', 'error']);
  });

  it('whose port is not one of the pods can be led to theirs', () => {
    expect(look([SERVICE, pod('web-1')], document({ targetPort: 81 })).checks.at(-1)).toEqual([
      'port-config',
      'error',
      'port-fix',
    ]);
    const named = [{ containerPort: 8080, name: 'http' }];
    expect(look([SERVICE, pod('web-1', { ports: named })], document({ targetPort: 'http' })).overall).toBe(
      'healthy',
    );
    expect(look([SERVICE, pod('web-1', { ports: [] })], document({ targetPort: 81 })).overall).toBe(
      'healthy',
    );
    const several = document({
      ports: [
        { name: 'a', port: 1, targetPort: 81 },
        { name: 'b', port: 2 },
      ],
    });
    expect(look([SERVICE, pod('web-1')], several).checks.at(-1)).toEqual(['port-config', 'error']);
  });

  it('is known by its node', () => {
    expect(() => findService(document(), 'none')).toThrow(expect.objectContaining({ code: 'UNKNOWN_NODE' }));
    expect(() => findService(document(), 'w')).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
    expect(() => findService(null, 's')).toThrow(expect.objectContaining({ code: 'UNKNOWN_NODE' }));
  });
});

describe('a fix', () => {
  it('points a service at its workload', () => {
    const written = document({ selector: { app: 'wbe' } });
    const planned = planFix(findService(written, 's'), 'selector-fix');
    expect(planned.fix.yaml).toBe(`apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
spec:
  type: ClusterIP
  selector:
    app: web
  ports:
    - port: 80
      targetPort: 8080
`);
    const after = { ...written, ...repaired(written, 's', planned.changes) };
    expect(after.nodes[0]).toMatchObject({ data: { name: 'web', port: 80, targetApp: 'web' } });
    expect(findService(after, 's').selector).toEqual({ app: 'web' });
    expect(after.nodes.slice(1)).toEqual(written.nodes.slice(1));
  });

  it.each([
    [{ targetPort: 81 }, { targetPort: 8080 }],
    [
      { ports: [{ name: 'http', port: 80, targetPort: 81 }] },
      { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    ],
  ])('leads the port of %j to that of the workload', (data, after) => {
    const { changes } = planFix(findService(document(data), 's'), 'port-fix');
    expect(changes).toEqual(after);
  });

  it.each([
    ['selector-fix', document(), 'is pointed at web already'],
    ['selector-fix', document({ name: 'x', targetApp: 'y' }, { edges: [] }), 'no workload can be told'],
    ['port-fix', document(), 'leads to port 8080 already'],
    ['port-fix', document({}, { nodes: [], edges: [] }), 'cannot be told'],
    ['port-fix', document({ ports: [{ port: 1 }, { port: 2 }] }), 'has 2 ports'],
    ['metallb-pool', document(), 'MetalLB and its pools are set up there'],
    ['rm -rf', document(), 'unknown fix type: rm -rf'],
    ['constructor', document(), 'unknown fix type: constructor'],
  ])('%s is refused with the reason', (type, written, message) => {
    expect(() => planFix(findService(written, 's'), type)).toThrow(message);
  });

  it('is committed as it was shown, whatever its spaces and comments', () => {
    const planned = planFix(findService(document({ targetPort: 81 }), 's'), 'port-fix');
    const { yaml } = planned.fix;
    expect(() =>
      requireSame(`# looked at\n${yaml.replace('kind: Service', '"kind":   Service')}`, planned),
    ).not.toThrow();
    for (const other of [
      `${yaml}---\n${yaml}`,
      yaml.replace('8080', '22'),
      yaml.replace('Service', 'ClusterRoleBinding'),
      `${yaml}status: {}\n`,
      '',
      'a: [',
    ])
      expect(() => requireSame(other, planned), other).toThrow(
        expect.objectContaining({ code: 'BAD_OPTIONS' }),
      );
  });
});
