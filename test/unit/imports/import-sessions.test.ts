import { expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { createImportSessions } from '../../../reconciler/run/imports/import-sessions.ts';
import type { ImportSession } from '../../../reconciler/public/imports.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';
import { eventually } from '../../support/eventually.ts';
import type { FakeRepository } from '../../support/fakes/fake-foreign.ts';
import { createFakeForeign } from '../../support/fakes/fake-foreign.ts';

const HOUR = 3_600_000;

function rig(repositories: Readonly<Record<string, FakeRepository>>) {
  const clock = { time: Date.UTC(2026, 0, 1), now: () => clock.time };
  const fetcher = createFakeForeign(repositories);
  const stopping = new AbortController();
  const sessions = createImportSessions({
    fetcher,
    clock,
    checkSchema,
    later: (_, work) => void work(stopping.signal).catch(() => undefined),
  });
  const run = async (address: string, owner = 'ada'): Promise<ImportSession> => {
    const { id } = sessions.start({ address }, owner);
    return eventually(
      () => sessions.get(id, owner),
      ({ completedAt }) => completedAt !== null,
      4_000,
    );
  };
  return { clock, fetcher, sessions, stopping, run };
}

const at = (name: string) => `https://git.example/${name}`;

it('reads a project with the files that it names, and closes the repository', async () => {
  const { fetcher, run } = rig({
    [at('shop')]: {
      'compose.yml':
        'include: [deploy/db.yaml]\nservices: { web: { extends: { file: base.yml, service: web } } }\n',
      'base.yml':
        'services: { web: { image: nginx, env_file: [web.env], volumes: ["./n.conf:/n.conf:ro"] } }\n',
      'deploy/db.yaml': 'services: { db: { image: "postgres:${TAG}" } }\n',
      'deploy/.env': 'TAG=16\n',
      'web.env': 'MODE=fast\n',
      'n.conf': 'events {}\n',
      'compose.override.yml': 'services: {}\n',
    },
  });
  const { analysis, file, branch } = await run(at('shop'));
  expect({ file, branch }).toEqual({ file: 'compose.yml', branch: 'main' });
  expect(analysis?.errors).toEqual([]);
  expect(analysis?.services).toMatchObject([
    { name: 'web', environment: { MODE: 'fast' } },
    { name: 'db', image: 'postgres:16' },
  ]);
  expect(JSON.stringify(analysis?.nodes)).toContain('events {}');
  expect(analysis?.warnings).toContain(
    'compose.override.yml: is not read, Compose would put it over the project',
  );
  expect(fetcher.opened()).toBe(0);
});

it.each([
  ['gone', 'clone', 'REPOSITORY_NOT_FOUND'],
  ['broken', 'clone', 'INTERNAL_ERROR'],
  ['empty', 'analyze', 'INVALID_CONFIGURATION'],
  ['wrong', 'analyze', 'INVALID_CONFIGURATION'],
  ['not-allowed', 'clone', 'BAD_OPTIONS'],
])('%s fails while it does %s', async (name, stage, code) => {
  const { run, fetcher } = rig({
    [at('gone')]: new ReconcilerError('REPOSITORY_NOT_FOUND', 'there is none'),
    [at('broken')]: new TypeError('x is not a function'),
    [at('empty')]: { Dockerfile: 'FROM scratch' },
    [at('wrong')]: { 'docker-compose.yml': 'services: [' },
  });
  const { status, error, progress } = await run(at(name));
  expect({ status, code: error?.code, stage: error?.stage }).toEqual({ status: 'failed', code, stage });
  expect(error?.message).not.toContain('x is not a function');
  expect(progress).toBeLessThan(100);
  expect(fetcher.opened()).toBe(0);
});

it('goes on where what a killed process has left cannot be taken away', async () => {
  const { fetcher, run } = rig({ [at('shop')]: { 'compose.yml': 'services: { web: { image: a } }' } });
  fetcher.sweep = () => Promise.reject(new Error('not permitted'));
  expect((await run(at('shop'))).status).toBe('completed');
});

it('fetches two at a time, and ends when it is stopped', async () => {
  const { sessions, stopping } = rig({ [at('slow')]: 'never' });
  const begun = ['ada', 'bob', 'eve'].map((owner) => ({
    owner,
    id: sessions.start({ address: at('slow') }, owner).id,
  }));
  const states = () => begun.map(({ id, owner }) => sessions.get(id, owner).status);
  const begins = await eventually(states, (all) => all.includes('cloning'), 4_000);
  expect(begins).toEqual(['cloning', 'cloning', 'pending']);
  stopping.abort(new Error('stopping'));
  expect(await eventually(states, (all) => all.every((one) => one === 'failed'), 4_000)).toHaveLength(3);
});

it('keeps a session for an hour, and some of each owner', async () => {
  const { sessions, clock, run } = rig({
    [at('shop')]: { 'compose.yml': 'services: { web: { image: a } }' },
  });
  const first = await run(at('shop'));
  expect(() => sessions.get(first.id, 'bob')).toThrow(expect.objectContaining({ code: 'UNKNOWN_IMPORT' }));
  for (let count = 0; count < 19; count += 1) await run(at('shop'));
  expect(sessions.get(first.id, 'ada').status).toBe('completed');
  await run(at('shop'));
  expect(() => sessions.get(first.id, 'ada')).toThrow('there is no import');
  const last = await run(at('shop'), 'bob');
  clock.time += HOUR + 1;
  expect(() => sessions.get(last.id, 'bob')).toThrow('there is no import');
});
