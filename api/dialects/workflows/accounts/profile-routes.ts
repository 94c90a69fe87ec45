import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { withAccounts } from './account-problem.ts';
import { answers } from '../answers.ts';
import { PASSWORD, refuses } from './auth-routes.ts';
import type { WorkflowDeps } from '../deps.ts';
import { record, refer, TEXT } from '../schemas.ts';
import { toSignedIn, toUser } from './user-view.ts';

const TAG = 'Profile';
const MAX_NAME_LENGTH = 200;

const nameBody = shape<{ readonly name?: unknown }>({ type: 'object' });

const passwordBody = shape<{ readonly currentPassword: string; readonly newPassword: string }>({
  type: 'object',
  properties: { currentPassword: { type: 'string', minLength: 1, maxLength: 1_024 }, newPassword: PASSWORD },
  required: ['currentPassword', 'newPassword'],
});

/** The caller's own account. Keys and tokens of other issuers have none. */
export const profileRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/profile',
    id: 'getProfile',
    tag: TAG,
    summary: 'The user who asks',
    access: 'viewer',
    responses: {
      200: answers('The user.', record({ user: refer('User') })),
      404: refuses('The caller is no user.'),
    },
    async handle({ identity }, deps: WorkflowDeps) {
      return ok({ user: toUser(await withAccounts(deps, (accounts) => accounts.profile(identity.userId))) });
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/profile',
    id: 'updateProfile',
    tag: TAG,
    summary: 'Changes the name of the user who asks',
    access: 'viewer',
    body: { json: nameBody },
    responses: {
      200: answers('The user.', record({ user: refer('User') })),
      404: refuses('The caller is no user.'),
    },
    async handle({ body, identity }, deps: WorkflowDeps) {
      const name = typeof body.name === 'string' ? body.name.trim() : '';
      if (name === '' || name.length > MAX_NAME_LENGTH)
        throw new HttpProblem('BAD_REQUEST', 'Name is required');
      const changed = withAccounts(deps, (accounts) => accounts.rename(identity.userId, name), {
        failure: 'Failed to update profile',
      });
      return ok({ user: toUser(await changed) });
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/profile/password',
    id: 'changePassword',
    tag: TAG,
    summary: 'Changes the password of the user who asks, and ends all tokens of theirs',
    access: 'viewer',
    body: { json: passwordBody },
    responses: {
      200: answers(
        'A token in place of those that have ended.',
        record({ message: TEXT, token: TEXT, user: refer('User') }),
      ),
      404: refuses('The caller is no user.'),
      429: refuses('Too many attempts; the header Retry-After says when to try again.'),
    },
    async handle({ body, identity, address }, deps: WorkflowDeps) {
      const change = { current: body.currentPassword, next: body.newPassword, address };
      const signedIn = await withAccounts(
        deps,
        (accounts) => accounts.changePassword(identity.userId, change),
        {
          // A page takes 401 for the end of its token.
          words: { BAD_CREDENTIALS: ['BAD_REQUEST', 'Current password is incorrect'] },
        },
      );
      return ok({ message: 'Password updated successfully', ...toSignedIn(signedIn) });
    },
  }),
];
