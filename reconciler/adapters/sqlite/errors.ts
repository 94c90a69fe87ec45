import { errorMessage, ReconcilerError } from '../../base/errors.ts';

/* Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of an extended code. */
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
/** Growing the shared memory file of the write-ahead log failed: in practice, no space. */
const SQLITE_IOERR_SHMSIZE = 4874;

const UNAVAILABLE_REASONS: Readonly<Record<number, string>> = {
  5: 'the database is locked by another program',
  6: 'the database is locked',
  8: 'the database cannot be written',
  10: 'the disk reports an error',
  14: 'the database file cannot be opened',
};

/** Tells whether the file itself is damaged, so that waiting cannot help and a new one must be begun. */
export function isCorruption(error: unknown): boolean {
  const code = resultCode(error);
  return code !== undefined && [SQLITE_CORRUPT, SQLITE_NOTADB].includes(code & 0xff);
}

/** Turns what SQLite or the file system threw into STORE_FULL or STORE_UNAVAILABLE, both retryable. Others pass unchanged. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof ReconcilerError) return error;
  const code = resultCode(error);
  if (code === undefined) return fromSystem(error);
  if ((code & 0xff) === SQLITE_FULL || code === SQLITE_IOERR_SHMSIZE) return storeFull(error);
  const reason = UNAVAILABLE_REASONS[code & 0xff];
  if (reason === undefined && !isCorruption(error)) return error;
  return unavailable(reason ?? 'the database is damaged', error);
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

function fromSystem(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return storeFull(error);
  if (error.code === 'ERR_INVALID_STATE') return unavailable('the database is closed', error);
  return 'syscall' in error ? unavailable('the state directory cannot be used', error) : error;
}

function storeFull(cause: unknown): ReconcilerError {
  return new ReconcilerError('STORE_FULL', 'the disk that holds the state directory is full', {
    cause,
    retryable: true,
  });
}

function unavailable(reason: string, cause: unknown): ReconcilerError {
  return new ReconcilerError('STORE_UNAVAILABLE', `${reason}: ${errorMessage(cause)}`, {
    cause,
    retryable: true,
  });
}
