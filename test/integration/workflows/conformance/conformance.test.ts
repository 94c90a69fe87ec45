import { afterAll, beforeAll, expect, it } from 'vitest';
import { asFields, own } from '../../../../reconciler/base/values.ts';
import { createAccountsRig, OPEN_SIGN_UP } from '../../../support/accounts/accounts-rig.ts';
import type { AccountsRig } from '../../../support/accounts/accounts-rig.ts';
import type { WorkflowServer } from '../../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../../support/api/workflow-server.ts';
import { buildOptions } from '../../../support/builds/builds-rig.ts';
import { ENDPOINTS } from './endpoints.ts';
import { accountRows } from './account-rows.ts';
import { createFakeForeign } from '../../../support/fakes/fake-foreign.ts';
import { FAKE_REPOSITORIES } from '../../../support/fakes/fake-imports.ts';
import { diagnosticRows } from './diagnostic-rows.ts';
import { importRows } from './import-rows.ts';
import { inventoryRows } from './inventory-rows.ts';
import { buildRows } from './build-rows.ts';
import { operatorRows } from './operator-rows.ts';
import { resourceRows } from './resource-rows.ts';
import type { Row } from './row.ts';
import { terminalRows } from './terminal-rows.ts';
import { workflowRows } from './workflow-rows.ts';

const HUB = {
  type: 'oauth2',
  name: 'hub',
  displayName: 'Hub',
  icon: 'key',
  clientId: 'id',
  clientSecret: 'secret://env/HUB',
  domains: [],
  newUsers: true,
  trustEmails: false,
  authorizeUrl: 'https://hub.example.org/authorize',
  tokenUrl: 'https://hub.example.org/token',
  userUrl: 'https://hub.example.org/user',
  emailsUrl: undefined,
  scopes: ['email'],
  claims: { subject: 'id', email: 'email', name: 'name' },
} as const;

const ROWS: readonly Row[] = [
  ...accountRows,
  ...operatorRows,
  ...inventoryRows,
  ...workflowRows,
  ...importRows,
  ...diagnosticRows,
  ...terminalRows,
  ...buildRows,
  ...resourceRows,
];

/** Endpoints whose good answer needs a provider, a pod or a web socket: sign-in.test.ts, pods.test.ts. */
const ELSEWHERE = [
  'POST /auth/oauth/exchange',
  'GET /resources/:id/logs/stream',
  'GET /resources/:id/exec/terminal',
];

let accounts: AccountsRig;
let platform: WorkflowServer;
/** Values that rows have kept. */
const kept = new Map<string, string>();
let asked = 0;

beforeAll(async () => {
  const { builds } = buildOptions().options;
  accounts = createAccountsRig({
    signUp: OPEN_SIGN_UP,
    providers: [HUB],
    frontendUrl: 'https://ui.example.org',
    publicUrl: 'https://api.example.org',
  });
  platform = await startWorkflowServer(
    { accounts: accounts.accounts, proxies: ['127.0.0.1'] },
    { importFrom: createFakeForeign(FAKE_REPOSITORIES), ...(builds === undefined ? {} : { builds }) },
  );
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  accounts[Symbol.dispose]();
});

function fill(text: string): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => kept.get(name) ?? `{${name}}`);
}

function valueAt(value: unknown, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>(
      (found, key) => (Array.isArray(found) ? found[Number(key)] : own(asFields(found), key)),
      value,
    );
}

/** Each request comes from an address of its own, or there would be too many from one. */
function request({ of, path, as = 'admin', body, file, headers = {} }: Row): Promise<Response> {
  const [method = '', pattern = ''] = of.split(' ');
  const place = path ?? pattern.replaceAll(/:(\w+)/g, '{$1}');
  asked += 1;
  const token = as === 'user' ? { Authorization: `Bearer ${kept.get('token')}` } : {};
  const from = { 'X-Forwarded-For': `198.51.${asked >> 8}.${asked & 255}` };
  const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
  return platform.server.request(`/v1/api${fill(place)}`, {
    method,
    role: as === 'user' || as === 'nobody' ? null : as,
    headers: { ...from, ...token, ...json, ...headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body: fill(JSON.stringify(body)) }),
    ...(file === undefined ? {} : { body: formOf(file) }),
  });
}

function formOf([name, text]: readonly [string, string]): FormData {
  const form = new FormData();
  form.set('file', new Blob([text]), name);
  return form;
}

/** The first event of a stream: its name and data. */
async function firstEvent(response: Response): Promise<readonly [string, unknown]> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!/^event: .*\ndata: .*\n\n/m.test(text)) text += (await reader?.read())?.value ?? '';
  await reader?.cancel();
  const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)$/m.exec(text) ?? [];
  return [name, JSON.parse(data)];
}

function titleOf({ of, path = '', as = 'admin', status, error }: Row): string {
  return `${of} ${path} by ${as} is ${status} ${error === undefined ? '' : String(error)}`;
}

it.each(ROWS.map((row) => [titleOf(row), row] as const))('%s', async (_, row) => {
  const response = await request(row);
  expect(response.status).toBe(row.status);
  if (row.location !== undefined) return expect(response.headers.get('Location')).toMatch(row.location);
  if (row.event !== undefined) {
    const [wanted, ...has] = row.event;
    const [name, data] = await firstEvent(response);
    expect(name).toBe(wanted);
    expect(has.filter((place) => valueAt(data, place) === undefined)).toEqual([]);
    return;
  }
  const body: unknown = await response.json();
  expect((row.has ?? []).filter((place) => valueAt(body, place) === undefined)).toEqual([]);
  if (row.like !== undefined) expect(body).toMatchObject(row.like);
  if (row.error !== undefined)
    expect(valueAt(body, 'error')).toEqual(
      typeof row.error === 'string' ? row.error : expect.stringMatching(row.error),
    );
  for (const [name, place] of Object.entries(row.keep ?? {})) kept.set(name, String(valueAt(body, place)));
});

it('asks every endpoint of the reference, and no other', () => {
  expect(ENDPOINTS).toHaveLength(84);
  expect(ROWS.map(({ of }) => of).filter((of) => !ENDPOINTS.includes(of))).toEqual([]);
  const answered = new Set(ROWS.filter(({ status }) => status < 400).map(({ of }) => of));
  expect(ENDPOINTS.filter((of) => !answered.has(of))).toEqual(ELSEWHERE);
});
