import { describe, expect, it } from 'vitest';
import type { AdoptionPreview, AdoptRequest, ProjectView } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { FakeWorld } from '../../support/cli/cli-harness.ts';
import { changingPlan, planOf, runFakeCli } from '../../support/cli/cli-harness.ts';
import { projectOf } from '../../support/fakes/adopt/host.ts';

/* `adopt` and `release`: what is asked, what is shown, and what is done after which answer. */

function view(name: string, more: Partial<ProjectView> = {}): ProjectView {
  return {
    ...projectOf(['web', 'db'], { name, directory: `/srv/${name}` }),
    node: null,
    adoptedBy: null,
    ...more,
  };
}

function preview(project: ProjectView, more: Partial<AdoptionPreview> = {}): AdoptionPreview {
  return {
    stack: project.name,
    project,
    files: [`kombinations/${project.name}/kombination.yaml`],
    notes: [
      { kind: 'content', path: 'compose.yaml', message: '' },
      { kind: 'secret', path: 'secrets/A.age', message: 'A of .env' },
      { kind: 'data', path: 'data', message: '' },
      { kind: 'left out', path: 'app', message: 'it is too large for a repository' },
    ],
    plan: planOf(project.name),
    diagnostics: [],
    policy: '',
    ...more,
  };
}

interface World {
  readonly projects: readonly ProjectView[];
  readonly previews?: Readonly<Record<string, Partial<AdoptionPreview>>>;
}

function worldOf({ projects, previews = {} }: World) {
  const adopted: AdoptRequest[] = [];
  const released: string[] = [];
  const world: FakeWorld = {
    plans: Object.fromEntries(projects.map(({ name }) => [name, previews[name]?.plan ?? planOf(name)])),
    more: {
      listProjects: () =>
        Promise.resolve({ projects, unreachable: [{ node: 'far', message: 'it does not answer' }] }),
      previewAdoption: ({ project, node, stack = project }) => {
        const found = projects.find((one) => one.name === project && one.node === node);
        if (found === undefined) throw new ReconcilerError('UNKNOWN_PROJECT', project);
        return Promise.resolve(preview(found, { stack, ...previews[project] }));
      },
      adopt: (request) => {
        adopted.push(request);
        const stack = request.stack ?? request.project;
        return Promise.resolve({
          stack,
          commit: 'c'.repeat(40),
          file: `kombinations/${stack}/kombination.yaml`,
        });
      },
      release: (stack) => {
        released.push(stack);
        return Promise.resolve({ commit: 'd'.repeat(40), file: 'kombinator.yaml' });
      },
    },
  };
  return { world, adopted, released };
}

describe('adopt', () => {
  it('lists what runs, and whose it is', async () => {
    const { world } = worldOf({
      projects: [view('wiki'), view('shop', { node: 'edge', adoptedBy: 'store' })],
    });
    const piped = await runFakeCli(['adopt'], world);
    expect([piped.code, piped.stdout]).toEqual([
      0,
      'wiki\there\tweb, db\t/srv/wiki\t-\nshop\tedge\tweb, db\t/srv/shop\tstore\n',
    ]);
    expect(piped.stderr).toContain('far was not asked: it does not answer');
    const shown = await runFakeCli(['adopt', '--no-color'], world, { isTerminal: true });
    expect(shown.stdout).toContain('kombinator adopt PROJECT takes one over as it runs');
    expect(Math.max(...shown.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('shows what becomes of files, and does nothing without a yes', async () => {
    const { world, adopted } = worldOf({ projects: [view('wiki')] });
    const refused = await runFakeCli(['adopt', 'wiki'], world);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('CONFIRMATION_REQUIRED')]);
    const answered = await runFakeCli(['adopt', 'wiki', '--no-color'], world, {
      isTerminal: true,
      answers: ['no'],
    });
    expect([answered.code, adopted]).toEqual([1, []]);
    expect(answered.stdout).toContain(
      [
        'wiki as the stack wiki',
        '  Committed:',
        '    compose.yaml',
        '  Committed, encrypted:',
        '    secrets/A.age  A of .env',
        '  Data, which stays where it is:',
        '    /srv/wiki/data',
        '  Left out:',
        '    app  it is too large for a repository',
        '  Nothing would change: everything runs as described.',
      ].join('\n'),
    );
  });

  it('takes over all that are free, and applies only what would change', async () => {
    const projects = [view('wiki'), view('shop'), view('own', { adoptedBy: 'own' })];
    const { world, adopted } = worldOf({ projects, previews: { shop: { plan: changingPlan('shop') } } });
    const done = await runFakeCli(['adopt', '--all', '--yes'], world);
    expect(done.stderr).toBe('far was not asked: it does not answer\n');
    expect([done.code, adopted.map(({ project }) => project)]).toEqual([0, ['wiki', 'shop']]);
    expect(done.stdout).toContain('✓ wiki is the stack wiki: commit cccccccccc');
    expect(done.stdout).not.toContain('wiki applied');
  });

  it.each([
    { what: 'one that is not there', args: ['nope'], says: 'there is no Compose project nope' },
    { what: 'one that several nodes have', args: ['twice'], says: 'several nodes have a project twice' },
    { what: 'a name for several', args: ['--all', '--stack', 'x'], says: '--stack is for one project' },
  ])('refuses $what', async ({ args, says }) => {
    const { world, adopted } = worldOf({ projects: [view('twice'), view('twice', { node: 'edge' })] });
    const refused = await runFakeCli(['adopt', ...args, '--yes'], world);
    expect([refused.code, refused.stderr, adopted]).toEqual([1, expect.stringContaining(says), []]);
  });

  it('of a node, under another name', async () => {
    const { world, adopted } = worldOf({ projects: [view('twice'), view('twice', { node: 'edge' })] });
    const args = ['adopt', 'twice', '--node', 'edge', '--stack', 'once', '--yes', '--json'];
    expect((await runFakeCli(args, world)).code).toBe(0);
    expect(adopted).toEqual([{ project: 'twice', node: 'edge', stack: 'once' }]);
  });

  it('refuses what would be no valid stack', async () => {
    const finding = {
      severity: 'error',
      code: 'UNKNOWN_KEY',
      message: 'prots is no key',
      file: 'a',
      line: 1,
      column: 1,
    } as const;
    const previews = { wiki: { diagnostics: [finding], plan: null } };
    const { world, adopted } = worldOf({ projects: [view('wiki')], previews });
    const refused = await runFakeCli(['adopt', 'wiki', '--yes'], world);
    expect([refused.code, adopted]).toEqual([1, []]);
    expect(refused.stdout).toContain('prots is no key');
    expect(refused.stderr).toContain('nothing was changed');
  });
});

it('who has passwords encrypted for a key of his machine is told where it is', async () => {
  const { world } = worldOf({
    projects: [view('wiki')],
    previews: { wiki: { files: ['.age-recipients', 'kombinations/wiki/kombination.yaml'] } },
  });
  const done = await runFakeCli(['adopt', 'wiki', '--yes'], world);
  expect([done.code, done.stdout]).toEqual([
    0,
    expect.stringMatching(/age\.key alone opens them: keep a copy/),
  ]);
});

describe('release', () => {
  it('gives a stack back after a yes', async () => {
    const { world, released } = worldOf({ projects: [view('wiki')] });
    expect((await runFakeCli(['release', 'wiki'], world)).stderr).toContain('CONFIRMATION_REQUIRED');
    await runFakeCli(['release', 'wiki'], world, { isTerminal: true, answers: [''] });
    expect(released).toEqual([]);
    const done = await runFakeCli(['release', 'wiki', '--no-color'], world, {
      isTerminal: true,
      answers: ['yes'],
    });
    expect([done.code, released]).toEqual([0, ['wiki']]);
    expect(done.stdout.replace(/\s+/g, ' ')).toContain(
      "wiki is Compose's again: commit dddddddddd lists it under released in kombinator.yaml",
    );
  });

  it('gives several back', async () => {
    const { world, released } = worldOf({ projects: [view('wiki'), view('shop')] });
    expect(await runFakeCli(['release', 'wiki', 'shop', '--yes'], world)).toMatchObject({ code: 0 });
    expect(released).toEqual(['wiki', 'shop']);
    const refused = await runFakeCli(['release', 'wiki', 'nope', '--yes'], world);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(
        /there is no stack nope; nothing was changed \[UNKNOWN_STACK\]\n.*there are: shop, wiki/,
      ),
    ]);
    expect(released).toEqual(['wiki', 'shop']);
  });
});

it('init is for a folder of this machine', async () => {
  const { world } = worldOf({ projects: [] });
  const refused = await runFakeCli(['init', '--repo', '/nowhere/at/all', '--yes'], world);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining('is no directory of this machine'),
  ]);
});
