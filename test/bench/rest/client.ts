import { Agent, request } from 'node:http';
import process from 'node:process';

/* Asks an address again and again over some connections, in a process of its own, and says how many answers there were. */

const CONNECTIONS = 16;
const REQUESTS = 4_000;

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

process.on('message', ({ url, key }: { readonly url: string; readonly key: string }) => {
  void run(url, key).then(() => process.send?.(REQUESTS));
});

async function run(url: string, key: string): Promise<void> {
  let left = REQUESTS;
  const ask = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await once(url, key);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
}

function once(url: string, key: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outgoing = request(
    url,
    { agent, headers: { 'x-api-key': key, accept: 'application/json' } },
    (response) => {
      if (response.statusCode !== 200) reject(new Error(`the answer is ${response.statusCode}`));
      response.resume().once('end', resolve);
    },
  );
  outgoing.once('error', reject);
  outgoing.end();
  return promise;
}
