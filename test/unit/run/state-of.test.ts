import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { PartlyApplied } from '../../../reconciler/run/apply/execution.ts';
import type { Decision, Gate, Restraint } from '../../../reconciler/run/decide/decide.ts';
import { stateOf } from '../../../reconciler/run/decide/state-of.ts';
import type { Applied, Planned } from '../../../reconciler/run/decide/state-of.ts';
import { planFor, running, wanted } from '../../support/builders.ts';

const web = wanted('container', 'web', { name: 'shop-web-1', image: 'i' });
const toCreate = planFor({ desired: [web] });
const inSync = planFor({ desired: [web], observed: [running(web)] });
const unwell = planFor({ desired: [web], observed: [running(web, { health: { status: 'unhealthy' } })] });
const data = wanted('volume', 'data', { name: 'shop_data' });
const keepsData = planFor({ mode: 'destroy', observed: [running(data, { guarded: true })] });
const net = wanted('network', 'net', { name: 'shop_net' });
const keepsNetwork = planFor({ mode: 'destroy', observed: [running(net, { heldBy: ['other-web-1'] })] });
const gone = planFor({ mode: 'destroy', observed: [] });

const restraint = (kind: Restraint['kind']): Restraint => ({
  kind,
  reason: kind,
  waitsFor: { what: 'person' },
});
const gate = (kind: Gate['kind']): Gate => ({
  kind,
  code: 'FROZEN',
  reason: kind,
  waitsFor: { what: 'time', afterMs: 1 },
});

function planned(decision: Decision, more: Partial<Planned> = {}): Planned {
  const nothing = { keepsRemoved: false, drifted: false, proposal: null, lastRun: null };
  return { at: 'planned', plan: toCreate, decision, described: true, ...nothing, ...more };
}

const APPLY: Decision = { kind: 'apply', repairs: false };
const failed = {
  status: 'failed',
  error: { code: 'PORT_TAKEN', message: 'taken', retryable: true },
} as const;

describe('the state of a stack that was planned', () => {
  it.each<{ when: string; situation: Planned; state: string; message: string | null }>([
    {
      when: 'it is as described',
      situation: planned({ kind: 'in-sync' }, { plan: inSync }),
      state: 'in_sync',
      message: null,
    },
    {
      when: 'it left the repository, and only data is kept',
      situation: planned({ kind: 'in-sync' }, { plan: keepsData, described: false }),
      state: 'removed',
      message: 'local/volume/data kept, because data is only deleted with an explicit yes',
    },
    {
      when: 'it left the repository, and others are on its network',
      situation: planned({ kind: 'in-sync' }, { plan: keepsNetwork, described: false }),
      state: 'removed',
      message: 'local/network/net kept, because others use it: it goes when they are gone',
    },
    {
      when: 'it left the repository, and nothing is left',
      situation: planned({ kind: 'in-sync' }, { plan: gone, described: false }),
      state: 'removed',
      message: null,
    },
    {
      when: 'it is not well',
      situation: planned({ kind: 'unwell' }, { plan: unwell }),
      state: 'degraded',
      message: expect.stringContaining('local/container/web'),
    },
    {
      when: 'it has drifted',
      situation: planned({ kind: 'report-drift' }, { proposal: 'it is proposed' }),
      state: 'drifted',
      message: '1 resource has drifted; it is proposed',
    },
    {
      when: 'it was only looked at',
      situation: planned(APPLY),
      state: 'pending',
      message: '1 change to apply',
    },
    {
      when: 'it was only looked at, and has drifted',
      situation: planned(APPLY, { drifted: true }),
      state: 'drifted',
      message: '1 resource has drifted',
    },
    {
      when: 'it was only looked at, and the last run of the same description failed',
      situation: planned(APPLY, { lastRun: failed }),
      state: 'failed',
      message: 'taken',
    },
    {
      when: 'it was only looked at, and is to be removed',
      situation: planned(APPLY, { described: false }),
      state: 'pending',
      message: 'no longer described: applying removes it',
    },
    {
      when: 'it left a repository that keeps such stacks',
      situation: planned(gate('blocked'), { described: false, keepsRemoved: true }),
      state: 'removed',
      message: 'blocked',
    },
    ...(
      [
        [gate('blocked'), 'blocked'],
        [gate('frozen'), 'pending'],
        [gate('out-of-turn'), 'pending'],
        [restraint('held'), 'failed'],
        [restraint('destroyed'), 'pending'],
        [restraint('stopped'), 'stopped'],
        [restraint('waiting'), 'pending'],
        [restraint('paced'), 'degraded'],
        [restraint('contested'), 'drifted'],
      ] as const
    ).map(([hold, state]) => ({
      when: `it is ${hold.kind}`,
      situation: planned(hold),
      state,
      message: hold.reason,
    })),
  ])('is $state when $when', ({ situation, state, message }) => {
    expect(stateOf(situation, 'unknown')).toEqual({ state, message });
  });
});

describe('the state of a stack that was applied', () => {
  const applied = (more: Partial<Applied>): Applied => {
    const well = { described: true, current: true, destroyed: false, unfinished: null };
    return { at: 'applied', plan: inSync, ...well, ...more };
  };
  it.each<{ when: string; more: Partial<Applied>; state: string; message: string | null }>([
    { when: 'all is done', more: {}, state: 'in_sync', message: null },
    { when: 'a last hook failed', more: { unfinished: 'hook' }, state: 'in_sync', message: 'hook' },
    { when: 'it is described otherwise by now', more: { current: false }, state: 'pending', message: null },
    {
      when: 'that was its end, though it is described',
      more: { plan: gone, destroyed: true, current: false },
      state: 'pending',
      message: expect.stringContaining('destroyed by hand'),
    },
    {
      when: 'it left the repository in the last moments',
      more: { described: false, current: false },
      state: 'pending',
      message: expect.stringContaining('no longer described'),
    },
    {
      when: 'that was its end',
      more: { plan: gone, described: false, current: false },
      state: 'removed',
      message: null,
    },
  ])('is $state when $when', ({ more, state, message }) => {
    expect(stateOf(applied(more), 'applying')).toEqual({ state, message });
  });
});

describe('the state of a stack', () => {
  it.each([
    { error: new Error('x'), interrupted: false, before: 'applying', state: 'failed' },
    { error: new ReconcilerError('UNHEALTHY', 'x'), interrupted: false, before: 'applying', state: 'failed' },
    { error: new ReconcilerError('UNHEALTHY', 'x'), interrupted: true, before: 'applying', state: 'pending' },
    {
      error: new ReconcilerError('CANCELLED', 'x'),
      interrupted: false,
      before: 'applying',
      state: 'pending',
    },
    { error: new ReconcilerError('FROZEN', 'x'), interrupted: false, before: 'pending', state: 'pending' },
    {
      error: new ReconcilerError('CONFIRMATION_REQUIRED', 'x'),
      interrupted: false,
      before: 'in_sync',
      state: 'blocked',
    },
    {
      error: new ReconcilerError('TARGET_UNREACHABLE', 'x'),
      interrupted: false,
      before: 'in_sync',
      state: 'failed',
    },
    {
      error: new ReconcilerError('TARGET_UNREACHABLE', 'x'),
      interrupted: false,
      before: 'degraded',
      state: 'degraded',
    },
    { error: new PartlyApplied('x'), interrupted: false, before: 'applying', state: 'degraded' },
  ] as const)(
    'is $state after a run failed with $error (interrupted: $interrupted) that was $before',
    ({ error, interrupted, before, state }) => {
      const shown = stateOf({ at: 'failed', error, interrupted }, before);
      expect(shown).toEqual({ state, message: error.message });
    },
  );

  it('says what comes first: the push, the first error of the description, the job', () => {
    const pushed = stateOf({ at: 'pushed', commit: '0123456789abcdef' }, 'in_sync');
    expect(pushed).toEqual({ state: 'pending', message: 'revision 0123456789 is to be looked at' });
    const error = { severity: 'error', code: 'UNKNOWN_KEY', message: 'no such key' } as const;
    expect(stateOf({ at: 'invalid', errors: [error] }, 'in_sync')).toEqual({
      state: 'invalid',
      message: 'no such key',
    });
    expect(stateOf({ at: 'working' }, 'failed')).toEqual({ state: 'applying', message: null });
  });
});
