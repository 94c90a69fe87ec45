import type { Row } from './row.ts';
import { refusals } from './row.ts';

const JOHN = { email: 'user@example.com', password: 'password123', name: 'John Doe' };
const USER = ['id', 'email', 'name', 'role', 'avatarUrl', 'createdAt'].map((member) => `user.${member}`);

const auth: readonly Row[] = [
  {
    of: 'GET /auth/methods',
    as: 'nobody',
    status: 200,
    has: ['builtin.enabled', 'builtin.signupEnabled', 'providers'],
  },
  {
    of: 'POST /auth/register',
    as: 'nobody',
    body: JOHN,
    status: 201,
    has: ['token', ...USER],
    like: { user: { name: 'John Doe', email: 'user@example.com' } },
    keep: { user: 'user.id' },
  },
  { of: 'POST /auth/register', as: 'nobody', body: JOHN, status: 403, error: 'Valid invite code required' },
  { of: 'GET /settings/invite-code', status: 200, has: ['inviteCode'], keep: { code: 'inviteCode' } },
  {
    of: 'POST /auth/register',
    as: 'nobody',
    body: { ...JOHN, inviteCode: '{code}' },
    status: 409,
    error: 'User already exists',
  },
  {
    of: 'POST /auth/register',
    as: 'nobody',
    body: { ...JOHN, password: 'short' },
    status: 400,
    error: 'Invalid request data',
  },
  {
    of: 'POST /auth/register',
    as: 'nobody',
    body: { email: JOHN.email },
    status: 400,
    error: 'Invalid request data',
  },
  {
    of: 'POST /auth/login',
    as: 'nobody',
    body: { email: JOHN.email, password: JOHN.password },
    status: 200,
    has: ['token', ...USER],
    keep: { token: 'token' },
  },
  {
    of: 'POST /auth/login',
    as: 'nobody',
    body: { email: JOHN.email, password: 'something else' },
    status: 401,
    error: 'Invalid email or password',
    has: ['message'],
  },
  { of: 'POST /auth/login', as: 'nobody', body: {}, status: 400, error: 'Invalid request data' },
  { of: 'POST /auth/refresh', as: 'user', status: 200, has: ['token', ...USER], keep: { token: 'token' } },
  { of: 'POST /auth/refresh', as: 'nobody', status: 401, error: 'Authorization header is required' },
  {
    of: 'POST /auth/refresh',
    as: 'nobody',
    headers: { Authorization: 'Basic x' },
    status: 401,
    error: "Authorization header must start with 'Bearer '",
  },
  {
    of: 'POST /auth/refresh',
    as: 'nobody',
    headers: { Authorization: 'Bearer x' },
    status: 401,
    error: 'Invalid token',
  },
  {
    of: 'GET /auth/oauth/:provider/authorize',
    as: 'nobody',
    path: '/auth/oauth/hub/authorize',
    status: 307,
    location: /^https:\/\/hub\.example\.org\/authorize\?.*state=/,
  },
  {
    of: 'GET /auth/oauth/:provider/authorize',
    as: 'nobody',
    path: '/auth/oauth/nope/authorize',
    status: 404,
    error: 'Unknown or disabled provider',
  },
  {
    of: 'GET /auth/oauth/:provider/callback',
    as: 'nobody',
    path: '/auth/oauth/hub/callback?code=x',
    status: 307,
    location: /\/login\?error=Missing\+state\+parameter$/,
  },
  {
    of: 'GET /auth/oauth/:provider/callback',
    as: 'nobody',
    path: '/auth/oauth/hub/callback?code=x&state=y',
    status: 307,
    location: /\/login\?error=Invalid\+or\+expired\+authentication\+state$/,
  },
  { of: 'POST /auth/oauth/exchange', as: 'nobody', body: {}, status: 400, error: 'Code is required' },
  {
    of: 'POST /auth/oauth/exchange',
    as: 'nobody',
    body: { code: 'x' },
    status: 401,
    error: 'Invalid or expired code',
  },
];

const profile: readonly Row[] = [
  { of: 'GET /profile', as: 'user', status: 200, has: USER },
  {
    of: 'GET /profile',
    as: 'nobody',
    status: 401,
    error: 'Authorization token is required (header or query param)',
  },
  {
    of: 'GET /profile',
    as: 'nobody',
    path: '/profile?token=x',
    status: 401,
    error: 'Invalid or expired token',
  },
  { of: 'GET /profile', as: 'viewer', status: 404, error: 'User not found' },
  { of: 'PUT /profile', as: 'user', body: { name: 'Jane' }, status: 200, like: { user: { name: 'Jane' } } },
  { of: 'PUT /profile', as: 'user', body: {}, status: 400, error: 'Name is required' },
];

const SETTING = { regenerateAfterSignup: true };

const settings: readonly Row[] = [
  { of: 'POST /settings/generate-invite-code', status: 200, has: ['inviteCode'] },
  { of: 'GET /settings/regenerate-setting', status: 200, has: ['regenerateAfterSignup', 'inviteCode'] },
  { of: 'PUT /settings/regenerate-setting', body: SETTING, status: 200, like: SETTING },
  { of: 'PUT /settings/regenerate-setting', body: {}, status: 400, error: 'Invalid request data' },
  ...[
    'GET /settings/invite-code',
    'POST /settings/generate-invite-code',
    'GET /settings/regenerate-setting',
  ].map((of): Row => ({ of, as: 'deployer', status: 403, error: 'Admin access required' })),
  {
    of: 'PUT /settings/regenerate-setting',
    as: 'deployer',
    body: SETTING,
    status: 403,
    error: 'Admin access required',
  },
];

const plugin = [
  'id',
  'name',
  'displayName',
  'description',
  'category',
  'version',
  'crdGroup',
  'crdKinds',
  'nodeTypes',
];

const catalogue: readonly Row[] = [
  {
    of: 'GET /templates',
    status: 200,
    has: ['id', 'name', 'displayName', 'category', 'icon', 'parameters.0.name', 'parameters.0.type'].map(
      (member) => `templates.0.${member}`,
    ),
  },
  {
    of: 'GET /plugins',
    status: 200,
    has: [...plugin, 'enabled', 'enabledAt'].map((member) => `plugins.0.${member}`),
  },
  { of: 'GET /plugins/categories', status: 200, has: ['categories.0'] },
  {
    of: 'GET /plugins/:id',
    path: '/plugins/redis',
    status: 200,
    has: [...plugin.map((member) => `plugin.${member}`), 'enabled'],
  },
  { of: 'POST /plugins/:id/enable', path: '/plugins/redis/enable', status: 200, has: ['message'] },
  { of: 'GET /plugins/enabled', status: 200, like: { plugins: [{ id: 'redis', enabled: true }] } },
  { of: 'POST /plugins/:id/disable', path: '/plugins/redis/disable', status: 200, has: ['message'] },
  {
    of: 'POST /plugins/:id/disable',
    path: '/plugins/redis/disable',
    status: 400,
    error: 'plugin not enabled for this user',
  },
  ...['GET /plugins/:id', 'POST /plugins/:id/enable', 'POST /plugins/:id/disable'].flatMap((of) =>
    refusals(of, [
      { path: of.replace(/^\w+ /, '').replace(':id', 'nope'), status: 404, error: 'Plugin not found' },
    ]),
  ),
];

export const accountRows: readonly Row[] = [...auth, ...profile, ...settings, ...catalogue];
