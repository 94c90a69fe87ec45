import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { Hold } from '../../../reconciler/run/decide/decide.ts';
import type { Situation } from '../../../reconciler/run/decide/state-of.ts';
import { waitOf } from '../../../reconciler/run/decide/wait-of.ts';
import { planFor, wanted } from '../../support/builders.ts';

const plan = planFor({ desired: [wanted('container', 'web', { image: 'i' })] });

function planned(decision: Hold | { readonly kind: 'in-sync' }): Situation {
  const nothing = { keepsRemoved: false, drifted: false, proposal: null, lastRun: null };
  return { at: 'planned', plan, decision, described: true, ...nothing };
}

const gate = { code: 'FROZEN', reason: 'so it is' } as const;

describe('the thing that a stack waits for', () => {
  it.each<{ when: string; situation: Situation; wait: object | null }>([
    { when: 'it is as described', situation: planned({ kind: 'in-sync' }), wait: null },
    { when: 'a job acts on it', situation: { at: 'working' }, wait: null },
    {
      when: 'it is frozen for longer than anybody sleeps',
      situation: planned({ kind: 'frozen', ...gate, waitsFor: { what: 'time', afterMs: 1 }, until: 2_000 }),
      wait: {
        reason: 'frozen',
        message: 'Nothing is changed at the moment, as the operator has set it: so it is',
        until: '1970-01-01T00:00:02.000Z',
      },
    },
    {
      when: 'it is frozen without an end',
      situation: planned({
        kind: 'frozen',
        ...gate,
        waitsFor: { what: 'time', afterMs: 1 },
        until: Number.POSITIVE_INFINITY,
      }),
      wait: {
        reason: 'frozen',
        message: 'Nothing is changed at the moment, as the operator has set it: so it is',
      },
    },
    {
      when: 'it was repaired too often',
      situation: planned({ kind: 'paced', reason: 'often', waitsFor: { what: 'time', afterMs: 500 } }),
      wait: {
        reason: 'paced',
        message: 'It was repaired often lately, and is left alone for a while: often',
        until: '1970-01-01T00:00:01.500Z',
      },
    },
    {
      when: 'somebody has to say yes',
      situation: planned({ kind: 'blocked', ...gate, waitsFor: { what: 'person' } }),
      wait: { reason: 'blocked', message: 'Somebody has to confirm it: so it is' },
    },
    {
      when: 'something is in the way',
      situation: planned({ kind: 'blocked', ...gate, waitsFor: { what: 'target', afterMs: 30_000 } }),
      wait: { reason: 'blocked', message: 'Something on the node is in the way: so it is' },
    },
    {
      when: 'somebody stopped it',
      situation: planned({ kind: 'stopped', reason: 'stopped by Ada', waitsFor: { what: 'person' } }),
      wait: { reason: 'stopped', message: 'Stopped by Ada' },
    },
    {
      when: 'whoever asked was refused',
      situation: {
        at: 'failed',
        error: new ReconcilerError('DEPENDENCY_NOT_READY', 'waits for db'),
        interrupted: false,
      },
      wait: { reason: 'out-of-turn', message: 'Another stack comes first: waits for db' },
    },
    {
      when: 'it failed',
      situation: { at: 'failed', error: new ReconcilerError('PORT_TAKEN', 'taken'), interrupted: false },
      wait: null,
    },
  ])('is told when $when', ({ situation, wait }) => {
    expect(waitOf(situation, 1_000)).toEqual(wait);
  });
});
