import { describe, expect, it } from 'vitest';
import type { ResourceId } from '../../../reconciler/model/resource.ts';
import type { Change, Plan } from '../../../reconciler/plan/plan.ts';
import { showLine, showText } from '../../../reconciler/base/shown-text.ts';
import { formatDiagnostic } from '../../../reconciler/base/diagnostic.ts';
import { formatPlan, formatPlanGraph } from '../../../reconciler/plan/format-plan.ts';
import { markCodes, markColours, showPainted, withoutColours } from '../../../api/text/paint.ts';
import { toPlainText } from '../../../api/text/table.ts';
import { formatStep } from '../../../api/cli/terminal/progress.ts';
import { formatLogLine } from '../../../api/cli/terminal/logger.ts';
import { createStyle } from '../../../api/cli/terminal/terminal.ts';
import { buildStep, buildStoredPlan } from '../../support/records.ts';

/** Goes up a line, erases it, colours, sets a title, turns the order round, and hides. */
const EVIL = 'a\u001B[1A\u001B[2K\u001B[8m\u001B]0;t\u0007\r\u009B2J\u202Eb\u200B\u{E0041}\u2028c';
const SHOWN = 'a\\x1b[1A\\x1b[2K\\x1b[8m\\x1b]0;t\\x07\\r\\u009b2J\\u202eb\\u200b\\udb40\\udc41\\u2028c';

function evilPlan(): Plan {
  const change: Change = {
    id: EVIL as ResourceId,
    action: 'create',
    target: 'local',
    kind: 'container',
    name: EVIL,
    before: null,
    after: {},
    fields: [{ path: EVIL, before: null, after: EVIL }],
    cause: EVIL,
    dependsOn: [],
    verify: false,
    origin: { file: EVIL, line: 1, column: 1 },
  };
  return { ...buildStoredPlan(EVIL), changes: [change] };
}

describe('a text of others', () => {
  it('is shown with everything written out that a terminal would obey', () => {
    expect(showLine(`${EVIL}\n\t`)).toBe(`${SHOWN}\\n\\t`);
    expect(showText(`${EVIL}\n\té ü 漢字 🙂`)).toBe(`${SHOWN}\n\té ü 漢字 🙂`);
  });

  it('stays the same JSON', () => {
    const document = { text: EVIL, more: ['\u007F\u00AD'] };
    expect(JSON.parse(showText(JSON.stringify(document, null, 2)))).toEqual(document);
  });

  it('is written out in plans, findings, steps and logs', () => {
    const plan = evilPlan();
    const texts = [
      formatPlan(plan),
      formatPlanGraph(plan),
      formatDiagnostic({ severity: 'error', code: 'X', message: EVIL, file: EVIL, path: EVIL, hint: EVIL }),
      formatStep(
        EVIL,
        buildStep('job', 0, { name: EVIL, status: 'failed', message: EVIL }),
        createStyle(false),
      ),
      formatLogLine(JSON.stringify({ level: 'info', msg: 'm', err: EVIL }), createStyle(false)),
      toPlainText(EVIL),
    ];
    for (const text of texts) {
      expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\p{Zl}/u);
      expect(text).toContain('\\x1b[1A');
    }
  });
});

describe('a painted text', () => {
  const style = createStyle(true);

  it('goes out with our codes, and with none of what is painted', () => {
    expect(showPainted(style.bad(EVIL))).toBe(`\u001B[31m${SHOWN}\u001B[39m`);
    expect(showPainted(style.bold(`x${style.dim('y')}`))).toBe('\u001B[1mx\u001B[2my\u001B[22m\u001B[22m');
    const coloured = markCodes(formatPlan(evilPlan(), { color: true }));
    expect(showPainted(coloured)).toContain('\u001B[32m');
    const rest = showPainted(coloured).replaceAll(/\p{Cc}\[\d+m/gu, '');
    expect(rest).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
  });

  it('lets colours of a log through when they are wanted, and nothing else', () => {
    const line = '\u001B[1;31mred\u001B[0m\u001B[2J\u001B]0;t\u0007';
    expect(showPainted(markColours(line))).toBe('\u001B[1;31mred\u001B[0m\\x1b[2J\\x1b]0;t\\x07\u001B[0m');
    expect(showPainted(withoutColours(line))).toBe('red\\x1b[2J\\x1b]0;t\\x07');
  });
});
