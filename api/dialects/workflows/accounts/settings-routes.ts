import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { withAccounts } from './account-problem.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { refuses } from './auth-routes.ts';
import { record } from '../schemas.ts';

const TAG = 'Settings';
const CODE = { type: 'string', pattern: '^[0-9]{6}$' };
const FLAG = { type: 'boolean', description: 'A new code is made after each sign-up.' };

const NO_USERS = refuses('There are no users here.');

const settingBody = shape<{ readonly regenerateAfterSignup: boolean }>({
  type: 'object',
  properties: { regenerateAfterSignup: FLAG },
  required: ['regenerateAfterSignup'],
});

/** The code that new users need. */
export const settingsRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/settings/invite-code',
    id: 'getInviteCode',
    tag: TAG,
    summary: 'The invite code, made when there is none',
    access: 'admin',
    responses: { 200: answers('The code.', record({ inviteCode: CODE })), 404: NO_USERS },
    async handle(_, deps: WorkflowDeps) {
      return ok({ inviteCode: await withAccounts(deps, (accounts) => accounts.inviteCode()) });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/settings/generate-invite-code',
    id: 'generateInviteCode',
    tag: TAG,
    summary: 'Makes another invite code; the one before is worth nothing any more',
    access: 'admin',
    responses: { 200: answers('The code.', record({ inviteCode: CODE })), 404: NO_USERS },
    async handle(_, deps: WorkflowDeps) {
      return ok({ inviteCode: await withAccounts(deps, (accounts) => accounts.renewInviteCode()) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/settings/regenerate-setting',
    id: 'getRegenerateSetting',
    tag: TAG,
    summary: 'Tells when a new invite code is made',
    access: 'admin',
    responses: {
      200: answers('The setting, and the code.', record({ regenerateAfterSignup: FLAG, inviteCode: CODE })),
      404: NO_USERS,
    },
    async handle(_, deps: WorkflowDeps) {
      return ok(
        await withAccounts(deps, (accounts) => ({
          regenerateAfterSignup: accounts.regenerateAfterSignup(),
          inviteCode: accounts.inviteCode(),
        })),
      );
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/settings/regenerate-setting',
    id: 'updateRegenerateSetting',
    tag: TAG,
    summary: 'Says when a new invite code is made',
    access: 'admin',
    body: { json: settingBody },
    responses: { 200: answers('The setting.', record({ regenerateAfterSignup: FLAG })), 404: NO_USERS },
    async handle({ body: { regenerateAfterSignup } }, deps: WorkflowDeps) {
      await withAccounts(deps, (accounts) => accounts.setRegenerateAfterSignup(regenerateAfterSignup));
      return ok({ regenerateAfterSignup });
    },
  }),
];
