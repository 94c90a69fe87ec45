import type { Role, UserRecord } from '../../../../reconciler/index.ts';
import type { Accounts } from '../../../accounts/accounts.ts';
import { isAddress } from '../../../auth/identity.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { answers } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { listOf, record } from '../schemas.ts';
import { withRefusals } from '../session/account-problem.ts';
import { hasAdminKey, ROLE, SHOWN_NAME } from './key-routes.ts';

const TAG = 'Administration';
const TEXT = { type: 'string' };
const ID = { id: 'Id of the user.' };

const USER = record({
  id: TEXT,
  email: TEXT,
  name: TEXT,
  role: ROLE,
  provider: { type: ['string', 'null'] },
  has_password: { type: 'boolean' },
  created_at: { type: 'string', format: 'date-time' },
});

interface UserBody {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly password?: string;
}

const userBody = shape<UserBody>({
  type: 'object',
  required: ['email', 'name', 'role'],
  additionalProperties: false,
  properties: {
    email: { type: 'string', format: 'email', maxLength: 254 },
    name: { ...SHOWN_NAME, description: 'For people, and the author of commits.' },
    role: ROLE,
    password: {
      type: 'string',
      minLength: 6,
      maxLength: 1_024,
      description: 'Left out: the user signs in at a provider, with this address.',
    },
  },
});

const changeBody = shape<{ readonly name?: string; readonly role?: Role }>({
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  properties: { name: SHOWN_NAME, role: ROLE },
});

export const userRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/users',
    id: 'listUsers',
    tag: TAG,
    summary: 'People who sign in here',
    access: 'admin',
    responses: { 200: answers('By creation.', record({ users: listOf(USER) })) },
    handle: (_, deps: KombifyDeps) => ok({ users: requireAccounts(deps).listUsers().map(toUser) }),
  }),
  defineRoute({
    method: 'POST',
    path: '/users',
    id: 'createUser',
    tag: TAG,
    summary: 'Makes a user',
    access: 'admin',
    body: { json: userBody },
    responses: { 201: answers('The user.', USER) },
    async handle({ body, note }, deps: KombifyDeps) {
      const { email, name } = body;
      if (!isAddress(email))
        throw new HttpProblem('VALIDATION_ERROR', 'this cannot be the address of a user', {
          details: [{ field: 'email', message: 'is the address of a key, or holds what no address may' }],
        });
      note({ object: { email } });
      const user = await withRefusals(() => requireAccounts(deps).addUser({ ...body, name: name.trim() }));
      return created(toUser(user));
    },
  }),
  defineRoute({
    method: 'PATCH',
    path: '/users/:id',
    id: 'changeUser',
    tag: TAG,
    summary: 'Changes name or role of a user; with another role, tokens and sessions end',
    access: 'admin',
    params: ID,
    body: { json: changeBody },
    responses: { 200: answers('The user.', USER) },
    async handle({ params, body, note }, deps: KombifyDeps) {
      const { id = '' } = params;
      const change = { ...body, name: body.name?.trim() };
      const user = await withRefusals(() => requireAccounts(deps).changeUser(id, change, hasAdminKey(deps)));
      note({ object: { email: user.email } });
      return ok(toUser(user));
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/users/:id',
    id: 'deleteUser',
    tag: TAG,
    summary: 'Removes a user, whose tokens and sessions end at once',
    access: 'admin',
    params: ID,
    responses: { 200: answers('The user who was.', USER) },
    async handle({ params, note }, deps: KombifyDeps) {
      const { id = '' } = params;
      const user = await withRefusals(() => requireAccounts(deps).removeUser(id, hasAdminKey(deps)));
      note({ object: { email: user.email } });
      return ok(toUser(user));
    },
  }),
];

function requireAccounts({ accounts }: KombifyDeps): Accounts {
  if (accounts === null) throw new HttpProblem('NOT_FOUND', 'this server has no users');
  return accounts;
}

/** A user without the hash of the password. */
function toUser({ id, email, name, role, external, passwordHash, createdAt }: UserRecord) {
  return {
    id,
    email,
    name,
    role,
    provider: external?.provider ?? null,
    has_password: passwordHash !== null,
    created_at: createdAt,
  };
}
