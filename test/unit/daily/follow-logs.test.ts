import { expect, it } from 'vitest';
import type { StackLogEvent } from '../../../api/operations/follow/follow-logs.ts';
import { followStackLogs } from '../../../api/operations/follow/follow-logs.ts';
import type { LogLine, LogOptions, Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';

const lineAt = (second: number, text: string): LogLine => ({
  stream: 'stdout',
  time: `2026-01-01T00:00:0${second}.000000000Z`,
  text,
});

/** Each service answers its next run whenever it is asked; a last one that is a promise stays open. */
function reading(runs: Record<string, (readonly LogLine[] | ReconcilerError)[]>) {
  const asked: (Pick<LogOptions, 'tail' | 'since'> & { service: string })[] = [];
  const logs: Reconciler['logs'] = async function* (_, service, { tail, since, signal }) {
    asked.push({
      service,
      ...(tail === undefined ? {} : { tail }),
      ...(since === undefined ? {} : { since }),
    });
    const run = runs[service]?.shift();
    if (run instanceof ReconcilerError) throw run;
    yield* run ?? [];
    if (runs[service]?.length === 0)
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  return { reconciler: { logs } as unknown as Reconciler, asked };
}

async function take(events: AsyncIterable<StackLogEvent>, count: number): Promise<readonly string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    if (event.type === 'line') seen.push(`${event.line.service}: ${event.line.text}`);
    else seen.push(`${event.service} ! ${event.message}`);
    if (seen.length === count) break;
  }
  return seen;
}

const follow = (deps: ReturnType<typeof reading>, services: readonly string[]) =>
  followStackLogs(deps, {
    stack: 'shop',
    services,
    tail: 5,
    pauseMs: 1,
    signal: new AbortController().signal,
  });

it('goes on with a container that takes the place of another, and says no line twice', async () => {
  const one = reading({
    web: [[lineAt(1, 'old')], [lineAt(1, 'old'), lineAt(2, 'new')]],
    db: [[lineAt(1, 'up')]],
  });
  const seen = await take(follow(one, ['web', 'db']), 3);
  expect(seen.toSorted()).toEqual(['db: up', 'web: new', 'web: old']);
  expect(one.asked.filter(({ service }) => service === 'web').slice(0, 2)).toEqual([
    { service: 'web', tail: 5 },
    { service: 'web', since: new Date('2026-01-01T00:00:01Z') },
  ]);
});

it('tells once what keeps a service from being read, and reads it as soon as it can be', async () => {
  const missing = new ReconcilerError('TARGET_ERROR', 'web has no container', { retryable: true });
  const one = reading({ web: [missing, missing, [lineAt(1, 'up')]] });
  expect(await take(follow(one, ['web']), 2)).toEqual(['web ! web has no container', 'web: up']);
  expect(one.asked).toEqual(Array.from({ length: 3 }, () => ({ service: 'web', tail: 5 })));
});

it('throws what was not thrown on purpose', async () => {
  const reconciler = {
    logs() {
      throw new TypeError('a mistake of ours');
    },
  } as unknown as Reconciler;
  await expect(take(follow({ reconciler, asked: [] }, ['web']), 1)).rejects.toThrow('a mistake of ours');
});
