import { HttpProblem } from '../http/problem.ts';
import type { AuthOptions } from './authenticate.ts';
import type { Authenticate } from './identity.ts';

/** Told to whoever asks a server that wants a key and has none. */
export const NO_KEY = 'api key is not configured';

/** Tells whoever asks for a key where there is none that could be right: INTERNAL_ERROR. */
export function requireKeys(options: AuthOptions, authenticate: Authenticate): Authenticate {
  if (options.mode === 'off') return authenticate;
  const { keys, tokens = [], users } = options;
  return (credentials) => {
    if (users !== undefined || tokens.length > 0 || keys.listKeys().length > 0)
      return authenticate(credentials);
    return Promise.reject(new HttpProblem('INTERNAL_ERROR', NO_KEY));
  };
}
