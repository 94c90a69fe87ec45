import { get } from 'node:http';
import process from 'node:process';

/*
 * Follows a workflow many times over, in a process of its own: the processor time of the readers is not the daemon's. Says `open` when all are
 * there, and at the end how many runs the one that heard of the fewest has heard of.
 */

export interface ReadersRequest {
  readonly url: string;
  /** Headers of each reader. */
  readonly headers: readonly Readonly<Record<string, string>>[];
}

const EVENT = 'event: workflow_sync';

process.once('message', (request: ReadersRequest) => {
  const heard = request.headers.map(() => 0);
  let open = 0;
  for (const [index, headers] of request.headers.entries()) {
    const asked = get(request.url, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) throw new Error(`reader ${index} is answered ${response.statusCode}`);
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const all = rest + text;
        if (all.includes('event: metadata') && ++open === heard.length) process.send?.('open');
        heard[index]! += all.split(EVENT).length - 1;
        // An event may be cut in two.
        rest = all.slice(-EVENT.length + 1);
      });
      response.on('error', () => undefined);
    });
    asked.on('error', () => undefined);
  }
  process.once('message', () => process.send?.(Math.min(...heard), () => process.exit()));
});
