import type { ChannelView, Reconciler } from '../../../reconciler/index.ts';
import { errorMessage, isReconcilerError } from '../../../reconciler/index.ts';
import type { RemoteClient } from '../remote/client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from '../remote/decode.ts';
import { RemoteError } from '../terminal/failure.ts';

export interface ChannelRow extends Pick<ChannelView, 'name' | 'host' | 'quietUntil' | 'last'> {
  readonly type: string;
  readonly events: readonly string[];
  /** `null`: all. */
  readonly stacks: readonly string[] | null;
  readonly isDefault: boolean;
}

/** Result of a test of a channel. */
export interface ChannelTest {
  readonly channel: string;
  /** `null` when it did not arrive. */
  readonly durationMs: number | null;
  /** Reason why it did not arrive, `null` when it did. */
  readonly error: string | null;
}

/** Channels of the operator. */
export interface NotifySession {
  listChannels(signal: AbortSignal): Promise<readonly ChannelRow[]>;
  /** Throws UNKNOWN_CHANNEL. */
  testChannel(name: string, signal: AbortSignal): Promise<ChannelTest>;
}

export function createLocalNotify(reconciler: Reconciler): NotifySession {
  return {
    listChannels: () => Promise.resolve(reconciler.listChannels()),
    async testChannel(channel, signal) {
      try {
        return { channel, durationMs: await reconciler.testChannel(channel, signal), error: null };
      } catch (error) {
        if (!isReconcilerError(error, 'NOT_DELIVERED')) throw error;
        return { channel, durationMs: null, error: errorMessage(error) };
      }
    },
  };
}

const PATH = '/notifications/channels';

export function createRemoteNotify(client: RemoteClient): NotifySession {
  return {
    async listChannels(signal) {
      return listAt(fieldsOf(await client.get(PATH, { signal }), 'channels'), 'channels', readChannel);
    },
    async testChannel(channel, signal) {
      try {
        const answer = await client.post(`${PATH}/${encodeURIComponent(channel)}/test`, { signal });
        const { duration_ms: duration } = fieldsOf(answer, 'test');
        return { channel, durationMs: typeof duration === 'number' ? duration : 0, error: null };
      } catch (error) {
        if (!(error instanceof RemoteError) || error.code !== 'NOT_DELIVERED') throw error;
        return { channel, durationMs: null, error: error.message };
      }
    },
  };
}

function readChannel(value: unknown): ChannelRow {
  const fields = fieldsOf(value, 'channel');
  const last = fields['last'] === null ? null : fieldsOf(fields['last'], 'last');
  return {
    name: textAt(fields, 'name'),
    type: textAt(fields, 'type'),
    host: textOrNull(fields, 'host'),
    events: listAt(fields, 'events', String),
    stacks: fields['stacks'] === null ? null : listAt(fields, 'stacks', String),
    isDefault: fields['default'] === true,
    quietUntil: textOrNull(fields, 'quiet_until'),
    last: last && { time: textAt(last, 'time'), error: textOrNull(last, 'error') },
  };
}
