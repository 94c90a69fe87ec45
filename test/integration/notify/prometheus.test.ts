import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createMetrics } from '../../../reconciler/daemon/metrics.ts';
import type { Channel } from '../../../reconciler/ports/notifier.ts';
import { createInstancesRig } from '../../support/instances-rig.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const DEPLOY = join(import.meta.dirname, '../../../deploy');
const PROMETHEUS = join(DEPLOY, 'prometheus');
const directory = mkdtempSync(join(tmpdir(), 'kombinator-promtool-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Prometheus' own judge; throws with what it says. */
const promtool = (args: readonly string[], input?: string) =>
  execFileSync('promtool', args, {
    cwd: PROMETHEUS,
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(readFileSync(join(DEPLOY, 'grafana/dashboard.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
};
const queries = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

const CHANNEL: Channel = {
  name: 'ops',
  type: 'webhook',
  host: null,
  events: ['failed'],
  isDefault: true,
  urgent: [],
  quietUntil: () => null,
  notifier: { name: 'ops', notify: () => Promise.resolve() },
};

/** Everything that a daemon tells, with something of each. */
async function scrape(): Promise<string> {
  await using rig = createRig({ channels: [CHANNEL] });
  await using instances = createInstancesRig();
  rig.source.push({
    [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }),
    [file('bad')]: stack('bad', { web: 'image: 5' }),
  });
  using metrics = createMetrics(rig.reconciler, instances.instances);
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  await rig.reaches('bad', 'invalid');
  await rig.reconciler.testChannel('ops', new AbortController().signal);
  return metrics.text();
}

it('what a daemon tells is what Prometheus reads, and says of each stack what it is', async () => {
  const text = await scrape();
  const lines = text.split('\n');
  // Their names are those of prom-client, and not to the liking of promtool.
  promtool(['check', 'metrics'], lines.filter((line) => !line.includes('nodejs_')).join('\n'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'kombinator_stack_info{stack="shop",kind="kombination",kit=""} 1',
      'kombinator_stack_state{stack="bad",state="invalid"} 1',
      'kombinator_stack_state{stack="shop",state="in_sync"} 1',
      'kombinator_stack_drift_resources{stack="shop"} 0',
      'kombinator_stacks_unnamed 0',
      'kombinator_node_up{node="local"} 1',
      'kombinator_notifications_total{channel="ops",result="delivered"} 1',
      'kombinator_notifications_total{channel="ops",result="failed"} 0',
    ]),
  );
  const deployed = lines.find((line) =>
    line.startsWith('kombinator_stack_last_success_timestamp_seconds{stack="shop"}'),
  );
  expect(Math.abs(Number(deployed?.split(' ')[1]) - Date.now() / 1_000)).toBeLessThan(3_600);
});

it('the alerts are rules, and fire when they should', () => {
  expect(promtool(['check', 'rules', '--lint-fatal', 'alerts.yaml'])).toContain('SUCCESS');
  expect(promtool(['test', 'rules', 'alerts.test.yaml'])).toContain('SUCCESS');
});

it('the dashboard asks in the words of Prometheus', () => {
  const rules = queries.map(([, expr], index) => ({
    record: `dashboard:query_${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  const path = join(directory, 'queries.yaml');
  writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  expect(promtool(['check', 'rules', path])).toContain(`SUCCESS: ${rules.length} rules found`);
});

it('alerts, dashboard and documentation name metrics that there are', async () => {
  const told = new Set([...(await scrape()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const texts = [
    readFileSync(join(PROMETHEUS, 'alerts.yaml'), 'utf8'),
    JSON.stringify(queries),
    readFileSync(join(DEPLOY, '../docs/operations.md'), 'utf8'),
  ];
  const named = new Set(texts.flatMap((text) => text.match(/\b(?:kombinator|process)_[a-z_]+/g) ?? []));
  const unknown = [...named].filter((name) => !told.has(name) && !told.has(name.replace(/_bucket$/, '')));
  expect([named.size > 10, unknown]).toEqual([true, []]);
});
