import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { findAnswering } from '../../../api/cli/apply/answering.ts';
import { addressesOf } from '../../../api/operations/daily/addresses.ts';
import type { Plan } from '../../../reconciler/index.ts';
import { changingPlan } from '../../support/cli/cli-harness.ts';

const NODES = [
  { name: 'local', address: 'unix:///var/run/docker.sock', reachable: true },
  { name: 'nas', address: 'ssh://me@nas.lan:22', reachable: true },
];

function planOf(...afters: readonly (readonly [target: string, after: object, kind?: string])[]): Plan {
  const [first] = changingPlan('shop').changes;
  if (first === undefined) throw new Error('there is one');
  const changes = afters.map(([target, after, kind = 'container']) => ({
    ...first,
    target,
    kind,
    after: after as never,
  }));
  return changingPlan('shop', { changes });
}

it('tells where published ports are, by what their nodes are called', () => {
  const plan = planOf(
    [
      'local',
      {
        service: 'web',
        ports: [
          { hostPort: 8443, containerPort: 443, protocol: 'tcp' },
          { hostPort: 80, containerPort: 80, protocol: 'tcp', hostIp: '127.0.0.1' },
          { hostPort: 53, containerPort: 53, protocol: 'udp' },
          { containerPort: 9, protocol: 'tcp' },
        ],
      },
    ],
    ['nas', { service: 'db', ports: [{ hostPort: 5432, containerPort: 5432, protocol: 'tcp' }] }],
  );
  expect(addressesOf(plan, NODES).map(({ service, address }) => `${service} ${address}`)).toEqual([
    'db nas.lan:5432',
    'web http://localhost',
    'web https://localhost:8443',
  ]);
});

it('tells the names that proxies and clusters route, first', () => {
  const labels = {
    'traefik.http.routers.a.rule': 'Host(`app.example.org`) && PathPrefix(`/x`)',
    'traefik.http.routers.a.tls': 'true',
    'traefik.http.routers.b.rule': 'Host(`plain.lan`, `other.lan`)',
    'traefik.http.routers.c.rule': 'PathPrefix(`/y`)',
  };
  const ingress = { kind: 'Ingress', spec: { tls: [{}], rules: [{ host: 'k.example.org' }, {}] } };
  const plan = planOf(
    ['local', { service: 'app', labels, ports: [{ hostPort: 3000, containerPort: 3000 }] }],
    ['c', ingress, 'Ingress.networking.k8s.io'],
  );
  expect(addressesOf(plan, NODES, 'server').map(({ address }) => address)).toEqual([
    'http://other.lan',
    'http://plain.lan',
    'https://app.example.org',
    'https://k.example.org',
    'http://server:3000',
  ]);
});

it('finds those that take a connection', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const at = (number: number) => ({ service: 's', address: `a:${number}`, host: '127.0.0.1', port: number });
  const never = new AbortController().signal;
  expect(await findAnswering([at(1), at(port)], never)).toEqual([at(port)]);
  server.close();
  expect(await findAnswering([at(port)], AbortSignal.abort())).toEqual([]);
});
