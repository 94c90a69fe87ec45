import { expect, it } from 'vitest';
import { startApiServer } from '../../../support/api/api-server.ts';

it('tells where people see the repository, without a login', async () => {
  await using server = await startApiServer();
  const read = async () => (await (await server.request('/api/v1/repository')).json()) as { web: unknown };
  expect((await read()).web).toBeNull();
  server.reconciler.setRepository({ location: 'https://ann:secret@github.com/o/r.git' });
  expect((await read()).web).toEqual({
    commit: 'https://github.com/o/r/commit/{commit}',
    file: 'https://github.com/o/r/blob/{commit}/{path}#L{line}',
  });
});
