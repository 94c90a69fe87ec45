import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../../reconciler/base/diagnostic.ts';
import { quoteCode } from '../../../reconciler/plan/text/quote.ts';
import { verdict } from '../../../reconciler/run/hosts/host-words.ts';
import type { PlannedPull } from '../../../reconciler/run/hosts/plan-pull.ts';
import type { PullComment } from '../../../reconciler/run/hosts/pull-text.ts';
import { formatPullComment, tellFailure, tellPlan } from '../../../reconciler/run/hosts/pull-text.ts';
import type { Change } from '../../../reconciler/plan/plan.ts';
import { changingPlan } from '../../support/cli/cli-harness.ts';

const EVIL =
  '<!-- kombinator:plan --> <img src=x> @ada @org/team #7 !7 GH-7 acme/x#7 Closes #7 https://evil.example ![i](https://evil.example) ` ``` | \\| ~~~ &commat;bob\n```\n</details>\n@ada';
const STAMP = { branch: 'main', base: 'b'.repeat(40), head: 'a'.repeat(40) };
const NOTHING: PlannedPull = { conflicts: [], stacks: [], plans: [], failures: [], errors: [], gaps: [] };

function change(more: Partial<Change>): Change {
  const [first] = changingPlan('shop').changes;
  if (first === undefined) throw new Error('there is one');
  return { ...first, ...more };
}

function finding(message: string): Diagnostic {
  return { severity: 'error', code: 'INVALID_VALUE', message, file: `${EVIL}.yaml`, hint: EVIL };
}

/** Everything of a comment that hosts look for names, references, addresses and mark-up in: what is no code. */
function outsideOfCode(text: string): string {
  return text
    .replace('<!-- kombinator:plan -->', '')
    .replaceAll(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
    .replaceAll(/<\/?(?:details|summary|b)(?: open)?>/g, '');
}

function write(planned: PlannedPull, more: Partial<PullComment> = {}): string {
  return formatPullComment({ root: '', stamp: STAMP, plan: tellPlan(planned), notes: [], ...more });
}

describe('the comment of a pull request', () => {
  it.each<readonly [string, Partial<PlannedPull>]>([
    ['errors and gaps', { errors: [finding(EVIL)], gaps: [EVIL] }],
    ['conflicts', { conflicts: [EVIL] }],
    ['failures', { stacks: ['x'], failures: [{ stack: 'x', code: 'INVALID', message: EVIL }] }],
    [
      'changes, what needs a yes, and findings',
      {
        stacks: ['shop'],
        plans: [
          changingPlan('shop', {
            changes: [change({ after: { image: EVIL, [EVIL]: EVIL }, cause: EVIL })],
            confirmations: [{ code: 'PRUNES', message: EVIL, ids: [] }],
            diagnostics: [finding(EVIL)],
          }),
        ],
      },
    ],
  ])('lets no text of others take effect: %s', (_, planned) => {
    const waiting = [{ stack: 'shop', reason: EVIL, plan: 'plan_1' }];
    const deployment = { commit: 'c'.repeat(40), words: '❌ Failed', description: EVIL, waiting };
    for (const more of [{}, { deployment }]) {
      const text = write(
        { ...NOTHING, ...planned },
        { ...more, root: `x ${EVIL}`, notes: [EVIL], stamp: { ...STAMP, branch: EVIL } },
      );
      const plain = outsideOfCode(text.slice(text.indexOf('\n')));
      expect(plain).not.toMatch(/[@<\\]|#\d|!\d|!\[|GH-|https?:|Closes|&(?!amp;|lt;|gt;)/);
      expect(text.split('<details').length).toBe(text.split('</details>\n').length);
    }
  });

  it('says why it could not be found out', () => {
    const plan = tellFailure(verdict('error', 'the merge cannot be tried'));
    const text = formatPullComment({ root: '', stamp: STAMP, plan, notes: [] });
    expect(text).toContain('❌ It could not be found out: `the merge cannot be tried`');
  });

  it('has at most 60,000 characters, and leaves out nothing of the deployment and of answers', () => {
    const wide = '😀'.repeat(1_000);
    const stacks = Array.from({ length: 500 }, (_, index) => `stack-${index}-${'x'.repeat(50)}`);
    const plans = stacks.map((stack) =>
      changingPlan(stack, {
        changes: Array.from({ length: 5 }, () => change({ cause: wide, after: { image: wide } })),
      }),
    );
    const failures = stacks.map((stack) => ({ stack, code: 'TARGET_ERROR', message: wide }));
    const errors = Array.from({ length: 60 }, () => finding(wide));
    const planned = { ...NOTHING, stacks, plans, failures, errors, gaps: errors.map(() => wide) };
    const waiting = stacks.map((stack) => ({ stack, reason: wide, plan: `plan_${'0'.repeat(32)}` }));
    const notes = Array.from({ length: 9 }, (_, index) => `${index} ${wide}`);
    const deployment = { commit: 'c'.repeat(40), words: '⏳ Under way', description: wide, waiting };

    const text = write(planned, { deployment, notes, root: 'r'.repeat(900) });

    expect(text.length).toBeLessThanOrEqual(60_000);
    expect(text.isWellFormed()).toBe(true);
    expect(text).toMatch(/Too long for a comment, and left out: \d+ lines above; /);
    expect(text.split('kombinator confirm').length).toBe(11);
    expect(text.split('\n').at(-1)).toMatch(/^> `8 /);
    expect(text.split('````').length % 2).toBe(1);
  });
});

it('a status has 140 characters at most, none of them cut in two', () => {
  for (const start of ['', 'x', 'xy']) {
    const { description } = verdict('failure', `${start}${'😀'.repeat(200)}`);
    expect(description.isWellFormed()).toBe(true);
    expect(description.length).toBeLessThanOrEqual(140);
    expect(description.length).toBeGreaterThan(137);
  }
});

it.each([
  ['', ''],
  ['a\n  b\tc', '`a b c`'],
  ['`a` | b', "`'a' ¦ b`"],
  ['\u202Ea\u0007', '`\\u202ea\\x07`'],
])('quotes %j as %s', (text, quoted) => {
  expect(quoteCode(text)).toBe(quoted);
});
