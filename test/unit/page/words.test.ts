import { describe, expect, it } from 'vitest';
import { tellAfterCommit, whyKept } from '../../../api/web/client/after-commit.ts';
import { agree, count, enumerate, withArticle } from '../../../api/web/client/words.ts';

describe('words of the page', () => {
  it.each([
    [count(0, 'stack'), '0 stacks'],
    [count(1, 'stack'), '1 stack'],
    [count(1234, 'entry'), '1,234 entries'],
    [count(2, 'day'), '2 days'],
    [count(2, 'Ingress'), '2 Ingresses'],
    [count(2, 'NetworkPolicy'), '2 NetworkPolicies'],
    [count(2, 'further one'), '2 further ones'],
    [`${count(1, 'file')} ${agree(1, 'differs', 'differ')}`, '1 file differs'],
    [`${count(3, 'file')} ${agree(3, 'differs', 'differ')}`, '3 files differ'],
    [withArticle('admin'), 'an admin'],
    [withArticle('viewer'), 'a viewer'],
    [enumerate([]), ''],
    [enumerate(['nas']), 'nas'],
    [enumerate(['nas', 'vps', 'pi']), 'nas, vps and pi'],
  ])('reads %j', (told, wanted) => {
    expect(told).toBe(wanted);
  });
});

describe('what becomes of a commit', () => {
  const hold = { by: 'admin', reason: null, at: '2026-01-01T00:00:00Z' };
  const waiting = (reason: string) => ({ hold: null, waits: { reason, message: 'because' } });

  it.each([
    ['it is held', { hold }, 'it is held as it is'],
    [
      'it is held, and waits for something else',
      { hold, waits: waiting('blocked').waits },
      'it is held as it is',
    ],
    ['it waits since it is held', waiting('on-hold'), 'it is held as it is'],
    ['changes are frozen', waiting('frozen'), 'the operator has frozen changes'],
    ['it is applied by hand', waiting('waiting'), 'it is applied by hand only'],
    ['the description before has failed for good', waiting('held'), null],
    ['it was stopped', waiting('stopped'), null],
    ['another one comes first', waiting('out-of-turn'), null],
    ['nothing is in its way', { hold: null, waits: null }, null],
    ['the daemon knows no holds', {}, null],
  ])('is told where %s', (_, stack, why) => {
    expect(whyKept(stack)).toBe(why);
    expect(tellAfterCommit(stack)).toBe(
      why === null
        ? 'it is applied next, unless something is in its way'
        : `nothing is applied for now, since ${why}`,
    );
  });

  it('is told of a new stack without a promise', () => {
    expect(tellAfterCommit(null)).toBe('it is applied next, unless something is in its way');
  });
});
