import process from 'node:process';
import { createInterrupt } from '../../api/cli/terminal/interrupt.ts';
import { errorMessage } from '../../reconciler/index.ts';
import { createNarrator } from './narrator.ts';
import { runDemo } from './story.ts';

/*
 * npm run demo             the whole way from a Git push to a running service, then stays up until Ctrl-C
 * npm run demo -- --once   the same, cleans up after itself and ends
 */

const unknown = process.argv.slice(2).filter((argument) => argument !== '--once');
const narrator = createNarrator();
if (unknown.length > 0) {
  process.stderr.write(`error: the demo knows one option, --once; not ${unknown.join(' ')}\n`);
  process.exit(1);
}

using interrupt = createInterrupt({ process, code: 130 });
const once = process.argv.includes('--once');
try {
  await runDemo({ narrator, once, signal: interrupt.signal });
} catch (error) {
  // Ctrl-C is how the demo ends that stays up; before that it is an interruption.
  if (interrupt.stopped) narrator.tell('interrupted; everything was cleaned up');
  else process.stderr.write(`\n${narrator.style.bad('The demo failed:')} ${errorMessage(error)}\n`);
  process.exitCode = interrupt.stopped ? 130 : 1;
}
