import { ADOPTIONS } from './adopt-story.ts';
import type { HistoryEntry, Job, JobStep, Plan, StackView } from '../../../reconciler/index.ts';
import type { FakeWorld } from '../cli/cli-harness.ts';
import { jobOf, viewOf } from '../cli/cli-harness.ts';
import { createRig } from '../reconciler-rig.ts';

/*
 * The repository and the days that the pictures in docs/screens tell of: a shop whose plan has something of everything, a blog that is in order,
 * and a monitoring stack that could not be applied. Plans are made by the real planner on an engine in memory, all else is told as here.
 */

const SIGNAL = new AbortController().signal;
const SHOP = 'kombinations/shop/kombination.yaml';
const BLOG = 'kombinations/blog/kombination.yaml';
const COMMITS = {
  now: '4f2c9e1d07'.padEnd(40, '0'),
  before: '91be03c5a2'.padEnd(40, '0'),
  first: 'c07d4415e8'.padEnd(40, '0'),
};

function shop(image: string, memory: string, more: string): string {
  return `version: "1.0"
meta: { name: shop }
policy: { sync: manual }
services:
  web:
    image: ${image}
    ports: ["8080:80"]
    depends_on: [db]
    files: [{ source: web.conf, target: /etc/nginx/conf.d/default.conf }]
  db:
    image: postgres:17
    environment: { POSTGRES_PASSWORD: secret://env/SHOP_DB }
    volumes: ["data:/var/lib/postgresql/data"]
    resources: { memory: ${memory} }
${more}volumes: { data: {} }
`;
}

const AGENT = `  agent:
    image: nginx:1.28
    privileged: true
    pid: host
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro", "/srv/metrics:/data"]
    environment: { LEVEL: info, INTERVAL: 15s }
`;

function conf(timeout: number, limit: string): string {
  return `server {
  listen 80;
  client_max_body_size ${limit};
  location / {
    proxy_pass http://app:3000;
    proxy_read_timeout ${timeout}s;
  }
}
`;
}

function blog(): string {
  return `version: "1.0"\nmeta: { name: blog }\npolicy: { sync: manual }\nservices:\n  ghost: { image: "nginx:1.28", ports: ["2368:2368"] }\n`;
}

/** Plans of the shop and of the blog after a commit to the shop. */
export async function planStory(): Promise<{ readonly shop: Plan; readonly blog: Plan }> {
  await using rig = createRig({ secrets: { 'secret://env/SHOP_DB': 'hidden' } });
  rig.engine().control.engine.images.add('postgres:17');
  const directory = 'kombinations/shop';
  rig.source.push({
    [SHOP]: shop('nginx:1.28', '256m', ''),
    [`${directory}/web.conf`]: conf(30, '1m'),
    [BLOG]: blog(),
  });
  await rig.reconciler.start();
  for (const stack of ['shop', 'blog']) {
    await rig.reaches(stack, 'pending');
    await rig.apply(stack);
  }
  rig.source.push({
    [SHOP]: shop('nginx:1.29', '512m', AGENT),
    [`${directory}/web.conf`]: conf(60, '8m'),
  });
  await rig.reconciler.refresh(SIGNAL);
  const planOf = async (stack: string) => {
    const { plan } = await rig.reconciler.plan({ stack, actor: null, trigger: 'cli' }, SIGNAL);
    return { ...plan, revision: COMMITS.now };
  };
  return { shop: await planOf('shop'), blog: await planOf('blog') };
}

/** Time of the pictures, minus so many minutes. */
function ago(minutes: number): string {
  return new Date(Date.parse('2026-01-01T00:05:00Z') - minutes * 60_000).toISOString();
}

const HOUR = 60;
const DAY = 24 * HOUR;

function entry(minutes: number, more: Partial<HistoryEntry>): HistoryEntry {
  const { number = null } = more;
  return {
    number,
    tag: number === null ? null : `deploy/shop/${number}`,
    revision: COMMITS.before,
    time: ago(minutes),
    author: 'Ada',
    jobId: null,
    summary: '',
    result: 'deployed',
    trigger: 'push',
    subject: 'Raise the memory of the database',
    durationMs: 3_400,
    message: null,
    ...more,
  };
}

const HISTORY: readonly HistoryEntry[] = [
  entry(6 * DAY, { number: 1, revision: COMMITS.first, subject: 'Add the shop', durationMs: 12_800 }),
  entry(2 * DAY, { number: 2 }),
  ...[41, 30, 9].map((hours, index) =>
    entry(hours * HOUR, { number: index + 3, trigger: 'drift', durationMs: 1_200 }),
  ),
  ...[5, 4, 3].map((hours) =>
    entry(hours * HOUR, {
      revision: COMMITS.now,
      author: 'Lin',
      subject: 'Use nginx 1.29 and watch the shop',
      result: 'failed',
      trigger: hours === 5 ? 'push' : 'retry',
      message: 'nginx:1.29 cannot be pulled: the registry does not answer',
    }),
  ),
];

function jobs(): readonly Job[] {
  const id = (number: number) => `job_01KDV9X3M7QZ${String(number).padStart(14, '0')}`;
  const failed = { code: 'IMAGE_NOT_FOUND', message: 'nginx:1.29 cannot be pulled', retryable: true };
  const times = (minutes: number, ms: number) => ({
    createdAt: ago(minutes),
    startedAt: ago(minutes),
    endedAt: new Date(Date.parse(ago(minutes)) + ms).toISOString(),
  });
  return [
    jobOf('shop', {
      id: id(7),
      trigger: 'retry',
      status: 'failed',
      error: failed,
      ...times(3 * HOUR, 3_100),
    }),
    jobOf('shop', { id: id(6), trigger: 'push', status: 'failed', error: failed, ...times(5 * HOUR, 3_400) }),
    jobOf('shop', { id: id(5), trigger: 'drift', tag: 'deploy/shop/5', ...times(9 * HOUR, 1_200) }),
    jobOf('blog', { id: id(4), trigger: 'cli', tag: 'deploy/blog/12', ...times(22 * HOUR, 8_900) }),
    jobOf('shop', { id: id(3), type: 'backup', trigger: 'schedule', ...times(DAY, 41_000) }),
  ];
}

function views(): readonly StackView[] {
  const deployment = (stack: string, number: number, minutes: number) => ({
    number,
    tag: `deploy/${stack}/${number}`,
    revision: COMMITS.before,
    time: ago(minutes),
    author: 'Ada',
    jobId: null,
    summary: '',
  });
  const service = (name: string, image: string, ports: readonly string[] = []) => ({
    name,
    node: 'local',
    image,
    dependsOn: [],
    ports,
    resource: `local/container/${name}`,
    health: 'healthy' as const,
    reason: null,
  });
  const nodes = [{ name: 'local', address: 'local', reachable: true }];
  return [
    viewOf('blog', {
      nodes,
      services: [service('ghost', 'nginx:1.28', ['2368:2368/tcp'])],
      deployment: deployment('blog', 12, 22 * HOUR),
    }),
    viewOf('monitoring', {
      nodes,
      state: 'pending',
      message:
        'frozen: the window holidays is open until 2026-01-02T06:00:00Z, and nothing is changed before it is over',
      services: [service('grafana', 'grafana/grafana:12.1'), service('prometheus', 'prom/prometheus:v3.5')],
      deployment: deployment('monitoring', 3, 9 * DAY),
    }),
    viewOf('shop', {
      nodes,
      state: 'failed',
      message: 'nginx:1.29 cannot be pulled: the registry does not answer',
      services: [
        service('db', 'postgres:17'),
        {
          ...service('web', 'nginx:1.29', ['8080:80/tcp']),
          running: 'nginx:1.28',
        },
      ],
      deployment: deployment('shop', 5, 9 * HOUR),
      drift: {
        hasDrift: true,
        checkedAt: ago(1),
        changes: [
          {
            resource: 'local/container/db',
            action: 'update',
            field: 'resources.memoryBytes',
            expected: 268_435_456,
            actual: 134_217_728,
          },
          {
            resource: 'local/container/web',
            action: 'create',
            field: null,
            expected: null,
            actual: 'not found',
          },
        ],
      },
    }),
  ];
}

/** The world of the pictures. */
export async function tellStory(): Promise<FakeWorld> {
  const { shop: plan, blog: inOrder } = await planStory();
  const steps = plan.changes
    .filter(({ action }) => action !== 'no-op')
    .map(({ id, action }, index): JobStep => {
      const at = Date.parse(ago(0)) + index * 1_300;
      return {
        jobId: 'job_shop',
        index,
        name: id,
        action,
        status: 'completed',
        message: null,
        health: null,
        startedAt: new Date(at).toISOString(),
        endedAt: new Date(at + 1_200).toISOString(),
      };
    });
  return {
    plans: { shop: plan, blog: inOrder },
    jobs: { shop: { tag: 'deploy/shop/6', summary: plan.summary, startedAt: ago(0), endedAt: ago(-0.11) } },
    during: (emit) => {
      for (const step of steps) {
        emit({ type: 'step', step: { ...step, status: 'running', endedAt: null } });
        emit({ type: 'step', step });
      }
    },
    more: {
      ...ADOPTIONS,
      stackNames: () => views().map(({ name }) => name),
      observe: (name) => Promise.resolve(views().find((view) => view.name === name) ?? viewOf(name)),
      history: () => Promise.resolve(HISTORY),
      listJobs: () => ({ jobs: jobs(), total: jobs().length }),
    },
  };
}
