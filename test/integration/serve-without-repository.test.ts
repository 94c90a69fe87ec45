import { expect, it } from 'vitest';
import { createCliProcess } from '../support/cli/cli-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';

it('serves instances where no repository is named and the directory is in none, and is well', async () => {
  await using cli = await createCliProcess({});
  const port = await freePort();
  await using daemon = cli.start('serve', '--no-auth', '--listen', `127.0.0.1:${port}`);
  const url = `http://127.0.0.1:${port}`;
  const health = await eventually(
    () => fetch(`${url}/api/v1/health`).catch(() => undefined),
    (answer) => answer?.ok === true,
  );
  expect(await health?.json()).toMatchObject({ status: 'healthy' });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(daemon.stdout()).toContain('instances only');
  expect(daemon.stdout()).not.toContain('"level":"error"');
  expect(await cli.run('instance', 'list', '--server', url)).toMatchObject({ code: 0, stdout: '' });
});
