import fs, {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as git from 'isomorphic-git';
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
  mkdirSync(join(project, 'data'));
  writeFileSync(join(project, 'data', 'db.sqlite'), 'live');
  writeFileSync(join(project, '.env'), 'TAG=1.29\nDB_PASSWORD=hunter2\n');
  writeFileSync(join(directory, 'outside.conf'), 'not for the repository');
  writeFileSync(
    join(project, 'compose.yaml'),
    `services:
  web:
    image: nginx:\${TAG}
    restart: always
    environment: { PASSWORD: "\${DB_PASSWORD}" }
    volumes: [./conf:/etc/web:ro, ../outside.conf:/o, ./data:/data]
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
    expect(stdout).toContain(`Left out:\n  ${file}:6 services.web.volumes.2: ./data may be written to`);
    expect(stdout).toContain(`data_dir: ${project}`);
    expect(text).toContain('./data:/data');
    expect(existsSync(join(out, 'data'))).toBe(false);
    expect(readFileSync(join(out, '.gitignore'), 'utf8')).toBe(
      '# What containers write stays on its host.\n/data\n',
    );
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
    rmSync(join(project, '.gitignore'));
  });

  it('prints it, with the report beside it', async () => {
    const { stdout, stderr } = await runFakeCli(
      ['import', join(project, 'compose.yaml'), '--name', 'other'],
      world,
    );
    expect(stdout).toContain('name: other');
    expect(stderr).toContain('Changed:');
  });

  it('makes it a workflow of a cluster, without what is secret', async () => {
    const out = join(directory, 'graph');
    const { code, stdout } = await runFakeCli(['import', project, '--workflow', 'main', '--out', out], world);
    expect(code).toBe(1);
    const text = readFileSync(join(out, 'blog.yaml'), 'utf8');
    expect(text).toMatch(/^name: blog\ncluster: main\nstatus: draft\nnodes:\n/);
    expect(text).toContain('- name: PASSWORD');
    expect(text + stdout).not.toContain('hunter2');
    expect(stdout).toContain('  services.web.volumes: ./conf is a path beside the Compose file');
    expect(stdout).toContain('Left out:');
  });

  it('finds the Compose file of a directory, and says where there is none', async () => {
    expect((await runFakeCli(['import', project], world)).stdout).toContain('name: blog');
    const { code, stderr } = await runFakeCli(['import', join(project, 'conf')], world);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no Compose file in');
  });

  it('takes what Compose would take: the file of a directory, what overrides it, or what .env names', async () => {
    const several = join(directory, 'several');
    mkdirSync(several);
    const write = (name: string, image: string) =>
      writeFileSync(join(several, name), `services: { web: { image: "nginx:${image}", restart: always } }\n`);
    write('compose.yaml', '1');
    write('compose.override.yaml', '2');
    write('other.yaml', '3');
    expect((await runFakeCli(['import', several], world)).stdout).toContain('nginx:2');
    const files = ['compose.yaml', 'other.yaml'].map((name) => join(several, name));
    expect((await runFakeCli(['import', ...files], world)).stdout).toContain('nginx:3');
    expect((await runFakeCli(['import', files[0] ?? ''], world)).stdout).toContain('nginx:1');
    writeFileSync(join(several, '.env'), 'COMPOSE_FILE=compose.yaml:other.yaml\n');
    expect((await runFakeCli(['import', several], world)).stdout).toContain('nginx:3');
    expect((await runFakeCli(['import', several, files[0] ?? ''], world)).stderr).toContain('not both');
  });

  it('reads beside the project within its work tree, and takes files that Git knows, but no directory that may be written to', async () => {
    const tree = join(directory, 'tree');
    mkdirSync(join(tree, 'app', 'conf'), { recursive: true });
    mkdirSync(join(tree, 'shared'));
    writeFileSync(
      join(tree, 'app', 'compose.yaml'),
      `services:
  web:
    image: nginx
    restart: always
    volumes: [./conf:/etc/web, ./a.conf:/a.conf, ./b.conf:/b.conf, ../shared/common.conf:/common.conf:ro, ./link.conf:/link.conf:ro]
`,
    );
    writeFileSync(join(tree, 'app', 'conf', 'a.conf'), 'a');
    writeFileSync(join(tree, 'app', 'conf', 'left.sqlite'), 'x');
    writeFileSync(join(tree, 'shared', 'common.conf'), 'c');
    writeFileSync(join(tree, 'app', 'a.conf'), 'a');
    writeFileSync(join(tree, 'app', 'b.conf'), 'b');
    symlinkSync('conf/a.conf', join(tree, 'app', 'link.conf'));
    await git.init({ fs, dir: tree });
    await git.add({ fs, dir: tree, filepath: ['app/conf/a.conf', 'app/a.conf'] });
    const out = join(directory, 'from-tree');
    const { code } = await runFakeCli(['import', join(tree, 'app'), '--out', out], world);
    expect(code).toBe(0);
    expect(readFileSync(join(out, 'link.conf'), 'utf8')).toBe('a');
    expect(readFileSync(join(out, 'shared', 'common.conf'), 'utf8')).toBe('c');
    expect(readdirSync(out).sort()).toEqual([
      '.gitignore',
      'a.conf',
      'kombination.yaml',
      'link.conf',
      'shared',
    ]);
  });

  it('says that there is no such file', async () => {
    const { code, stderr } = await runFakeCli(['import', join(project, 'nope.yaml')], world);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no such file');
  });
});
