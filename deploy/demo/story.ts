import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatStep } from '../../api/cli/terminal/progress.ts';
import { createRemoteClient } from '../../api/cli/remote/client.ts';
import { fieldsOf } from '../../api/cli/remote/decode.ts';
import { createRemoteSession } from '../../api/cli/remote/remote-session.ts';
import type { Session } from '../../api/cli/session/session.ts';
import { formatTable } from '../../api/cli/terminal/table.ts';
import type { Job, JobDetail, StackView } from '../../reconciler/index.ts';
import { formatPlan } from '../../reconciler/index.ts';
import { startDaemon, type DemoDaemon } from './daemon.ts';
import { prepareEngine, prepareImage, prepareTools } from './machine.ts';
import type { Narrator } from './narrator.ts';
import { waitUntil } from './processes.ts';
import type { DemoRepository } from './repository.ts';
import { createRepository, listFiles, publishedPorts, readStackNames, settlePorts } from './repository.ts';
import {
  createWorkspace,
  refuseToOverwrite,
  removeImage,
  removeStacks,
  sweepWorkspaces,
} from './workspace.ts';

export interface DemoOptions {
  readonly narrator: Narrator;
  /** Ends by itself instead of staying up. */
  readonly once: boolean;
  readonly signal: AbortSignal;
}

const EXAMPLE = fileURLToPath(new URL('../../examples/kombinations/demo', import.meta.url));
/** Time to converge on a slow machine with a storage driver that copies. */
const CONVERGE_TIMEOUT_MS = 120_000;

/** Rejects with the reason when any part does not do what it should; cleans up in any case. */
export async function runDemo({ narrator, once, signal }: DemoOptions): Promise<void> {
  const startedAt = Date.now();
  narrator.chapter('Getting the machine ready');
  const swept = await sweepWorkspaces();
  if (swept > 0) narrator.tell(`cleaned up after ${swept} earlier demo(s) that were killed`);
  await prepareTools(narrator, signal);
  await using workspace = await createWorkspace();
  await using engine = await prepareEngine(workspace.root, narrator, signal);
  const madeImage = await prepareImage(engine.docker, narrator, signal);

  narrator.chapter('A config repository: what should run, in Git');
  const repository = await createRepository(workspace.root, EXAMPLE, (clone) =>
    adjustExample(clone, narrator),
  );
  await showRepository(repository, narrator);
  const stacks = await readStackNames(repository.clone);
  await using leftovers = new AsyncDisposableStack();
  if (!engine.own) {
    await refuseToOverwrite(engine.docker, stacks);
    await workspace.note({ host: engine.host, stacks });
    leftovers.defer(() => removeStacks(engine.docker, stacks).then(() => undefined));
    if (madeImage) leftovers.defer(() => removeImage(engine.docker));
  }

  narrator.chapter('The daemon: kombinator serve');
  const daemon = await startDaemon({
    root: workspace.root,
    repo: repository.bare,
    dockerHost: engine.host,
    signal,
  });
  // Ended before anything is removed, or it would repair that.
  leftovers.use(daemon);
  narrator.tell(`process ${daemon.pid}, API at ${daemon.url}, key in ${daemon.keyFile}`);
  narrator.tell(`watch it on its page (the link signs in once): ${await makePageLink(daemon, signal)}`);
  const session = createRemoteSession({
    url: daemon.url,
    apiKey: (await readFile(daemon.keyFile, 'utf8')).trim(),
  });
  await waitForStacks(session, signal);
  await showConverging(session, stacks, narrator, signal);

  const web = await findWeb(session, repository, stacks, signal);
  narrator.chapter('A push changes a service');
  const { text: before } = await get(web.url, signal);
  narrator.tell(`${web.url} answers now:`);
  narrator.quote(before);
  const pushedAt = Date.now();
  const commit = await pushChange(repository, web.page, narrator);
  const job = await showDeployment(session, { stack: web.stack, commit, narrator, signal });
  await showAnswer(web.url, before, { pushedAt, narrator, signal });
  await showTag(repository, job, narrator);

  narrator.chapter(once ? 'Done' : 'Yours to play with');
  narrator.tell(
    `${narrator.style.good('✓')} everything worked, ${Math.round((Date.now() - startedAt) / 1000)} s in all`,
  );
  if (!once) await stayUp({ daemon, repository, web, dockerHost: engine.host, narrator, signal });
  narrator.tell('cleaning up …');
}

/** The example as a config repository of its own, with ports that are free here. */
async function adjustExample(clone: string, narrator: Narrator): Promise<void> {
  const chosen = await settlePorts(clone, await publishedPorts(clone));
  for (const [wanted, port] of chosen) {
    if (wanted !== port) narrator.tell(`port ${wanted} is taken, using ${port}`);
  }
}

async function showRepository(repository: DemoRepository, narrator: Narrator): Promise<void> {
  narrator.tell(`bare repository ${repository.bare}, working clone ${repository.clone}`);
  narrator.quote((await listFiles(repository.clone)).join('\n'));
  const stacks = (await listFiles(repository.clone)).filter((file) => file.endsWith('kombination.yaml'));
  const texts = await Promise.all(stacks.map((file) => readFile(join(repository.clone, file), 'utf8')));
  const shortest = texts.toSorted((a, b) => a.length - b.length)[0] ?? '';
  narrator.command(`cat ${stacks[texts.indexOf(shortest)]}`);
  narrator.quote(shortest);
}

async function waitForStacks(session: Session, signal: AbortSignal): Promise<void> {
  await waitUntil(
    'the daemon reads the repository',
    async () => (await session.repository(signal)).stacks.length > 0,
    { timeoutMs: 30_000, signal },
  );
}

async function showConverging(
  session: Session,
  stacks: readonly string[],
  narrator: Narrator,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Map<string, string>();
  const tellNews = (view: StackView) => {
    const lines = [
      ...view.services.map(({ name, health }) => [`${view.name}/${name}`, health] as const),
      [view.name, view.state] as const,
    ];
    for (const [name, state] of lines) {
      if (seen.get(name) === state || state === 'unknown') continue;
      seen.set(name, state);
      const good = state === 'healthy' || state === 'completed' || state === 'in_sync';
      const paint = good ? narrator.style.good : narrator.style.warn;
      narrator.tell(`${paint(good ? '✓' : '…')} ${name} ${paint(state)}`);
    }
  };
  await waitUntil(
    'all stacks run',
    async () => {
      const views = await Promise.all(stacks.map((stack) => session.observe(stack, signal)));
      views.forEach(tellNews);
      const broken = views.find((view) => view.state === 'failed' || view.state === 'invalid');
      if (broken)
        throw new Error(`stack ${broken.name} is ${broken.state}: ${broken.message ?? 'no reason given'}`);
      return views.every((view) => view.state === 'in_sync');
    },
    { timeoutMs: CONVERGE_TIMEOUT_MS, signal },
  );
  const views = await Promise.all(stacks.map((stack) => session.observe(stack, signal)));
  const rows = views.flatMap((view) =>
    view.services.map(({ name, image, health, ports }) => [
      view.name,
      name,
      health,
      ports.join(' ') || '-',
      image,
    ]),
  );
  narrator.quote(formatTable(['STACK', 'SERVICE', 'HEALTH', 'PORTS', 'IMAGE'], rows));
}

interface WebService {
  readonly stack: string;
  readonly service: string;
  readonly url: string;
  /** Its page in the repository. */
  readonly page: string;
}

/** The service called web of the smallest stack that has one, and the page it shows. */
async function findWeb(
  session: Session,
  { clone }: DemoRepository,
  stacks: readonly string[],
  signal: AbortSignal,
): Promise<WebService> {
  const views = await Promise.all(stacks.map((stack) => session.observe(stack, signal)));
  const files = await listFiles(clone);
  for (const view of views.toSorted((a, b) => a.services.length - b.services.length)) {
    const web = view.services.find(({ name }) => name === 'web');
    const port = /(?:^|:)(\d+):\d+/.exec(web?.ports[0] ?? '')?.[1];
    const page = files.find(
      (file) => file.startsWith(`${dirname(view.file)}/`) && file.endsWith('index.html'),
    );
    if (web === undefined || port === undefined || page === undefined) continue;
    return { stack: view.name, service: web.name, url: `http://127.0.0.1:${port}/`, page };
  }
  throw new Error('the example has no service "web" with a published port and an index.html');
}

/** Adds a line to the page that the web service shows. Resolves to the commit. */
async function pushChange(repository: DemoRepository, page: string, narrator: Narrator): Promise<string> {
  const line = `<p>Changed by a push at ${new Date().toLocaleTimeString('en-GB')}.</p>`;
  await appendFile(join(repository.clone, page), `${line}\n`);
  narrator.command(`echo '${line}' >> ${page}`);
  narrator.command(`git commit -am 'Say something new' && git push`);
  await repository.git('commit', '--quiet', '--all', '--message', 'Say something new');
  await repository.git('push', '--quiet');
  const commit = (await repository.git('rev-parse', 'HEAD')).trim();
  narrator.tell(`pushed ${commit.slice(0, 10)}`);
  return commit;
}

interface DeploymentWatch {
  readonly stack: string;
  readonly commit: string;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
}

/** Nobody asked for a deployment: the push alone made the daemon plan and apply. */
async function showDeployment(session: Session, watch: DeploymentWatch): Promise<JobDetail> {
  const { stack, commit, narrator, signal } = watch;
  let job: Job | undefined;
  await waitUntil(
    'a job for the push',
    async () => {
      const jobs = await session.listJobs({ stack, type: 'apply' }, signal);
      job = jobs.find((candidate) => candidate.revision === commit && candidate.planId !== null);
      return job !== undefined;
    },
    { timeoutMs: 30_000, signal },
  );
  if (job === undefined) throw new Error('internal: a job was found and lost');
  narrator.tell(`job ${job.id}, set off by: ${job.trigger}`);
  const plan = job.planId === null ? undefined : await session.getPlan(job.planId, signal);
  if (plan === undefined) throw new Error(`the plan of job ${job.id} was not kept`);
  narrator.quote(formatPlan(plan, { color: narrator.style.color }));
  const detail = await session.followJob(
    job.id,
    (step) => {
      if (step.status !== 'pending') narrator.tell(formatStep(stack, step, narrator.style));
    },
    signal,
  );
  if (detail.job.status !== 'completed') {
    throw new Error(`job ${job.id} ${detail.job.status}: ${detail.job.error?.message ?? 'no reason given'}`);
  }
  return detail;
}

async function showAnswer(
  url: string,
  before: string,
  { pushedAt, narrator, signal }: { pushedAt: number; narrator: Narrator; signal: AbortSignal },
): Promise<void> {
  let after = before;
  await waitUntil(
    'the service answers with its new page',
    async () => {
      after = await get(url, signal).then(
        ({ text }) => text,
        () => before,
      );
      return after !== before;
    },
    { timeoutMs: 30_000, signal },
  );
  narrator.tell(`${url} answers, ${((Date.now() - pushedAt) / 1000).toFixed(1)} s after the push:`);
  narrator.quote(after);
}

async function showTag(repository: DemoRepository, { job }: JobDetail, narrator: Narrator): Promise<void> {
  const { tag } = job;
  if (tag === null) throw new Error(`job ${job.id} left no tag`);
  narrator.command(`git tag -n20 --list 'deploy/*'`);
  const tags = await repository.bareGit('tag', '-n20', '--list', 'deploy/*');
  narrator.quote(tags);
  if (!tags.includes(tag)) throw new Error(`the repository has no tag ${tag}`);
}

interface Playground {
  readonly daemon: DemoDaemon;
  readonly repository: DemoRepository;
  readonly web: WebService;
  readonly dockerHost: string;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
}

/** Until Ctrl-C. */
async function stayUp({ daemon, repository, web, dockerHost, narrator, signal }: Playground): Promise<void> {
  const { tell, command } = narrator;
  tell(`page          ${await makePageLink(daemon, signal)}   (signs in once)`);
  tell(`web service   ${web.url}`);
  tell(`API           ${daemon.url}/api/v1 (OpenAPI: ${daemon.url}/api/v1/openapi.json)`);
  tell(`key           ${daemon.keyFile}`);
  tell(`daemon's log  ${daemon.logFile}`);
  tell(`repository    ${repository.clone}`);
  tell('Try:');
  const remote = `--server ${daemon.url} --api-key-file ${daemon.keyFile}`;
  command(`npm run kombinator -- page ${remote}   # another such link`);
  command(`npm run kombinator -- status ${remote}`);
  command(`npm run kombinator -- history ${web.stack} ${remote}`);
  command(`curl -H "X-API-KEY: $(cat ${daemon.keyFile})" ${daemon.url}/api/v1/stacks`);
  command(`docker -H ${dockerHost} rm -f ${web.stack}-${web.service}-1   # and see it come back`);
  command(`cd ${repository.clone} && $EDITOR . && git commit -am 'My change' && git push`);
  tell('Ctrl-C stops everything and cleans up.');
  const forever = setInterval(() => {}, 60_000);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(forever);
  narrator.tell('');
}

/** An address that opens the page and signs in there, once. */
async function makePageLink({ url, keyFile }: DemoDaemon, signal: AbortSignal): Promise<string> {
  const client = createRemoteClient({ url, apiKey: (await readFile(keyFile, 'utf8')).trim() });
  const { path } = fieldsOf(await client.post('/session/links', { body: {}, signal }), 'link');
  return `${url}${String(path)}`;
}

async function get(url: string, signal: AbortSignal): Promise<{ readonly text: string }> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return { text };
}
