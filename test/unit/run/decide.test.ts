import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../reconciler/model/stack.ts';
import { decide } from '../../../reconciler/run/decide/decide.ts';
import type { DecisionInput } from '../../../reconciler/run/decide/decide.ts';
import { tooManyRemovals } from '../../../reconciler/run/observe/orphans.ts';
import { planFor, running, wanted } from '../../support/builders.ts';

const web = wanted('container', 'web', { name: 'shop-web-1', image: 'i' });
const toCreate = planFor({ desired: [web] });
const inSync = planFor({ desired: [web], observed: [running(web)] });
const unwell = planFor({ desired: [web], observed: [running(web, { health: { status: 'unhealthy' } })] });
const toDestroy = planFor({ mode: 'destroy', observed: [running(web)] });
const alert = { ...DEFAULT_POLICY, drift: 'alert' } as const;

describe('decide', () => {
  it.each<{ when: string; input: Partial<DecisionInput>; kind: string }>([
    { when: 'all is as described', input: { plan: inSync }, kind: 'in-sync' },
    { when: 'something is not healthy', input: { plan: unwell }, kind: 'unwell' },
    {
      when: 'something is not healthy and somebody asks',
      input: { plan: unwell, requested: true },
      kind: 'apply',
    },
    { when: 'it was pushed', input: { plan: toCreate }, kind: 'apply' },
    {
      when: 'it drifted and is to be fixed',
      input: { plan: toCreate, deployedDesired: toCreate.desired },
      kind: 'apply',
    },
    {
      when: 'it drifted and is to be reported',
      input: { plan: toCreate, deployedDesired: toCreate.desired, policy: alert },
      kind: 'report-drift',
    },
    {
      when: 'it drifted, is to be reported, and somebody asks',
      input: { plan: toCreate, deployedDesired: toCreate.desired, policy: alert, requested: true },
      kind: 'apply',
    },
    {
      when: 'it is new, and drift is to be reported',
      input: { plan: toCreate, policy: alert },
      kind: 'apply',
    },
    {
      when: 'the same description failed for good',
      input: { plan: toCreate, heldDesired: toCreate.desired },
      kind: 'held',
    },
    {
      when: 'the same description failed for good and somebody asks',
      input: { plan: toCreate, heldDesired: toCreate.desired, requested: true },
      kind: 'apply',
    },
    {
      when: 'another description failed for good',
      input: { plan: toCreate, heldDesired: 'other' },
      kind: 'apply',
    },
    {
      when: 'somebody stopped it',
      input: { plan: toCreate, stopped: { desired: toCreate.desired, by: null } },
      kind: 'stopped',
    },
    {
      when: 'somebody stopped it, and all that ended has done its work',
      input: { plan: inSync, stopped: { desired: inSync.desired, by: null } },
      kind: 'stopped',
    },
    {
      when: 'somebody stopped it and somebody asks',
      input: { plan: toCreate, stopped: { desired: toCreate.desired, by: null }, requested: true },
      kind: 'apply',
    },
    {
      when: 'somebody stopped it and it is described otherwise now',
      input: { plan: toCreate, stopped: { desired: 'other', by: null } },
      kind: 'apply',
    },
    {
      when: 'somebody stopped it and it left the repository',
      input: { plan: toDestroy, stopped: { desired: toDestroy.desired, by: null }, confirmed: true },
      kind: 'apply',
    },
    { when: 'it needs a yes', input: { plan: toDestroy }, kind: 'blocked' },
    { when: 'it needs a yes and has one', input: { plan: toDestroy, confirmed: true }, kind: 'apply' },
  ])('says $kind when $when', ({ input, kind }) => {
    const quiet = {
      policy: DEFAULT_POLICY,
      requested: false,
      confirmed: false,
      heldDesired: null,
      lastRun: null,
      stopped: null,
      onHold: null,
      stillUp: [],
      doubt: null,
      gate: null,
      pause: null,
      deployedDesired: null,
    };
    expect(decide({ plan: inSync, ...quiet, ...input }).kind).toBe(kind);
  });
});

describe('tooManyRemovals', () => {
  it.each([
    { removed: 1, left: 0, blocked: false },
    { removed: 2, left: 2, blocked: false },
    { removed: 2, left: 1, blocked: true },
    { removed: 5, left: 4, blocked: true },
    { removed: 5, left: 50, blocked: false },
  ])('$removed gone, $left left: blocked $blocked', ({ removed, left, blocked }) => {
    expect(tooManyRemovals(removed, left, null) !== null).toBe(blocked);
  });

  it.each([
    { removed: 0, bound: 0, blocked: false },
    { removed: 1, bound: 0, blocked: true },
    { removed: 3, bound: 3, blocked: false },
    { removed: 4, bound: 3, blocked: true },
  ])('$removed gone, $bound allowed: blocked $blocked', ({ removed, bound, blocked }) => {
    expect(tooManyRemovals(removed, 2, bound) !== null).toBe(blocked);
  });

  it('says how many may go', () => {
    expect(tooManyRemovals(1, 9, 0)).toMatch(
      /^1 stack is no longer described, and the operator lets none go at once/,
    );
  });
});
