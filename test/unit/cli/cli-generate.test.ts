import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  rmSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FakeWorld } from '../../support/cli/cli-harness.ts';
import { planOf, runFakeCli } from '../../support/cli/cli-harness.ts';
import { generateFake } from '../../support/fakes/fake-views.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

const world: FakeWorld = {
  plans: { web: planOf('web') },
  more: { generate: (request) => Promise.resolve(generateFake(request)) },
};

describe('generate', () => {
  it('prints the files, with what the format cannot say beside them', async () => {
    const { code, stdout, stderr } = await runFakeCli(['generate', 'compose', 'web'], world);
    expect(code).toBe(0);
    expect(stdout).toBe('# --- compose.txt\ncompose of web\n# --- files/logo.png\n(2 bytes)\n');
    expect(stderr).toContain('made from kombinations/web/kombination.yaml');
  });

  it('writes them, and names the variables to fill in', async () => {
    const out = join(directory, 'deep', 'out');
    const { code, stdout } = await runFakeCli(['generate', 'opentofu', 'web', '--out', out], world);
    expect(code).toBe(0);
    expect(readFileSync(join(out, 'opentofu.txt'), 'utf8')).toBe('opentofu of web\n');
    expect([...readFileSync(join(out, 'files/logo.png'))]).toEqual([0xff, 0]);
    expect(stdout).toContain('DB_PASSWORD  secret://file/db-password');
  });

  it('replaces nothing that has other content unless it is told to, and writes nothing then', async () => {
    const out = join(directory, 'mine');
    mkdirSync(out);
    writeFileSync(join(out, 'compose.txt'), 'my own\n');
    const refused = await runFakeCli(['generate', 'compose', 'web', '--out', out], world);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${join(out, 'compose.txt')} is there with other content`);
    expect(refused.stderr).toContain('--force');
    expect(readdirSync(out)).toEqual(['compose.txt']);
    expect(readFileSync(join(out, 'compose.txt'), 'utf8')).toBe('my own\n');
    const forced = await runFakeCli(['generate', 'compose', 'web', '--out', out, '--force'], world);
    expect(forced.code).toBe(0);
    expect(readFileSync(join(out, 'compose.txt'), 'utf8')).toBe('compose of web\n');
    expect((await runFakeCli(['generate', 'compose', 'web', '--out', out], world)).code).toBe(0);
  });

  it('gives one document with --json', async () => {
    const { stdout } = await runFakeCli(['generate', 'traefik', 'web', '--json'], world);
    expect(JSON.parse(stdout)).toMatchObject({
      stack: 'web',
      format: 'traefik',
      files: [
        { path: 'traefik.txt', encoding: 'utf-8' },
        { path: 'files/logo.png', content: '/wA=', encoding: 'base64' },
      ],
    });
  });

  it('knows its formats', async () => {
    const { code, stderr } = await runFakeCli(['generate', 'compse', 'web'], world);
    expect(code).toBe(1);
    expect(stderr).toContain('did you mean compose?');
  });
});

describe('import', () => {
  const project = join(directory, 'blog');
  mkdirSync(join(project, 'conf'), { recursive: true });
  writeFileSync(join(project, 'conf', 'a.conf'), 'a');
  writeFileSync(join(project, '.env'), 'TAG=1.29\nDB_PASSWORD=hunter2\n');
  writeFileSync(join(directory, 'outside.conf'), 'not for the repository');
  writeFileSync(
    join(project, 'compose.yaml'),
    `services:
  web:
    image: nginx:\${TAG}
    restart: always
    environment: { PASSWORD: "\${DB_PASSWORD}" }
    volumes: [./conf:/etc/web, ../outside.conf:/o]
    provider: { type: x }
`,
  );

  it('writes a kombination and what belongs beside it, and reports line by line', async () => {
    const out = join(directory, 'imported');
    const file = join(project, 'compose.yaml');
    const { code, stdout } = await runFakeCli(['import', file, '--out', out], world);
    expect(code).toBe(0);
    expect(readFileSync(join(out, 'conf', 'a.conf'), 'utf8')).toBe('a');
    const text = readFileSync(join(out, 'kombination.yaml'), 'utf8');
    expect(text).toContain('meta:\n  name: blog\n');
    expect(text).toContain('image: nginx:1.29');
    expect(text + stdout).not.toContain('hunter2');
    expect(stdout).toContain(`${file}:6 services.web.volumes.0: ./conf is copied into the container`);
    expect(stdout).toContain(`${file}:6 services.web.volumes.1: ../outside.conf is not there`);
    expect(stdout).toContain(`Could not be mapped:\n  ${file}:7 services.web.provider`);
  });

  it('replaces nothing that has other content unless it is told to, and keeps modes', async () => {
    const out = join(directory, 'occupied');
    mkdirSync(join(out, 'conf'), { recursive: true });
    writeFileSync(join(out, 'conf', 'a.conf'), 'my own');
    const argv = ['import', join(project, 'compose.yaml'), '--out', out];
    const refused = await runFakeCli(argv, world);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain(`${join(out, 'conf', 'a.conf')} is there with other content`);
    expect(readdirSync(out)).toEqual(['conf']);
    chmodSync(join(project, 'conf', 'a.conf'), 0o755);
    expect((await runFakeCli([...argv, '--force'], world)).code).toBe(0);
    expect(readFileSync(join(out, 'conf', 'a.conf'), 'utf8')).toBe('a');
    expect(statSync(join(out, 'conf', 'a.conf')).mode & 0o777).toBe(0o755);
    // The same again is no obstacle, not even into the project itself.
    expect((await runFakeCli(argv, world)).code).toBe(0);
    expect((await runFakeCli(['import', project, '--out', project], world)).code).toBe(0);
    rmSync(join(project, 'kombination.yaml'));
  });

  it('prints it, with the report beside it', async () => {
    const { stdout, stderr } = await runFakeCli(
      ['import', join(project, 'compose.yaml'), '--name', 'other'],
      world,
    );
    expect(stdout).toContain('name: other');
    expect(stderr).toContain('Changed:');
  });

  it('finds the Compose file of a directory, and says where there is none', async () => {
    expect((await runFakeCli(['import', project], world)).stdout).toContain('name: blog');
    const { code, stderr } = await runFakeCli(['import', join(project, 'conf')], world);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no Compose file in');
  });

  it('says that there is no such file', async () => {
    const { code, stderr } = await runFakeCli(['import', join(project, 'nope.yaml')], world);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no such file');
  });
});
