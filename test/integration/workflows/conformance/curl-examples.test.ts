import { expect, it } from 'vitest';
import { isProblem } from '../../../../reconciler/base/problem.ts';
import { splitWords } from '../../../../reconciler/base/shell-words.ts';
import { asFields, asString } from '../../../../reconciler/base/values.ts';
import { createAccountsRig, OPEN_SIGN_UP } from '../../../support/accounts/accounts-rig.ts';
import { startWorkflowServer } from '../../../support/api/workflow-server.ts';

const HOST = 'http://localhost:8080';

/** The examples of the reference, each with the answer that stands below it. */
const EXAMPLES: readonly (readonly [string, number, object])[] = [
  [
    String.raw`curl -X POST http://localhost:8080/v1/api/auth/register \
-H "Content-Type: application/json" \
-d '{"email": "user@example.com", "password": "password123", "name": "John Doe"}'`,
    201,
    { user: { name: 'John Doe', email: 'user@example.com' } },
  ],
  [
    String.raw`curl -X POST http://localhost:8080/v1/api/auth/login \
-H "Content-Type: application/json" \
-d '{"email": "user@example.com", "password": "password123"}'`,
    200,
    { user: { name: 'John Doe', email: 'user@example.com' } },
  ],
  [
    String.raw`curl -X POST http://localhost:8080/v1/api/clusters \
-H "Authorization: Bearer <token>" \
-H "Content-Type: application/json" \
-d '{
"name": "production",
"server": "https://k8s-api.example.com:6443",
"auth_type": "bearer_token",
"token": "eyJhbGciOi..."
}'`,
    201,
    { name: 'production', server: 'https://k8s-api.example.com:6443', status: 'connected' },
  ],
  [
    String.raw`curl -X POST http://localhost:8080/v1/api/clusters/production/test \
-H "Authorization: Bearer <token>"`,
    200,
    { status: 'healthy' },
  ],
  [
    String.raw`curl -X POST http://localhost:8080/v1/api/workflows \
-H "Authorization: Bearer <token>" \
-H "Content-Type: application/json" \
-d '{"name": "My App", "description": "Web application stack"}'`,
    201,
    { name: 'My App', description: 'Web application stack', status: 'draft', nodes: [], edges: [] },
  ],
  [
    String.raw`curl -X POST http://localhost:8080/v1/api/workflows/<id>/run \
-H "Authorization: Bearer <token>" \
-H "Content-Type: application/json" \
-d '{"cluster": "my-cluster", "namespace": "default"}'`,
    200,
    { status: 'deploying', version: 1 },
  ],
];

it('answers the examples of the reference as they are written there', async () => {
  using accounts = createAccountsRig({ signUp: OPEN_SIGN_UP });
  await using platform = await startWorkflowServer({ accounts: accounts.accounts });
  const known = { token: '', id: '' };
  for (const [command, status, like] of EXAMPLES) {
    const text = command.replace('<token>', known.token).replace('<id>', known.id).replaceAll('\\\n', ' ');
    const { url, method, headers, body } = readCurl(text);
    const response = await platform.server.request(url.replace(HOST, ''), {
      method,
      headers,
      role: null,
      ...(body === undefined ? {} : { body }),
    });
    const answer: unknown = await response.json();
    expect([command, response.status]).toEqual([command, status]);
    expect(answer).toMatchObject(like);
    known.token = asString(asFields(answer)?.['token']) ?? known.token;
    if (!url.endsWith('/workflows')) continue;
    known.id = asString(asFields(answer)?.['id']) ?? '';
    await platform.push({ 'clusters/my-cluster.yaml': 'kubeconfig: /etc/kube/config\n' });
    await platform.ask('PUT', `/workflows/${known.id}`, { cluster_id: 'my-cluster', status: 'published' });
  }
});

function readCurl(command: string) {
  const words = splitWords(command);
  if (isProblem(words)) throw new Error(words.problem);
  const headers: Record<string, string> = {};
  let [method, url, body]: [string, string, string | undefined] = ['GET', '', undefined];
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-')) url = word;
    else {
      index += 1;
      const value = words[index] ?? '';
      if (word === '-X') method = value;
      if (word === '-d') body = value;
      const [name = '', ...rest] = value.split(': ');
      if (word === '-H') headers[name] = rest.join(': ');
    }
  }
  return { url, method, headers, body };
}
