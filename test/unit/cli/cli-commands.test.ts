import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import {
  changingPlan,
  jobOf,
  manualInterrupt,
  planOf,
  runFakeCli,
  viewOf,
  type FakeWorld,
} from '../../support/cli/cli-harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

const inSync: FakeWorld = { plans: { web: planOf('web') } };
const changed: FakeWorld = { plans: { web: changingPlan('web'), db: planOf('db') } };
const unreachable = new ReconcilerError('TARGET_UNREACHABLE', 'edge-1 does not answer', { retryable: true });
const broken: FakeWorld = { plans: { web: changingPlan('web'), edge: unreachable } };
const invalid: FakeWorld = {
  plans: {
    web: planOf('web', { diagnostics: [{ severity: 'error', code: 'UNKNOWN_KEY', message: 'unknown key' }] }),
  },
};
const deleting: FakeWorld = {
  plans: {
    web: changingPlan('web', {
      confirmations: [{ code: 'DELETES_DATA', message: 'deletes the volume data', ids: [] }],
    }),
  },
};

describe('plan', () => {
  it.each([
    { when: 'nothing is to do', world: inSync, args: ['--detailed-exitcode'], code: 0 },
    { when: 'something is to do', world: changed, args: ['--detailed-exitcode'], code: 2 },
    { when: 'something is to do, without the option', world: changed, args: [], code: 0 },
    {
      when: 'one of several stacks cannot be planned',
      world: broken,
      args: ['--detailed-exitcode'],
      code: 1,
    },
    { when: 'the description has errors', world: invalid, args: ['--detailed-exitcode'], code: 1 },
    { when: 'the stack is unknown', world: inSync, args: ['--stack', 'wep'], code: 1 },
  ])('exits with $code when $when', async ({ world, args, code }) => {
    expect((await runFakeCli(['plan', ...args], world)).code).toBe(code);
  });

  it('shows the plans of other stacks when one fails, and says what to do', async () => {
    const { stdout, stderr } = await runFakeCli(['plan'], broken);
    expect(stdout).toContain('create  local/container/web');
    expect(stderr).toContain(
      'error: edge: edge-1 does not answer [TARGET_UNREACHABLE]\n  → check that the engine or cluster runs',
    );
  });

  it('suggests the nearest stack', async () => {
    const { stderr } = await runFakeCli(['plan', '--stack', 'wep'], inSync);
    expect(stderr).toContain('unknown stack "wep" [UNKNOWN_STACK]\n  → did you mean web?');
  });

  it('prints one JSON document', async () => {
    const { stdout, stderr } = await runFakeCli(['plan', '--json'], broken);
    const document = JSON.parse(stdout) as {
      changes: boolean;
      plans: { stack: string; planId: string }[];
      failures: object[];
    };
    expect(document.changes).toBe(true);
    expect(document.plans.map(({ stack, planId }) => [stack, planId])).toEqual([['web', 'plan_web']]);
    expect(document.failures).toMatchObject([{ stack: 'edge', code: 'TARGET_UNREACHABLE' }]);
    expect(stderr).toContain('edge-1 does not answer');
  });

  it('says when the working tree has changes that are not read', async () => {
    const dirty = { ...(await revision()), dirty: true };
    const { stderr } = await runFakeCli(['plan'], { ...inSync, repository: { revision: dirty } });
    expect(stderr).toContain('not committed');
  });
});

async function revision() {
  const { fakeReconciler } = await import('../../support/cli/cli-harness.ts');
  const known = fakeReconciler(inSync).repository().revision;
  if (known === null) throw new Error('the fake has a revision');
  return known;
}

describe('apply', () => {
  it('applies what was planned without a question when there is nobody to ask', async () => {
    const { code, applied, stdout } = await runFakeCli(['apply'], {
      ...changed,
      jobs: { web: { tag: 'deploy/web/3' } },
    });
    expect(code).toBe(0);
    expect(applied).toMatchObject([
      { stack: 'web', plan: changed.plans['web'], trigger: 'cli', actor: { name: 'me' } },
    ]);
    expect(stdout).toContain('✓ web applied in 3.2 s, tagged deploy/web/3');
  });

  it('does nothing and says so when nothing is to do', async () => {
    const { code, applied, stdout } = await runFakeCli(['apply'], inSync);
    expect({ code, applied }).toEqual({ code: 0, applied: [] });
    expect(stdout).toContain('web: nothing to do');
  });

  it.each([
    { answer: 'yes', code: 0, count: 1 },
    { answer: 'y', code: 0, count: 1 },
    { answer: 'no', code: 1, count: 0 },
    { answer: '', code: 1, count: 0 },
  ])('asks on a terminal: $answer gives $count jobs', async ({ answer, code, count }) => {
    const run = await runFakeCli(['apply'], changed, { isTerminal: true, answers: [answer] });
    expect([run.code, run.applied.length]).toEqual([code, count]);
    expect(run.questions).toHaveLength(1);
  });

  it('refuses what needs a yes when there is nobody to ask', async () => {
    const run = await runFakeCli(['apply'], deleting);
    expect([run.code, run.applied.length]).toEqual([1, 0]);
    expect(run.stderr).toMatch(
      /needs a yes: deletes the volume data \[CONFIRMATION_REQUIRED\]\n {2}→ .*--yes/,
    );
  });

  it.each(['replace', 'delete'] as const)(
    'asks nothing, and %ss nothing, when there is nobody to ask',
    async (action) => {
      const [change] = changingPlan('web').changes;
      if (change === undefined) throw new Error('the plan has a change');
      const losing = { plans: { web: changingPlan('web', { changes: [{ ...change, action }] }) } };
      const run = await runFakeCli(['apply'], losing);
      expect([run.code, run.applied.length, run.questions.length]).toEqual([1, 0, 0]);
      expect(run.stderr).toContain(
        `web: needs a yes: ${action}s local/container/web [CONFIRMATION_REQUIRED]`,
      );
      expect((await runFakeCli(['apply', '--yes'], losing)).applied).toHaveLength(1);
    },
  );

  it('takes --yes for it', async () => {
    const run = await runFakeCli(['apply', '--yes'], deleting);
    expect([run.code, run.applied.length]).toEqual([0, 1]);
    expect(run.applied).toMatchObject([{ confirm: true }]);
  });

  it('exits with 1 and gives the reason when a job fails', async () => {
    const error = {
      code: 'UNHEALTHY',
      message: 'web did not become healthy: exited with 1',
      retryable: false,
    };
    const { code, stdout } = await runFakeCli(['apply'], {
      ...changed,
      jobs: { web: { status: 'failed', error } },
    });
    expect(code).toBe(1);
    expect(stdout).toContain('✗ web failed: web did not become healthy: exited with 1 [UNHEALTHY]');
  });

  it('applies the stacks that can be, and exits with 1 for the one that cannot', async () => {
    const { code, applied } = await runFakeCli(['apply'], broken);
    expect([code, applied.length]).toEqual([1, 1]);
  });

  it('never applies a plan with errors', async () => {
    const { code, applied } = await runFakeCli(['apply', '--yes'], invalid);
    expect([code, applied.length]).toEqual([1, 0]);
  });

  it('stops cleanly at Ctrl-C and exits with 130', async () => {
    const interrupt = manualInterrupt();
    const world = {
      ...changed,
      jobs: { web: { status: 'cancelled' as const } },
      during: () => interrupt.press(),
    };
    const { code, stdout, stderr } = await runFakeCli(['apply'], world, { interrupt });
    expect(code).toBe(130);
    expect(stderr).toContain('stopping after the steps that run now');
    expect(stdout).toContain('web stopped before it was done');
  });

  it('prints nothing but the document with --json', async () => {
    const { stdout } = await runFakeCli(['apply', '--json'], changed);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, jobs: [{ job: { id: 'job_web' } }], failures: [] });
  });
});

describe('destroy', () => {
  it('needs a yes when there is nobody to ask, whatever the plan says', async () => {
    const run = await runFakeCli(['destroy', '--stack', 'web'], changed);
    expect([run.code, run.applied.length]).toEqual([1, 0]);
    expect(run.stderr).toContain('destroying web needs a yes');
  });

  it('takes one out of the repository as it does several, and leaves volumes unless they are asked for', async () => {
    const asked: unknown[] = [];
    const deleteStacks: Reconciler['deleteStacks'] = async (request) => {
      asked.push(request);
      const done = Promise.resolve([{ stack: 'web', job: null, error: null }]);
      return { commit: 'c'.repeat(40), order: ['web'], done };
    };
    const world: FakeWorld = { ...changed, more: { deleteStacks } };
    const plain = await runFakeCli(['destroy', '--stack', 'web', '--yes'], world);
    await runFakeCli(['destroy', '--stack', 'web', '--yes', '--volumes'], world);
    expect(plain.stdout).toContain('✓ no longer described: commit cccccccccc\n✓ web destroyed');
    expect(plain.applied).toEqual([]);
    expect(asked).toMatchObject([
      { stacks: ['web'], volumes: false },
      { stacks: ['web'], volumes: true },
    ]);
  });

  it('with --keep-description leaves the repository alone, and says what that means', async () => {
    const argv = ['destroy', '--stack', 'web', '--yes', '--keep-description'];
    const plain = await runFakeCli(argv, changed);
    const volumes = await runFakeCli([...argv, '--volumes'], changed);
    expect(plain.applied).toMatchObject([{ stack: 'web', volumes: false }]);
    expect(volumes.applied).toMatchObject([{ volumes: true }]);
    expect(plain.stderr).toContain(
      'the repository still describes web: a daemon that runs elsewhere creates',
    );
  });
});

describe('status', () => {
  const views: FakeWorld = {
    plans: { web: planOf('web'), db: planOf('db') },
    more: {
      observe: (name) =>
        Promise.resolve(viewOf(name, name === 'db' ? { state: 'failed', message: 'exited with 1' } : {})),
    },
  };

  it('lists plain rows in a pipe and a table on a terminal', async () => {
    expect((await runFakeCli(['status'], views)).stdout).toBe(
      'db\tfailed\t0/0\t-\t-\texited with 1\nweb\tin_sync\t0/0\t-\t-\t\n',
    );
    const table = (await runFakeCli(['status'], views, { isTerminal: true, env: { NO_COLOR: '1' } })).stdout;
    expect(table).toContain('STACK  STATE    HEALTHY  REVISION  DEPLOYED  MESSAGE\ndb     failed   0/0');
  });

  it('shows with --stack why its last job failed', async () => {
    const error = { code: 'PORT_TAKEN', message: 'port 8080 is taken', retryable: true };
    const lastJob = jobOf('web', { status: 'failed', error });
    const more = { observe: async () => viewOf('web', { state: 'pending', lastJob }) };
    const { stdout } = await runFakeCli(['status', '--stack', 'web'], { ...views, more });
    expect(stdout).toContain('last job  job_web (apply, failed): port 8080 is taken\n');
  });

  it('shows the other stacks when one cannot be observed', async () => {
    const more = {
      observe: (name: string) =>
        name === 'db' ? Promise.reject(unreachable) : Promise.resolve(viewOf(name)),
    };
    const { code, stdout, stderr } = await runFakeCli(['status'], { ...views, more });
    expect(code).toBe(1);
    expect(stdout).toContain('web\tin_sync');
    expect(stderr).toContain('db: edge-1 does not answer');
  });
});

it('validates with every problem and exits with 1 only for errors', async () => {
  const error = {
    severity: 'error',
    code: 'UNKNOWN_KEY',
    message: 'unknown key prots',
    file: 'a.yaml',
    line: 3,
    column: 5,
    hint: 'did you mean ports?',
  } as const;
  const warning = {
    severity: 'warning',
    code: 'OLD_NAME',
    message: 'old name',
    file: 'a.yaml',
    line: 1,
    column: 1,
  } as const;
  const bad = await runFakeCli(['validate'], { ...inSync, repository: { diagnostics: [warning, error] } });
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain('a.yaml:3:5: error: unknown key prots [UNKNOWN_KEY] (did you mean ports?)');
  expect(bad.stdout).toContain('1 error, 1 warning');
  const warned = { ...inSync, repository: { diagnostics: [warning] } };
  expect((await runFakeCli(['validate'], warned)).code).toBe(0);
  const strict = await runFakeCli(['validate', '--strict'], warned);
  expect(strict.code).toBe(1);
  expect(strict.stdout).toContain('a.yaml:1:1: error: old name');
});

it('says where the state directory is that a finding speaks of', async () => {
  const missing = { severity: 'error', code: 'SECRET_NOT_FOUND', message: 'there is no secret' } as const;
  const world = { ...inSync, repository: { diagnostics: [missing] } };
  const here = await runFakeCli(['validate', '--state-dir', directory], world);
  expect(here.stderr).toContain(`the state directory is ${directory}`);
  const elsewhere = await runFakeCli(['validate', '--server', 'http://127.0.0.1:1'], world);
  expect(elsewhere.stderr).not.toContain('state directory');
});

it('names files that are no text, and those that are not there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-validate-'));
  writeFileSync(join(directory, 'a.yaml'), new Uint8Array([0xff, 0xfe]));
  const found = await runFakeCli(['validate', join(directory, 'a.yaml')], inSync);
  expect([found.code, found.stdout]).toEqual([
    1,
    expect.stringContaining('a.yaml:1:1: error: the file is not UTF-8 text [NOT_UTF8]'),
  ]);
  const gone = await runFakeCli(['validate', join(directory, 'b.yaml')], inSync);
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('b.yaml: there is no such file')]);
  rmSync(directory, { recursive: true });
});

it('leaves plans out of the list of jobs unless asked for them', async () => {
  const filters: unknown[] = [];
  const listJobs = (filter: unknown) => {
    filters.push(filter);
    return { jobs: [], total: 0 };
  };
  await runFakeCli(['jobs'], { ...inSync, more: { listJobs } });
  await runFakeCli(['jobs', '--plans', '--stack', 'web'], { ...inSync, more: { listJobs } });
  expect(filters).toEqual([
    { limit: 20, except: 'plan' },
    { limit: 20, stack: 'web' },
  ]);
});

it('lists jobs and shows one', async () => {
  const job = jobOf('web', {
    status: 'failed',
    error: { code: 'UNHEALTHY', message: 'exited with 1', retryable: false },
  });
  const more = { listJobs: () => ({ jobs: [job], total: 1 }), getJob: () => ({ job, steps: [], logs: [] }) };
  expect((await runFakeCli(['jobs'], { ...inSync, more })).stdout).toContain('job_web\tweb\tapply\tfailed');
  expect((await runFakeCli(['jobs', 'job_web'], { ...inSync, more })).stdout).toContain(
    'error     exited with 1 [UNHEALTHY]',
  );
});

describe('wrong command lines', () => {
  it.each([
    { argv: ['aply'], text: "unknown command 'aply'", hint: 'did you mean apply?' },
    { argv: ['plan', '--jsn'], text: "unknown option '--jsn'", hint: 'did you mean --json?' },
    { argv: ['destroy'], text: "required option '--stack <name>' not specified", hint: 'kombinator --help' },
    { argv: ['rollback', 'web', '--to', 'x'], text: '--to: "x" is not a whole number', hint: undefined },
    { argv: ['plan', 'too', 'many'], text: 'too many arguments', hint: 'kombinator --help' },
  ])('$argv: says what and what to do, exits with 1', async ({ argv, text, hint }) => {
    const { code, stderr, stdout } = await runFakeCli(argv, inSync);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(text);
    if (hint !== undefined) expect(stderr).toContain(`→ ${hint}`);
  });

  it('answers them as JSON too', async () => {
    const { stdout } = await runFakeCli(['aply', '--json'], inSync);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'BAD_OPTIONS', message: "unknown command 'aply'", hint: 'did you mean apply?' },
    });
  });
});

it('helps on stdout with exit 0, with every command and examples', async () => {
  const { code, stdout } = await runFakeCli(['--help'], inSync);
  expect(code).toBe(0);
  for (const name of [
    'serve',
    'validate',
    'plan',
    'apply',
    'destroy',
    'status',
    'history',
    'rollback',
    'drift',
    'schema',
    'jobs',
    'logs',
    'keys',
    'db',
    'tag',
  ]) {
    expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  }
  expect(stdout).toContain('Examples:');
  expect((await runFakeCli(['--version'], inSync)).stdout).toBe('1.2.3\n');
});
