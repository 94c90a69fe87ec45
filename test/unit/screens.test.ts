import { describe, expect, it } from 'vitest';
import { formatPlan } from '../../reconciler/plan/format-plan.ts';
import { runFakeCli } from '../support/cli/cli-harness.ts';
import { renderTerminalSvg } from '../support/screens/ansi-svg.ts';
import { screenOf, widthOfScreen } from '../support/screens/screen.ts';
import { planStory, tellStory } from '../support/screens/story.ts';

/*
 * The pictures of the documentation: what a terminal of 80 and one of 140 columns shows. `npm run screens` draws them anew; a row here is all that
 * another command needs.
 */
const SCREENS: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: 'plan', argv: ['plan', '--stack', 'shop', '--stack', 'blog'] },
  { name: 'apply', argv: ['apply', '--stack', 'shop', '--yes'] },
  { name: 'status', argv: ['status'] },
  { name: 'status-stack', argv: ['status', '--stack', 'shop'] },
  { name: 'history', argv: ['history', 'shop'] },
  { name: 'jobs', argv: ['jobs'] },
  { name: 'drift', argv: ['drift', 'shop'] },
  { name: 'adopt', argv: ['adopt'] },
  { name: 'adopt-project', argv: ['adopt', 'vaultwarden', '--yes'] },
];

describe.each([80, 140])('at %i columns', (columns) => {
  it.each(SCREENS)('docs/screens has what $name prints today', async ({ name, argv }) => {
    const world = await tellStory();
    // No checkout, whose remotes would be spoken of.
    const { stdout, stderr } = await runFakeCli([...argv, '--repo', '/srv/config'], world, {
      isTerminal: true,
      columns,
      env: { FORCE_COLOR: '1' },
    });
    const screen = screenOf(`${stdout}${stderr}`);
    expect(widthOfScreen(screen)).toBeLessThanOrEqual(columns);
    await expect(renderTerminalSvg(`$ kombinator ${argv.join(' ')}\n${screen}`, columns)).toMatchFileSnapshot(
      `../../docs/screens/${name}-${columns}.svg`,
    );
  });
});

it('docs/plan.svg, the picture in README.md, is a plan as it is printed today', async () => {
  const { shop } = await planStory();
  const text = `$ kombinator plan\n${formatPlan(shop, { color: true, width: 110 })}`;
  await expect(renderTerminalSvg(text, 110)).toMatchFileSnapshot('../../docs/plan.svg');
});
