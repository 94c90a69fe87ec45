import type { Random } from '../../chaos/random.ts';
import { hostileText } from '../grammar/hostile.ts';
import { breakText, mutate } from '../grammar/mutate.ts';
import { toPiece } from '../grammar/piece.ts';
import { writeJson } from '../grammar/write.ts';
import type { Part } from '../input.ts';
import { CALLERS, requestName } from './rest.ts';

interface Forge {
  readonly headers: readonly string[];
  readonly body: unknown;
}

const COMMIT = 'a'.repeat(40);
const REPOSITORY = {
  id: 1,
  name: 'config',
  full_name: 'ada/config',
  clone_url: 'https://git.example.org/ada/config.git',
  default_branch: 'main',
};
const PERSON = { name: 'Ada', email: 'ada@example.org', username: 'ada' };
const CHANGE = {
  id: COMMIT,
  message: 'Change',
  timestamp: '2026-11-01T00:00:00Z',
  author: PERSON,
  added: ['a'],
  removed: [],
  modified: ['kombinations/shop/kombination.yaml'],
};
const PUSH = {
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after: COMMIT,
  forced: false,
  deleted: false,
  repository: REPOSITORY,
  pusher: PERSON,
  commits: [CHANGE],
  head_commit: CHANGE,
};

/** Requests of forges when somebody has pushed. */
const FORGES: readonly Forge[] = [
  {
    headers: [
      'X-GitHub-Event: push',
      `X-Hub-Signature-256: sha256=${'0'.repeat(64)}`,
      'X-GitHub-Delivery: 1',
    ],
    body: PUSH,
  },
  {
    headers: ['X-GitHub-Event: ping'],
    body: { zen: 'Keep it logically awesome.', hook_id: 1, repository: REPOSITORY },
  },
  { headers: ['X-Gitea-Event: push', `X-Gitea-Signature: ${'0'.repeat(64)}`], body: PUSH },
  {
    headers: ['X-Gitlab-Event: Push Hook', 'X-Gitlab-Token: x'],
    body: {
      object_kind: 'push',
      ref: PUSH.ref,
      checkout_sha: COMMIT,
      project: REPOSITORY,
      commits: [CHANGE],
      total_commits_count: 1,
    },
  },
  {
    headers: ['X-Event-Key: repo:push'],
    body: {
      push: { changes: [{ new: { type: 'branch', name: 'main', target: { hash: COMMIT } }, old: null }] },
      repository: REPOSITORY,
    },
  },
];

/** A request of a forge after a push, to the paths that take hooks, and to such as others have. */
export function drawWebhook(_grammar: unknown, random: Random): readonly Part[] {
  const { headers, body } = random.pick(FORGES);
  const text = writeJson(mutate(toPiece(body), random));
  const caller = random.chance(0.6) ? 'deployer' : random.pick(CALLERS);
  const target = random.chance(0.75)
    ? random.pick([
        '/api/hooks/config',
        `/api/v1/sync${random.pick(['', '?wait=true', '?wait=1', '?wait=__proto__'])}`,
      ])
    : random.pick(PATHS);
  const type = random.pick(['application/json', 'application/json', 'application/x-www-form-urlencoded']);
  const signature = random.chance(0.1)
    ? [`X-Hub-Signature-256: ${encodeURIComponent(hostileText(random).toWellFormed()).slice(0, 200)}`]
    : [];
  const name = requestName({
    method: 'POST',
    target,
    caller,
    headers: [`Content-Type: ${type}`, ...headers, ...signature],
  });
  return [{ name, text: random.chance(0.06) ? breakText(text, random) : text }];
}

const PATHS = [
  '/api/hooks/config/more',
  '/api/hooks/__proto__',
  '/api/hooks',
  '/api/v1/webhooks/github',
  '/api/v1/hooks',
  '/api/webhook',
  '/webhook',
  '/hooks/__proto__',
  '/api/v1/sync/',
  '/api/v1/sync/constructor',
];
