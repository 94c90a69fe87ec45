import { EventEmitter } from 'node:events';
import process from 'node:process';
import { expect, it } from 'vitest';
import { surviveFaults } from '../../../api/cli/terminal/faults.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

it('logs an error that nobody caught, and hears of no more once it is over', () => {
  const emitter = new EventEmitter() as EventEmitter & Pick<typeof process, 'on' | 'off'>;
  const logger = createQuietLogger();
  {
    using _ = surviveFaults(emitter, logger);
    emitter.emit('unhandledRejection', new Error('redirected into nowhere'));
    emitter.emit('uncaughtException', new Error('writing the log fails'));
  }
  expect(logger.lines).toMatchObject([
    {
      level: 'error',
      message: 'a fault that nobody caught; the daemon goes on',
      data: { error: 'redirected into nowhere' },
    },
  ]);
  expect(emitter.eventNames()).toEqual([]);
});
