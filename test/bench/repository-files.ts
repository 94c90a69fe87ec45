import { commitFiles, createBareRepo, git } from '../support/git/git-repo.ts';
import type { TestRepository } from '../support/git/git-repo.ts';

/** Everything that the generated kombinations run. */
export const IMAGES = ['nginx:1.29', 'postgres:18', 'redis:8', 'node:24-alpine', 'vector:0.50'] as const;

const NODES = 8;
/** Two host ports for each stack, no two alike. */
const FIRST_PORT = 20_000;
const SECOND_PORT = 40_000;

/** One commit that touches one stack. */
export interface PreparedCommit {
  readonly commit: string;
  readonly stack: string;
}

/** A bare config repository whose branch stands before a series of commits that are there already. */
export interface BenchRepository extends TestRepository {
  readonly stacks: number;
  /** Texts of all kombinations. */
  readonly texts: readonly string[];
  /** Commits in the order in which `main` has to move. */
  readonly commits: readonly PreparedCommit[];
}

/** A repository of so many stacks on eight shared nodes, and commits that each change one of them. */
export async function createBenchRepository(stacks: number, commits: number): Promise<BenchRepository> {
  const repository = await createBareRepo();
  const files: Record<string, string> = {};
  for (let node = 0; node < NODES; node++) files[`nodes/${nodeName(node)}.yaml`] = renderNode(node);
  const texts: string[] = [];
  for (let index = 0; index < stacks; index++) {
    const text = renderStack(index, 0);
    texts.push(text);
    files[pathOf(index)] = text;
  }
  const base = await commitFiles(repository, files, 'Describe everything');
  const prepared: PreparedCommit[] = [];
  for (let number = 1; number <= commits; number++) {
    const index = (number * 7919) % stacks;
    const change = { [pathOf(index)]: renderStack(index, number) };
    const commit = await commitFiles(repository, change, `Change ${stackName(index)}`);
    prepared.push({ commit, stack: stackName(index) });
  }
  await git(repository.gitdir, 'update-ref', 'refs/heads/main', base);
  return { ...repository, stacks, texts, commits: prepared };
}

/** A repository of so many stacks that say little themselves and draw all of their services from a kit. */
export async function createKitRepository(
  stacks: number,
): Promise<TestRepository & Pick<BenchRepository, 'stacks' | 'texts'>> {
  const repository = await createBareRepo();
  const texts = Array.from({ length: stacks }, (_, index) => renderKitStack(index));
  const files = Object.fromEntries(texts.map((text, index) => [pathOf(index), text]));
  await commitFiles(repository, files, 'Describe everything');
  return { ...repository, stacks, texts };
}

function renderKitStack(index: number): string {
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return `# Home ${index}, see the wiki for who is on call.
version: "1.0"
meta:
  name: ${stackName(index)}
  domain: home-${index}.example.org
  email: admin@home-${index}.example.org
stackkit: base-kit
nodes:
  - name: home
    type: docker
    connection: { host: "tcp://${address}:2375" }
services:
  traefik:
    config: { dashboard: true, log_level: INFO }
  homepage: {}
  immich:
    config: { upload_limit: 10GB }
  uptime-kuma:
    env: { TZ: Europe/Berlin }
  whoami: { labels: { home: "${index}" } }
`;
}

function pathOf(index: number): string {
  return `kombinations/${stackName(index)}/kombination.yaml`;
}

function stackName(index: number): string {
  return `stack-${String(index).padStart(5, '0')}`;
}

function nodeName(index: number): string {
  return `edge-${index % NODES}`;
}

function renderNode(index: number): string {
  return `connection:\n  host: tcp://${nodeName(index)}.example.org:2375\n`;
}

/** `revision` makes texts of one stack differ. */
function renderStack(index: number, revision: number): string {
  const render = SHAPES[index % SHAPES.length]!;
  const head = `# Team ${index % 40}, see the wiki for who is on call.\nversion: "1.0"\nmeta:\n  name: ${stackName(index)}\n`;
  return `${head}nodes:\n  - name: ${nodeName(index)}\nservices:\n${render(index, revision)}`;
}

const SHAPES: readonly ((index: number, revision: number) => string)[] = [
  renderSite,
  renderShop,
  renderWorker,
  renderCollector,
];

function renderSite(index: number, revision: number): string {
  return `  web:
    image: nginx:1.29
    ports:
      - "${FIRST_PORT + index}:80"
    environment:
      SERVER_NAME: site-${index}.example.org
      REVISION: "${revision}"
    volumes:
      - content:/usr/share/nginx/html:ro
    healthcheck:
      test: ["CMD", "wget", "-qO-", "http://localhost/"]
      interval: 10s
      retries: 3
    restart: unless-stopped
volumes:
  content: {}
`;
}

function renderShop(index: number, revision: number): string {
  return `  - name: api
    image: node:24-alpine
    command: ["node", "server.js"]
    ports: ["${FIRST_PORT + index}:3000", "127.0.0.1:${SECOND_PORT + index}:9229"]
    env:
      - DATABASE_URL=postgres://shop@db:5432/shop_${index}
      - REVISION=${revision}
    depends_on:
      db: { condition: service_started }
    networks: [front, back]
  - name: db
    image: postgres:18
    env: { POSTGRES_DB: shop_${index}, POSTGRES_HOST_AUTH_METHOD: trust }
    volumes: ["data:/var/lib/postgresql"]
    networks: [back]
networks:
  front: {}
  back: { internal: true }
volumes:
  data:
`;
}

function renderWorker(index: number, revision: number): string {
  return `  worker:
    image: node:24-alpine
    command: node worker.js --queue jobs-${index} --revision ${revision}
    environment:
      REDIS_URL: redis://queue:6379/${index % 16}
      LOG_LEVEL: info   # debug fills the disk
    labels:
      team: team-${index % 40}
      tier: background
    resources:
      cpus: 0.5
      memory: 256m
    depends_on: [queue]
    user: "1000:1000"
    stop_grace_period: 30s
  queue:
    image: redis:8
    command: ["redis-server", "--save", "", "--maxmemory", "64mb"]
    restart: always
`;
}

function renderCollector(index: number, revision: number): string {
  return `  collector:
    image: vector:0.50
    ports:
      - target: 8686
        published: ${FIRST_PORT + index}
    files:
      - target: /etc/vector/vector.yaml
        content: |
          # revision ${revision}
          sources:
            in: { type: syslog, mode: udp, address: 0.0.0.0:514 }
          sinks:
            out: { type: console, inputs: [in], encoding: { codec: json } }
    tmpfs: /var/lib/vector
    read_only: false
    working_dir: /etc/vector
    restart: on-failure:3
`;
}
