import { describe, expect, it } from 'vitest';
import type { Telling } from '../../chaos/quiet.ts';
import { judge } from '../../chaos/quiet.ts';
import { breakWith, removeStack } from '../../chaos/world/mutations.ts';
import { buildModel } from './builders.ts';

const model = buildModel();

function telling(states: Readonly<Record<string, object>> = {}, more: Partial<Telling> = {}): Telling {
  const all = { s1: {}, s2: {}, s3: {}, ...states };
  const stacks = Object.entries(all).map(([name, view]) => ({
    name,
    state: 'in_sync',
    message: null,
    ...view,
  }));
  return {
    repository: { error: null, revision: { commit: 'head' } },
    stacks,
    running: [],
    tags: 'ok',
    ...more,
  };
}

describe('a daemon', () => {
  it('is quiet when every stack is in sync at the newest commit', () => {
    expect(judge(model, 'head', telling())).toEqual({ kind: 'quiet' });
  });

  it.each([
    { of: telling({}, { repository: { error: { code: 'X', message: 'away' } } }), says: 'away' },
    {
      of: telling({}, { repository: { error: null, revision: { commit: 'old' } } }),
      says: 'not yet at head',
    },
    { of: telling({ s1: { state: 'applying' } }), says: 's1 is applying' },
    { of: telling({ s9: { state: 'applying' } }), says: 's9 is described no more' },
    { of: telling({}, { running: [{ id: 'j1', stack_id: 's1' }] }), says: 'j1 of s1 is running' },
    { of: telling({}, { tags: 'waiting' }), says: 'not tagged yet' },
    { of: { ...telling(), stacks: [] }, says: 's1 is not listed' },
  ])('is busy while $says', ({ of, says }) => {
    expect(judge(model, 'head', of)).toEqual({ kind: 'busy', reason: expect.stringContaining(says) });
  });

  it('is quiet with a removed stack whose volumes are kept', () => {
    expect(judge(model, 'head', telling({ s9: { state: 'removed', message: 'volume kept' } }))).toEqual({
      kind: 'quiet',
    });
  });

  it('waits for a yes where several stacks have left', () => {
    const message =
      '3 stacks are no longer described while 1 is left; apply or destroy this one to remove it';
    const without = removeStack(model, 's3').model;

    expect(judge(without, 'head', telling({ s3: { state: 'blocked', message } }))).toMatchObject({
      kind: 'confirm',
      stack: 's3',
    });
  });
});

describe('a broken description', () => {
  const broken = breakWith(model, 's1', { kind: 'schema' }).model;

  it('is quiet as invalid, and its dependants may wait', () => {
    const states = { s1: { state: 'invalid' }, s2: { state: 'pending', message: 'waits for s1' } };

    expect(judge(broken, 'head', telling(states))).toEqual({ kind: 'quiet' });
  });

  it('is never in sync', () => {
    expect(judge(broken, 'head', telling())).toMatchObject({ kind: 'busy' });
  });
});
