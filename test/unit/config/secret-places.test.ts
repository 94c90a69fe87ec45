import { describe, expect, it } from 'vitest';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const PASSWORD = { 'secret://env/PW': 'hunter2', 'secret://env/API': 'k' };
const FILE = 'kombinations/s/kombination.yaml';

async function check(text: string, more: Readonly<Record<string, string>> = {}) {
  const { state, push } = createDesiredFixture({ secrets: PASSWORD });
  await push({ [FILE]: text, ...more });
  return { found: briefDiagnostics(state.diagnostics()), state };
}

/** The key stands on line 6, at column 5. */
const web = (lines: string, more = '') =>
  `version: "1.0"\nmeta: { name: s }\nservices:\n  web:\n    image: nginx\n    ${lines}\n${more}`;

describe('a reference to a secret', () => {
  it.each([
    ['user: "${secret:env/PW}"', '6:11', 'services.web.user'],
    ['user: "secret://env/PW"', '6:11', 'services.web.user'],
    ['hostname: "${secret:env/PW}"', '6:15', 'services.web.hostname'],
    ['command: "sleep ${secret:env/PW}"', '6:14', 'services.web.command'],
    ['command: [sleep, "${secret:env/PW}"]', '6:22', 'services.web.command[1]'],
    ['entrypoint: ["${secret:env/PW}"]', '6:18', 'services.web.entrypoint[0]'],
    ['labels: { a: "x-${secret:env/PW}" }', '6:18', 'services.web.labels.a'],
    ['labels: ["a=secret://env/PW"]', '6:14', 'services.web.labels[0]'],
    ['healthcheck: { test: "curl -u ${secret:env/PW}" }', '6:26', 'services.web.healthcheck.test'],
    ['working_dir: "/${NOTHING:-${secret:env/PW}}"', '6:18', 'services.web.working_dir'],
    ['files: [{ target: "/${secret:env/PW}", content: x }]', '6:23', 'services.web.files[0].target'],
    ['sysctls: { a: "${secret:env/PW}" }', '6:19', 'services.web.sysctls.a'],
  ])('in %s is an error at %s', async (lines, place, path) => {
    expect((await check(web(lines))).found).toEqual([`${place} error SECRET_MISPLACED ${path}`]);
  });

  it.each([
    ['networks:\n  n: { driver_opts: { a: "${secret:env/PW}" } }', '8:26', 'networks.n.driver_opts.a'],
    ['volumes:\n  v: { driver_opts: { a: "secret://env/PW" } }', '8:26', 'volumes.v.driver_opts.a'],
    ['hooks:\n  pre_deploy: ["echo ${secret:env/PW}"]', '8:16', 'hooks.pre_deploy[0]'],
    [
      'hooks:\n  pre_deploy: [{ image: x, user: "secret://env/PW", command: a }]',
      '8:34',
      'hooks.pre_deploy[0].user',
    ],
    ['variables:\n  V: "x${secret:env/PW}"', '8:6', 'variables.V'],
  ])('in %s is an error at %s', async (more, place, path) => {
    expect((await check(web('restart: always', more))).found).toContain(
      `${place} error SECRET_MISPLACED ${path}`,
    );
  });

  it.each(['user: "${V}"', 'command: "sleep $V"'])('by way of a variable, %s, is an error', async (lines) => {
    const { found } = await check(web(lines, 'variables: { V: "secret://env/PW" }'));
    expect(found).toEqual([expect.stringMatching(/^6:\d+ error SECRET_MISPLACED services\.web\./)]);
  });

  it('in an adopted Compose file is an error in that file', async () => {
    const { state, found } = await check('version: "1.0"\nmeta: { name: s }\ncompose: compose.yaml\n', {
      'kombinations/s/compose.yaml': [
        'x-env: &env { A: "${secret:env/API}" }',
        'services:',
        '  web:',
        '    image: nginx',
        '    user: "${secret:env/PW}"',
        '    environment: *env',
        'volumes:',
        '  v: { driver_opts: { a: "secret://env/PW" } }',
        '',
      ].join('\n'),
    });
    expect(found).toEqual([
      '5:11 error SECRET_MISPLACED services.web.user',
      '8:26 error SECRET_MISPLACED volumes.v.driver_opts.a',
    ]);
    expect(state.diagnostics()[0]).toMatchObject({
      file: 'kombinations/s/compose.yaml',
      hint: expect.stringContaining('environment:') as string,
    });
  });

  it('is fine where it is understood, and when it is escaped', async () => {
    const { found, state } = await check(
      web(
        [
          'command: "echo $${secret:env/PW}"',
          'environment: { A: "secret://env/PW", B: "x${secret:env/PW}" }',
          'secrets: [pw]',
          'files: [{ target: /a, content: "${secret:env/PW}" }]',
          'labels: { a: "see secret://env/PW" }',
        ].join('\n    '),
        [
          'secrets: { pw: { secret: "secret://env/PW" } }',
          'hooks: { pre_deploy: [{ image: x, command: "echo $${secret:x}", environment: { A: "${secret:env/PW}" } }] }',
        ].join('\n'),
      ),
    );
    expect(found).toEqual([]);
    const spec = state.get('s')?.resources.find(({ kind }) => kind === 'container')?.spec;
    expect(JSON.stringify(spec?.['command'])).toContain('${secret:env/PW}');
  });
});
