import type { Readable } from 'node:stream';
import { createAbortScope } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { RegistryCredentials } from '../../../model/registry.ts';
import type { Adapter } from '../adapter.ts';
import { BuildFailure, readBuildOutput } from './build-output.ts';
import { authsFor } from './registry.ts';

/** A step that says nothing for this long is given up. */
const STALL_MS = 1_800_000;

/** One build as it is asked of an engine. */
export interface EngineBuild {
  /** `build shop-web:1f0…`, for messages. */
  readonly doing: string;
  /** Words of `POST /build`. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Tells whether BuildKit of an engine that speaks this API honours all of it. */
  readonly isForBuildKit: (api: string) => boolean;
  readonly registries: readonly RegistryCredentials[];
  /** Contents of the build's secrets, by id; they need BuildKit. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** The tar that it is built from; ends with the signal. */
  readonly context: (signal: AbortSignal) => Readable;
  /** Takes secrets out of what is printed. */
  readonly mask: (text: string) => string;
  readonly onLine: (text: string, step: string | null) => void;
}

/** Has an engine build, and tells what it prints. Throws `BuildFailure`, also for one that is silent for too long, and as the engine does. */
export async function runBuild(
  adapter: Adapter,
  { doing, query, isForBuildKit, registries, secrets, context, mask, onLine }: EngineBuild,
  until: AbortSignal,
): Promise<void> {
  using scope = createAbortScope({ signals: [until], timeoutMs: STALL_MS });
  const { signal } = scope;
  try {
    using session = isForBuildKit((await adapter.traits(signal)).api)
      ? await adapter.engine.openBuildSession({ registries, secrets }, signal)
      : null;
    if (!session && secrets.size > 0)
      throw new ReconcilerError(
        'TARGET_UNSUPPORTED',
        `${doing}: it needs secrets, and those need BuildKit: this engine has none`,
      );
    const output = await adapter.engine.buildImage(context(signal), {
      query: session ? { ...query, version: 2, session: session.id } : query,
      auths: authsFor(registries),
      doing,
      signal,
    });
    for await (const { text, step } of readBuildOutput(output, mask)) {
      scope.touch();
      onLine(text, step);
    }
  } catch (error) {
    if (scope.timedOut) throw new BuildFailure('no output for half an hour', null, []);
    throw error;
  }
}
