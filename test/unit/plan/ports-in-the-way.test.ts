import { expect, it } from 'vitest';
import type { TargetReference } from '../../../reconciler/model/target.ts';
import { givesUpPorts } from '../../../reconciler/run/decide/ports-in-the-way.ts';
import { planFor, running, wanted } from '../../support/builders.ts';

const local: TargetReference = { name: 'local', kind: 'docker', connection: { type: 'local' } };
const far: TargetReference = { ...local, connection: { type: 'unix', path: '/far.sock' } };
const proxyOn = (hostPort: number) =>
  wanted('container', 'gate', {
    name: 'home-gate-1',
    service: 'gate',
    ports: [{ containerPort: 80, protocol: 'tcp', hostPort }],
  });
const observed = [running(proxyOn(80))];

it.each([
  { when: 'it goes', plan: planFor({ observed }), before: proxyOn(80), target: local, want: true },
  {
    when: 'it stays',
    plan: planFor({ observed, desired: [proxyOn(80)] }),
    before: proxyOn(80),
    target: local,
    want: false,
  },
  {
    when: 'other ports are wanted',
    plan: planFor({ observed }),
    before: proxyOn(8080),
    target: local,
    want: false,
  },
  {
    when: 'they are wanted on another machine',
    plan: planFor({ observed }),
    before: proxyOn(80),
    target: far,
    want: false,
  },
])('a proxy is in the way of the stack before it: $when', ({ plan, before, target, want }) => {
  const stack = { targets: [target], resources: [before] };
  expect(givesUpPorts(plan, { targets: [local] }, stack)).toBe(want);
});

it('nobody is in the way of a stack that is not described', () => {
  expect(givesUpPorts(planFor({ observed }), { targets: [local] }, undefined)).toBe(false);
});
