import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../api/index.ts';
import type { SeenObject } from '../../reconciler/ports/inventory/inventory.ts';
import { buildObject, createFakeInventory } from '../support/fakes/fake-inventory.ts';
import { createFakeReconciler } from '../support/fakes/fake-reconciler.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import type { Report } from './report.ts';
import { formatTimes, median, time } from './report.ts';

const OBJECTS = 10_000;
/** Requests of each kind; more in a second are refused. */
const LOOKS = 6;
const PAUSE_MS = 700;
const FOLLOWERS = 500;

/** Objects on clusters: lists and searches over 10,000 objects, and readers of one of them. */
export async function benchInventory(report: Report): Promise<void> {
  const { operations, inventory, tell } = createFakeInventory();
  await using _ = inventory;
  const objects = Array.from({ length: OBJECTS }, (_one, index) => objectAt(index));
  tell('prod', objects);
  await operations.openInventory(new AbortController().signal);
  const app = createApp({
    reconciler: { ...createFakeReconciler(), ...operations },
    auth: { mode: 'off', listenHost: '127.0.0.1' },
    logger: createQuietLogger(),
    version: '0',
    startedAt: performance.now(),
  });
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/api`;
  const read = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    if (response.status !== 200) throw new Error(`${path} answers ${response.status}`);
    return (await response.json()) as { readonly total: number };
  };
  let round = 0;
  const change = (): number => {
    round += 1;
    const next = objects.with(0, { ...objectAt(0), status: round % 2 === 0 ? 'running' : 'failed' });
    const before = performance.now();
    tell('prod', next);
    return performance.now() - before;
  };
  const changes: number[] = [];
  for (const path of [
    '/resources',
    '/resources?sort_by=created&sort_order=desc&offset=5000',
    '/search?q=web-77',
  ]) {
    const times: number[] = [];
    for (let look = 0; look <= LOOKS; look += 1) {
      // A list that has just changed is put in order anew.
      changes.push(change());
      const took = await time(() => read(path));
      // The first one compiles what the others use.
      if (look > 0) times.push(took);
    }
    report.note(`${path}: ${formatTimes(times)}`);
    report.check(`GET ${path} over ${OBJECTS} objects`, median(times), { wanted: 20, unit: 'ms' });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * LOOKS));
  }
  server.close();
  server.closeAllConnections();
  report.note(`a list of ${OBJECTS} with one change is taken in: ${formatTimes(changes)}`);
  benchFollowers(report, operations.listObjects().find(({ name }) => name === 'web-0')?.id ?? '', {
    operations,
    change,
  });
}

function benchFollowers(
  report: Report,
  id: string,
  {
    operations,
    change,
  }: {
    readonly operations: ReturnType<typeof createFakeInventory>['operations'];
    readonly change: () => number;
  },
): void {
  const alone = Array.from({ length: LOOKS }, change);
  const following = Array.from({ length: FOLLOWERS }, () => operations.followObject(id, () => undefined));
  const many = Array.from({ length: LOOKS }, change);
  for (const one of following) one[Symbol.dispose]();
  report.check(`a change with ${FOLLOWERS} readers ÷ without`, median(many) / median(alone), {
    wanted: 2,
    unit: '',
  });
}

function objectAt(index: number): SeenObject {
  const stack = `shop-${index % 500}`;
  const containers = [{ name: 'web', image: 'nginx:1.29', restartCount: index % 3 }];
  return buildObject({
    name: `web-${index}`,
    namespace: stack,
    stack,
    createdAt: new Date(Date.UTC(2026, 0, 1) + ((index * 7_919) % OBJECTS) * 60_000).toISOString(),
    facts: { containers, nodeName: `n${index % 20}`, podIP: '10.0.0.7', phase: 'Running' },
    labels: { app: 'web' },
  });
}
