import type { Logger } from '../../../reconciler/ports/logger.ts';

export interface RecordingLogger extends Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly data: object }[];
}

/** Prints nothing, keeps everything. */
export function createQuietLogger(): RecordingLogger {
  const lines: RecordingLogger['lines'] = [];
  const at = (level: string) => (data: object, message: string) => void lines.push({ level, message, data });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
