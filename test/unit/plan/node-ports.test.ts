import { describe, expect, it } from 'vitest';
import type { DesiredResource } from '../../../reconciler/model/resource.ts';
import { planFor, running, wanted } from '../../support/builders.ts';

const service = (name: string, nodePort?: number): DesiredResource =>
  wanted('Service', `shop/${name}`, {
    metadata: { name, namespace: 'shop' },
    spec: { ports: [{ port: 80, protocol: 'TCP', ...(nodePort === undefined ? {} : { nodePort }) }] },
  });
const pods = (name: string, behind: DesiredResource): DesiredResource =>
  wanted('Deployment', `shop/${name}`, { name }, { dependsOn: [{ id: behind.id, until: 'applied' }] });
/** Refused as an API server refuses it. */
const refused = (resource: DesiredResource, takenPorts?: readonly number[]) =>
  running(resource, {
    hash: null,
    health: { status: 'missing' },
    dryRun: {
      fields: [],
      immutable: null,
      conflicts: [],
      refused: 'provided port is already allocated',
      ...(takenPorts === undefined ? {} : { takenPorts }),
    },
  });

describe('a port of the nodes', () => {
  it('is given up by a Service that goes before the one that takes it, and before the pods that wait for that', () => {
    const [old, next] = [service('old', 31_000), service('next', 31_000)];
    const plan = planFor({
      desired: [next, pods('next', next)],
      observed: [running(old), running(pods('old', old)), refused(next, [31_000])],
    });
    expect(plan.diagnostics).toEqual([]);
    expect(plan.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`)).toEqual([
      'delete Deployment shop/old',
      'delete Service shop/old',
      'create Service shop/next',
      'create Deployment shop/next',
    ]);
  });

  it('is an error for a Service that is refused for more than that, or for the port of a Service that stays', () => {
    const next = service('next', 31_000);
    const stays = service('stays', 31_000);
    const codes = (desired: readonly DesiredResource[], seen: Parameters<typeof planFor>[0]['observed']) =>
      planFor({ desired, observed: seen ?? [] }).diagnostics.map(({ code }) => code);
    expect(codes([next], [running(stays), refused(next)])).toEqual(['TARGET_REFUSES']);
    expect(codes([next, stays], [running(stays), refused(next, [31_000])])).toEqual(['TARGET_REFUSES']);
  });

  it('is let go of for a moment by one of two Services that exchange theirs', () => {
    const desired = [service('x', 31_001), service('y', 31_000)];
    const observed = [service('x', 31_000), service('y', 31_001)].map((resource, index) =>
      running(resource, {
        hash: 'before',
        dryRun: {
          fields: [{ path: 'spec.ports', before: [], after: [] }],
          immutable: null,
          conflicts: [],
          refused: 'provided port is already allocated',
          takenPorts: [index === 0 ? 31_001 : 31_000],
        },
      }),
    );
    const plan = planFor({ desired, observed });
    expect(plan.diagnostics).toEqual([]);
    expect(plan.changes.map(({ dependsOn }) => dependsOn.map(({ until }) => until))).toEqual([
      ['released'],
      ['released'],
    ]);
  });
});

describe('an autoscaler that goes', () => {
  const scaler = wanted('HorizontalPodAutoscaler', 'shop/web', {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } },
  });
  const scaled = (name: string, namespace = 'shop', replicas = 1) =>
    wanted('Deployment', `${namespace}/${name}`, { metadata: { name, namespace }, spec: { replicas } });

  it('goes before its workload, and no other one, gets another number of pods', () => {
    const all = [scaled('web'), scaled('other'), scaled('web', 'else')];
    const before = [scaled('web', 'shop', 3), scaled('other', 'shop', 3), scaled('web', 'else', 3)];
    const plan = planFor({ desired: all, observed: [...before.map((one) => running(one)), running(scaler)] });
    const waiting = plan.changes.filter(({ dependsOn }) => dependsOn.some(({ id }) => id === scaler.id));
    expect(waiting.map(({ id }) => id)).toEqual([scaled('web').id]);
    expect(plan.changes.find(({ id }) => id === scaler.id)?.dependsOn).toEqual([]);
  });
});
