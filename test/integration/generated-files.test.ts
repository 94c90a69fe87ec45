import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../deploy/demo/processes.ts';
import type { GenerateFormat } from '../../reconciler/model/generated.ts';
import { prepareCompose } from '../support/compose/compose.ts';
import type { ComposeCommand } from '../support/compose/compose.ts';
import { createDesiredFixture } from '../support/desired-fixtures.ts';
import { FULL, FULL_FILES } from '../support/full-kombination.ts';

const run = promisify(execFile);
/** Program of OpenTofu or its sibling; a machine has one of them, or none. */
const formatter = findProgram('tofu') ?? findProgram('terraform');
const kubectl = findProgram('kubectl');

const SEVERAL = `version: "1.0"
meta: { name: full }
nodes:
  - { name: attic, connection: { host: 10.0.0.2, user: ops, ssh_key: /keys/a } }
  - { name: cellar, connection: { host: tcp://10.0.0.3:2376, tls: { ca: /c/ca.pem, cert: /c/cert.pem, key: /c/key.pem } } }
services:
  web: { image: nginx:1.29, node: attic, volumes: [data:/data] }
  db: { image: postgres:17, node: cellar, volumes: [data:/data], env: { A: secret://file/db } }
volumes: { data: {} }
`;

describe.each([
  { name: 'a stack that says everything', text: FULL },
  { name: 'a stack on several nodes', text: SEVERAL },
])('files generated from $name', ({ text }) => {
  let root: string;
  let compose: ComposeCommand;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kombinator-generated-'));
    compose = await prepareCompose((line) => console.info(line));
  }, 180_000);
  afterAll(() => rm(root, { recursive: true, force: true }));

  async function write(format: GenerateFormat): Promise<readonly string[]> {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinations/full/kombination.yaml': text, ...FULL_FILES });
    const { files } = await state.generate({ subject: { stack: 'full' }, format });
    const paths: string[] = [];
    for (const { path, content } of files) {
      const place = join(root, format, path);
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, content);
      paths.push(place);
    }
    return paths;
  }

  it('pass docker-compose config, and mean what was meant', async () => {
    const paths = (await write('compose')).filter((path) => path.endsWith('compose.yaml'));
    for (const path of paths) {
      const env = { ...process.env, DB_PASSWORD: 'p', TOKEN: 't', TLS_KEY: 'k', DB: 'd' };
      const args = [...compose.args, '-f', path, 'config', '--format', 'json'];
      const { stdout } = await run(compose.program, args, { env });
      // The output is a Compose file again, with dollar signs doubled.
      const { services } = JSON.parse(stdout.replaceAll('$$', '$')) as {
        services: Record<string, { environment?: object; command?: string[] }>;
      };
      if (text !== FULL) continue;
      expect(services['web']?.environment).toEqual({
        PASSWORD: 'p',
        PLAIN: 'a $b',
        TOKEN: 't',
        URL: 'postgres://app:p@db/t?x=$1',
      });
      expect(services['web']?.command).toEqual(['nginx', '-g', 'daemon off; # $HOME ${X} %{y}']);
    }
    expect(paths.length).toBe(text === FULL ? 1 : 2);
  });

  it('say what docker-compose will not take without', async () => {
    const [path = ''] = (await write('compose')).filter((file) => file.includes('cellar') || text === FULL);
    await expect(run(compose.program, [...compose.args, '-f', path, 'config', '-q'])).rejects.toThrow(
      /required variable/,
    );
  });

  // The golden texts of the unit tests hold on machines without these programs.
  it.runIf(formatter)(
    `are formatted as ${formatter ?? 'tofu (not on this machine)'} formats them`,
    async () => {
      const paths = await write('opentofu');
      const { stdout } = await run(formatter ?? '', ['fmt', '-check', '-diff', dirname(paths[0] ?? '')]);
      expect(stdout).toBe('');
    },
  );

  it.runIf(kubectl)(`are read by ${kubectl ?? 'kubectl (not on this machine)'}`, async () => {
    const [path = ''] = await write('kubernetes');
    const { stdout } = await run(kubectl ?? '', ['label', '--local', '-f', path, 'read=yes', '-o', 'name']);
    expect(stdout.split('\n')).toContain('statefulset.apps/web');
  });
});

it('keeps defaults as docker-compose reads them', async () => {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-defaults-'));
  try {
    const compose = await prepareCompose((line) => console.info(line));
    const { state, push } = createDesiredFixture();
    const text = `version: "1.0"
meta: { name: full }
services:
  web:
    image: nginx:1.29
    environment:
      A: "\${X:-dflt}"
      B: "\${Y-}"
      C: "pre-\${Z:-z z}"
      D: "\${secret:env/PRICE:-5$ each}"
`;
    await push({ 'kombinations/full/kombination.yaml': text });
    const { files } = await state.generate({ subject: { stack: 'full' }, format: 'compose' });
    for (const { path, content } of files) await writeFile(join(root, path), content);
    // Every default is a comment in there.
    await writeFile(join(root, '.env'), await readFile(join(root, '.env.example')));
    const args = [...compose.args, '-f', join(root, 'compose.yaml'), 'config', '--format', 'json'];
    const environmentOf = async (env: NodeJS.ProcessEnv) => {
      const { stdout } = await run(compose.program, args, { env: { ...process.env, ...env } });
      const { services } = JSON.parse(stdout.replaceAll('$$', '$')) as {
        services: Record<string, { environment?: object }>;
      };
      return services['web']?.environment;
    };
    expect(await environmentOf({})).toEqual({ A: 'dflt', B: '', C: 'pre-z z', D: '5$ each' });
    expect(await environmentOf({ X: 'x', Y: 'y', Z: 'z', PRICE: '6' })).toEqual({
      A: 'x',
      B: 'y',
      C: 'pre-z',
      D: '6',
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
