import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import process from 'node:process';
import { stringify } from 'yaml';
import { startDockerEngine } from '../support/docker/docker-engine.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { git } from '../support/git/git-repo.ts';
import { IMAGE } from './engine-stack.ts';
const dir = '/tmp/idle/' + Date.now();
await mkdir(dir + '/prof', { recursive: true });
await using engine = await startDockerEngine();
await buildTestImage(engine.host, IMAGE);
const repository = dir + '/many';
const job = { image: IMAGE, pull_policy: 'never', command: ['sleep', '86400'], init: true, network_mode: 'none' };
for (let i = 1; i <= 100; i++) {
  const name = `stack-${String(i).padStart(3, '0')}`;
  await mkdir(`${repository}/kombinations/${name}`, { recursive: true });
  await writeFile(`${repository}/kombinations/${name}/kombination.yaml`, stringify({ version: '1.0', meta: { name }, services: { job } }));
}
await git(repository, 'init', '--quiet', '--initial-branch=main');
await git(repository, 'add', '--all');
await git(repository, 'commit', '--quiet', '--message=Begin');
const env = { ...process.env, HOME: dir, DOCKER_HOST: engine.host, KOMBINATOR_STABLE: '0s', ...(process.env['PROF'] ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${dir}/prof` } : {}) };
const daemon = spawn('api/cli/kombinator.sh', ['serve', '--repo', repository, '--state-dir', dir + '/state', '--listen', '127.0.0.1:5999', '--no-auth'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
const count = async () => { try { return (await (await fetch('http://127.0.0.1:5999/api/v1/stacks?limit=100')).text()).match(/"state":"in_sync"/g)?.length ?? 0; } catch { return 0; } };
while ((await count()) < 100) await sleep(2000);
console.log('in sync');
const ticks = () => { const f = readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return Number(f[11]) + Number(f[12]); };
let last = ticks();
for (let i = 0; i < Number(process.env['ROUNDS'] ?? 12); i++) { await sleep(10_000); const now = ticks(); console.log(new Date().toISOString(), now - last, 'ticks in 10 s', await count(), readFileSync(`/proc/${daemon.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)![1]); last = ticks(); }
daemon.kill('SIGTERM');
await new Promise((r) => daemon.on('exit', r));
