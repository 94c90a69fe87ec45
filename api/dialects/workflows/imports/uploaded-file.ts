import { HttpProblem } from '../../../http/problem.ts';

/** Largest Compose file that is read. */
export const MAX_FILE_BYTES = 1_048_576;

/** The name of a Compose file; it is shown, and never a path. Throws BAD_REQUEST. */
export function checkFileName(name: string): string {
  if (!/\.ya?ml$/i.test(name))
    throw new HttpProblem('BAD_REQUEST', 'Invalid file type. Only .yml and .yaml files are allowed');
  if (/[/\\]|\p{Cc}/u.test(name) || name.startsWith('..'))
    throw new HttpProblem('BAD_REQUEST', 'Invalid file name: it must be that of a file, without a path');
  return name;
}

/** Text of a file. Throws BAD_REQUEST for what is too large, or no text. */
export function decodeFile(bytes: Uint8Array, name: string): string {
  if (bytes.byteLength > MAX_FILE_BYTES)
    throw new HttpProblem('BAD_REQUEST', 'File too large. Maximum size is 1MB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new HttpProblem('BAD_REQUEST', `${name} is not UTF-8 text`, { cause: error });
  }
}
