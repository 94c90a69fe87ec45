import { describe, expect, it } from 'vitest';
import { changingPlan, runFakeCli } from '../../support/cli/cli-harness.ts';

describe('apply', () => {
  it('applies stacks after those that they wait for, and lets a freeze be overridden', async () => {
    const plans = { app: changingPlan('app', { waitsFor: ['db', 'elsewhere'] }), db: changingPlan('db') };
    const { code, applied } = await runFakeCli(['apply', '--override-freeze'], { plans });
    expect(code).toBe(0);
    expect(applied).toMatchObject([
      { stack: 'db', overrideFreeze: true },
      { stack: 'app', overrideFreeze: true },
    ]);
  });
});
