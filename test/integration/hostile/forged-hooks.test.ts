import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { HookDelivery } from '../../../reconciler/ports/hosts/git-host.ts';
import { createRandom } from '../../chaos/random.ts';
import type { Random } from '../../chaos/random.ts';
import { startApiServer } from '../../support/api/api-server.ts';
import type { HostDouble } from '../../support/hosts/host-double.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { HOSTS, openHost } from '../../support/hosts/host-suite.ts';
import type { WorldEvent } from '../../support/hosts/host-world.ts';
import { HEAD } from '../../support/hosts/host-world.ts';
import { sendHook } from '../../support/hosts/send-hook.ts';
import { readNumber } from '../../support/numbers/read-number.ts';

/** `npm run test:bounds` asks for more; the seed stands in the name of a test that fails. */
const RUNS = readNumber('FUZZ_RUNS', 300);
const SEED = readNumber('FUZZ_SEED', 17);
const MIB = 1_024 ** 2;
const EVENTS: readonly WorldEvent[] = [
  { type: 'push', ref: 'refs/heads/main', after: HEAD },
  { type: 'push', ref: 'refs/tags/web-v1.0.0-production', after: HEAD },
  { type: 'pull', number: 1 },
  { type: 'issue' },
  { type: 'ping' },
];

interface Attack {
  readonly double: HostDouble;
  readonly secret: string;
  /** Headers that hold what is signed. */
  readonly signatures: readonly string[];
  /** Taken before, and sent again. */
  readonly taken: HookDelivery;
  readonly random: Random;
}

type Forge = (attack: Attack) => HookDelivery;

const rightOf = ({ double, secret, random }: Attack) => double.hook(random.pick(EVENTS), { secret });

function changeSignature({ headers, ...rest }: HookDelivery, { signatures, random }: Attack): HookDelivery {
  const changed = Object.entries(headers).map(([name, value]): readonly [string, string] => {
    if (!signatures.includes(name)) return [name, value];
    return [
      name,
      random.pick(['', 'sha256=', 'v1,', `sha256=${'0'.repeat(64)}`, value.slice(0, -1), `${value}0`]),
    ];
  });
  return { ...rest, headers: Object.fromEntries(changed) };
}

/** Everything that somebody without the secret, or with a hook of before, can send. */
const FORGES: Readonly<Record<string, Forge>> = {
  guessed: ({ double, random }) =>
    double.hook(random.pick(EVENTS), { secret: `guess-${random.integer(1e9)}` }),
  resigned: (attack) => changeSignature(rightOf(attack), attack),
  bare: (attack) => {
    const { headers, ...rest } = rightOf(attack);
    const kept = Object.entries(headers).filter(([name]) => !attack.signatures.includes(name));
    return { ...rest, headers: Object.fromEntries(kept) };
  },
  replayed: ({ taken }) => taken,
  renamed: ({ taken, random }) => {
    const names = /delivery|webhook-id|idempotency-key|request-uuid|uuid/;
    const headers = Object.entries(taken.headers).map(([name, value]): readonly [string, string] => [
      name,
      names.test(name) ? `other-${random.integer(1e9)}` : value,
    ]);
    return { ...taken, headers: Object.fromEntries(headers) };
  },
  flipped: (attack) => {
    const right = changeSignature(rightOf(attack), attack);
    const body = Buffer.from(right.body);
    const at = attack.random.integer(body.length);
    body.writeUInt8((body.readUInt8(at) + 1) % 256, at);
    return { ...right, body };
  },
  shortened: (attack) => {
    const right = changeSignature(rightOf(attack), attack);
    return { ...right, body: right.body.subarray(0, attack.random.integer(right.body.length)) };
  },
  nested: (attack) => {
    const text = '['.repeat(200_000);
    return { ...changeSignature(rightOf(attack), attack), body: Buffer.from(text) };
  },
  huge: (attack) => {
    const size = attack.random.chance(0.05) ? 25 * MIB + 1 : attack.random.integer(MIB / 4);
    return { ...changeSignature(rightOf(attack), attack), body: Buffer.alloc(size, 0x20) };
  },
};

/** Every request has an address of its own, as from behind a proxy: throttled ones would show nothing. */
function addressOf(random: Random): Readonly<Record<string, string>> {
  const part = () => random.integer(254);
  return { 'x-forwarded-for': `10.${part()}.${part()}.${part()}` };
}

/** Says that more comes than does. */
async function cut(url: URL, { headers, body }: HookDelivery): Promise<void> {
  const socket = connect(Number(url.port), url.hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `POST ${url.pathname} HTTP/1.1\r\nHost: x\r\n${lines.join('')}Content-Length: ${body.length + 9}\r\n\r\n`,
  );
  socket.write(body);
  await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
}

it.each(HOSTS.map((parts) => ({ parts, name: parts.name })))(
  `no forged, replayed, cut or huge hook of $name is taken, and none is an error of the server (seed ${SEED})`,
  async ({ parts }) => {
    await using double = await startHostDouble(parts.dialect);
    double.world.addPull();
    const secret = parts.hookSecret;
    const hooks = { host: openHost(parts, double), secret: () => new Secret(secret, 'secret://file/hook') };
    const statuses = new Map<number, number>();
    await using server = await startApiServer({
      hooks,
      proxies: ['127.0.0.1'],
      onRequest: ({ status }) => void statuses.set(status, (statuses.get(status) ?? 0) + 1),
    });
    const url = new URL('/api/hooks/config', server.url);
    const random = createRandom(SEED);
    const taken = double.hook(EVENTS[0] ?? { type: 'ping' }, { secret });
    expect((await sendHook(url.href, taken)).status).toBe(202);
    const attack = { double, secret, signatures: parts.signatures, taken, random };

    const names = Object.keys(FORGES);
    for (let run = 0; run < RUNS / HOSTS.length; run += 1) {
      const delivery = FORGES[random.pick(names)]?.(attack) ?? taken;
      if (random.chance(0.1)) await cut(url, delivery);
      else {
        const response = await sendHook(url.href, delivery, addressOf(random));
        expect([200, 400, 401, 413]).toContain(response.status);
        if (response.status === 200) expect(await response.json()).toEqual({ accepted: false });
        else await response.body?.cancel();
      }
    }
    expect([...statuses.keys()].filter((status) => status >= 500 || status === 404)).toEqual([]);
    expect(statuses.get(202)).toBe(1);
    expect([server.reconciler.syncRequests(), server.reconciler.hooks]).toEqual([1, []]);
    const next = double.hook({ type: 'pull', number: 1 }, { secret, delivery: 'right' });
    expect((await sendHook(url.href, next)).status).toBe(202);
  },
  600_000,
);
