import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../../api/cli/program.ts';
import { asFields, asList, asString, own } from '../../../reconciler/base/values.ts';
import { recordTerminal } from '../../support/cli/cli-harness.ts';
import { commitFiles, createWorkRepo, checkout } from '../../support/git/git-repo.ts';

const FOLDER = fileURLToPath(new URL('../../../deploy/ci', import.meta.url));
const read = (file: string): unknown => parse(readFileSync(join(FOLDER, file), 'utf8'), { uniqueKeys: true });

const directory = mkdtempSync(join(tmpdir(), 'kombinator-ci-files-'));
const calls = join(directory, 'calls');
const summary = join(directory, 'summary');
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  for (const file of [calls, summary]) writeFileSync(file, '');
});

// Stands for the command: writes down how it was called, and ends as it is told.
writeFileSync(
  join(directory, 'kombinator'),
  `#!/bin/bash\nfor word in "$@"; do printf '%s\\0' "$word" >>"${calls}"; done; printf '\\n' >>"${calls}"\necho "output of $1"\nexit "\${END:-0}"\n`,
);
chmodSync(join(directory, 'kombinator'), 0o755);

async function runScript(script: string, env: Readonly<Record<string, string>>, cwd = directory) {
  return new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    const own = { PATH: `${directory}:${process.env['PATH'] ?? ''}`, HOME: directory, ...env };
    execFile('bash', ['-e', '-c', script], { cwd, env: own }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

const argvs = (): string[][] =>
  readFileSync(calls, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\0').slice(0, -1));

/** Throws when the command line is none of ours. */
async function understand(argv: readonly string[]): Promise<void> {
  const program = createProgram({
    terminal: recordTerminal(),
    version: '1.2.3',
    run: () => Promise.resolve(),
    serve: () => Promise.resolve(),
    exit: () => undefined,
  });
  await program.parseAsync(argv, { from: 'user' });
}

/** Every script of a document, wherever it stands: `run: text` and `script: [text]`. */
function scriptsOf(value: unknown): readonly string[] {
  const fields = asFields(value);
  const members = asList(value) ?? Object.values(fields ?? {});
  const here = [own(fields, 'run'), ...(asList(own(fields, 'script')) ?? [])].map(asString);
  return [...here.filter((text) => text !== undefined), ...members.flatMap((member) => scriptsOf(member))];
}

const VARIABLES = {
  CI_PROJECT_URL: 'https://gitlab.example.org/ops/config',
  CI_COMMIT_BRANCH: 'main',
  GITHUB_SERVER_URL: 'https://git.example.org',
  GITHUB_REPOSITORY: 'ops/config',
  GITHUB_REF_NAME: 'main',
  GITHUB_STEP_SUMMARY: summary,
};

describe.each(['gitlab/kombinator.gitlab-ci.yml', 'forgejo/workflow.yml'])('deploy/ci/%s', (file) => {
  it('calls commands that there are, with options that they have, and fails as they do', async () => {
    const scripts = scriptsOf(read(file));
    expect(scripts).toHaveLength(3);
    for (const script of scripts) {
      expect((await runScript(script, VARIABLES)).code).toBe(0);
      expect((await runScript(script, { ...VARIABLES, END: '1' })).code).toBe(1);
    }
    for (const argv of argvs()) await understand(argv);
    expect(argvs().map(([command]) => command)).toEqual([
      'validate',
      'validate',
      'plan',
      'plan',
      'apply',
      'apply',
    ]);
    expect(argvs().at(-1)?.join(' ')).toMatch(
      /^apply --repo https:\/\/git\S+\/ops\/config\.git --branch main --yes$/,
    );
  });
});

describe('the action for GitHub', () => {
  const script = join(FOLDER, 'github/run.sh');
  const run = (env: Readonly<Record<string, string>>) => runScript(`. ${script}`, { ...VARIABLES, ...env });

  it.each([
    [{ CI_COMMAND: 'validate' }, 'validate --repo .'],
    [{ CI_COMMAND: 'validate', CI_STRICT: 'true', CI_REPO: 'conf' }, 'validate --repo conf --strict'],
    [
      { CI_COMMAND: 'plan', CI_STACKS: 'a b', CI_PLAN_FILE: 'p q.json' },
      'plan --repo . --stack a --stack b --out p q.json',
    ],
    [{ CI_COMMAND: 'apply' }, 'apply --repo https://git.example.org/ops/config.git --yes'],
    [
      { CI_COMMAND: 'apply', CI_STACKS: 'a' },
      'apply --repo https://git.example.org/ops/config.git --yes --stack a',
    ],
    [
      { CI_COMMAND: 'apply', CI_STACKS: 'a', CI_PLAN_FILE: 'p.json', CI_REPO: '.' },
      'apply --repo . --yes p.json',
    ],
  ])('%o', async (env, expected) => {
    expect(await run(env)).toMatchObject({ code: 0 });
    const [argv = []] = argvs();
    expect(argv.join(' ')).toBe(expected);
    await understand(argv);
    expect((await run({ ...env, END: '1' })).code).toBe(1);
    expect(readFileSync(summary, 'utf8')).toContain(`\noutput of ${env.CI_COMMAND}\n`);
  });

  it('refuses another command, and takes nothing of its inputs for script', async () => {
    const { code, output } = await run({ CI_COMMAND: 'destroy; touch x' });
    expect([code, output]).toEqual([1, "command is validate, plan or apply, not 'destroy; touch x'\n"]);
    await run({ CI_COMMAND: 'plan', CI_STACKS: '$(touch${IFS}y) ;z', CI_PLAN_FILE: '`touch z`' });
    expect(argvs()[0]).toEqual([
      'plan',
      '--repo',
      '.',
      '--stack',
      '$(touch${IFS}y)',
      '--stack',
      ';z',
      '--out',
      '`touch z`',
    ]);
    for (const text of scriptsOf(read('github/action.yml'))) expect(text).not.toContain('${{');
  });

  it('runs this checkout as its last step does', async () => {
    await using repository = await createWorkRepo();
    const last = scriptsOf(read('github/action.yml')).at(-1) ?? '';
    const env = {
      ACTION_PATH: join(FOLDER, 'github'),
      CI_COMMAND: 'validate',
      // Inputs that are not given are empty.
      ...Object.fromEntries(
        [
          'CI_STACKS',
          'CI_PLAN_FILE',
          'CI_REPO',
          'KOMBINATOR_SERVER',
          'KOMBINATOR_API_KEY',
          'KOMBINATOR_GIT_TOKEN',
        ].map((name) => [name, '']),
      ),
      ...VARIABLES,
      PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
    };
    const commit = async (image: string): Promise<void> => {
      const text = `version: "1.0"\nmeta: { name: x }\nservices: { web: { ${image} } }\n`;
      await commitFiles(repository, { 'kombination.yaml': text }, 'change');
      await checkout(repository);
    };
    await commit('image: nginx');
    expect(await runScript(last, env, repository.path)).toMatchObject({
      code: 0,
      output: expect.stringContaining('✓ valid'),
    });
    await commit('imag: nginx');
    expect(await runScript(last, env, repository.path)).toMatchObject({ code: 1 });
    expect(readFileSync(summary, 'utf8')).toContain('imag');
  });

  it('is used with inputs that it has', () => {
    const action = asFields(read('github/action.yml'));
    const inputs = Object.keys(asFields(action?.['inputs']) ?? {});
    const jobs = Object.values(asFields(asFields(read('github/workflow.yml'))?.['jobs']) ?? {});
    const steps = jobs.flatMap((job) => asList(asFields(job)?.['steps']) ?? []).map(asFields);
    const ours = steps.filter((step) => asString(step?.['uses'])?.includes('/deploy/ci/github@'));
    expect(ours).toHaveLength(3);
    for (const step of ours)
      expect(inputs).toEqual(expect.arrayContaining(Object.keys(asFields(step?.['with']) ?? {})));
  });
});
