import { ReconcilerError } from '../../base/errors.ts';
import { decodeEscapes } from '../../base/values.ts';

/** A repository, and a place in it, as people copy it from the page of a forge. */
export interface ImportAddress {
  /** Address of the repository without credentials, query and fragment. */
  readonly address: string;
  readonly branch: string | null;
  /** Directory of the Compose file from the root of the repository; `''`: the root. */
  readonly directory: string;
}

/** `/acme/shop/tree/main/deploy` of GitHub and Gitea, `/acme/shop/-/tree/main/deploy` of GitLab. */
const PAGE = /^(?<repository>\/.+?)(?:\/-)?\/(?:tree|src\/branch)\/(?<branch>[^/]+)(?:\/(?<directory>.+))?$/;

/** @throws BAD_OPTIONS for what is no address of a repository */
export function parseImportAddress(text: string): ImportAddress {
  const written = text.trim();
  const whole = /^[a-z0-9.-]+\.[a-z]{2,}\/[^\s]+$/i.test(written) ? `https://${written}` : written;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw refuse('write the https:// address of a repository');
  if (url.username !== '' || url.password !== '')
    throw refuse('leave the credentials out: the operator names places with them');
  const path = url.pathname.replace(/\/+$/, '');
  if (/%(?:2f|5c|2e|25|00)|\\/i.test(path)) throw refuse('its path is not plain');
  const { repository = path, branch, directory = '' } = PAGE.exec(path)?.groups ?? {};
  if (repository === '' || repository === '/') throw refuse('it names no repository');
  return {
    address: `${url.origin}${repository}`,
    branch: branch === undefined ? null : decode(branch),
    directory: decode(directory),
  };
}

function decode(text: string): string {
  const decoded = decodeEscapes(text);
  if (decoded === null || /\p{Cc}/u.test(decoded)) throw refuse('its path is not plain');
  return decoded;
}

function refuse(why: string): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', `the address of the repository is not understood: ${why}`);
}
