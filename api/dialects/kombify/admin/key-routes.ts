import type { ApiKeyRecord, Role } from '../../../../reconciler/index.ts';
import { ADMIN_KEY_ID } from '../../../auth/admin-key.ts';
import type { KeyRecords } from '../../../auth/make-key.ts';
import { makeKey } from '../../../auth/make-key.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { answers } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { listOf, record } from '../schemas.ts';

const TAG = 'Administration';
const TEXT = { type: 'string' };
export const ROLE = { enum: ['viewer', 'deployer', 'admin'] };
/** Names that can stand in a commit, a log and a table: something in them is seen, and nothing in them steers. */
export const SHOWN_NAME = { type: 'string', maxLength: 100, pattern: '^(?=.*\\S)[^\\p{C}<>]+$' };

const KEY_VIEW = {
  id: TEXT,
  name: TEXT,
  role: ROLE,
  created_at: { type: 'string', format: 'date-time' },
  is_file: { type: 'boolean' },
};

const keyBody = shape<{ readonly name: string; readonly role?: Role }>({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { ...SHOWN_NAME, description: 'Whom or what it is for; no two keys have the same.' },
    role: { ...ROLE, description: 'Default viewer.' },
  },
});

export const keyRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/keys',
    id: 'listKeys',
    tag: TAG,
    summary: 'API keys, without the keys themselves',
    access: 'admin',
    responses: {
      200: answers(
        'is_file is the admin key, which stands in a file.',
        record({ keys: listOf(record(KEY_VIEW)) }),
      ),
    },
    handle: (_, deps: KombifyDeps) => ok({ keys: requireKeyRecords(deps).listKeys().map(toKey) }),
  }),
  defineRoute({
    method: 'POST',
    path: '/keys',
    id: 'createKey',
    tag: TAG,
    summary: 'Makes a key; this answer alone has it',
    access: 'admin',
    body: { json: keyBody },
    responses: { 201: answers('The key.', record({ ...KEY_VIEW, key: TEXT })) },
    handle({ body: { name, role = 'viewer' } }, deps: KombifyDeps) {
      const keys = requireKeyRecords(deps);
      if (keys.listKeys().some((one) => one.name === name))
        throw new HttpProblem(
          'CONFLICT',
          `there is a key named ${name}: delete it first, or choose another name`,
        );
      const made = makeKey(name, role, Date.now());
      keys.saveKey(made.record);
      return created({ ...toKey(made.record), key: made.key });
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/keys/:id',
    id: 'deleteKey',
    tag: TAG,
    summary: 'Deletes a key, which ends it and its sessions at once',
    access: 'admin',
    params: { id: 'Id of the key.' },
    responses: { 200: answers('It is gone.', record(KEY_VIEW)) },
    handle({ params, note }, deps: KombifyDeps) {
      const keys = requireKeyRecords(deps);
      const key = keys.listKeys().find(({ id }) => id === params['id']);
      if (key === undefined) throw new HttpProblem('NOT_FOUND', 'there is no such key');
      assertMayGo(key, deps);
      keys.deleteKey(key.id);
      note({ object: { name: key.name } });
      return ok(toKey(key));
    },
  }),
];

/** Tells whether a key, other than one, is an admin's. */
export function hasAdminKey({ keys }: KombifyDeps, without?: string): boolean {
  return keys?.listKeys().some(({ id, role }) => role === 'admin' && id !== without) ?? false;
}

function assertMayGo({ id, role, name }: ApiKeyRecord, deps: KombifyDeps): void {
  if (id === ADMIN_KEY_ID)
    throw new HttpProblem(
      'CONFLICT',
      'this is the key in admin.key of the state directory: delete that file and start the daemon again, and another one is made',
    );
  const hasOthers = hasAdminKey(deps, id) || (deps.accounts?.hasAdmins() ?? false);
  if (role === 'admin' && !hasOthers)
    throw new HttpProblem('CONFLICT', `${name} is the last way in for an admin: make another one first`, {
      reason: 'LAST_ADMIN',
    });
}

function requireKeyRecords({ keys }: KombifyDeps): KeyRecords {
  if (keys === null) throw new HttpProblem('NOT_FOUND', 'this server has no keys to look after');
  return keys;
}

function toKey({ id, name, role, createdAt }: ApiKeyRecord) {
  return { id, name, role, created_at: createdAt, is_file: id === ADMIN_KEY_ID };
}
