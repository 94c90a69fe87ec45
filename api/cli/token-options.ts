import type { Role } from '../../reconciler/index.ts';
import type { TokenOptions } from '../auth/token.ts';
import { isProtectedAddress } from '../http/loopback.ts';
import type { ServeFlags } from './program-hooks.ts';
import { UsageError } from './terminal/failure.ts';

const ROLES: readonly Role[] = ['viewer', 'deployer', 'admin'];

interface TokenContext {
  readonly env: NodeJS.ProcessEnv;
  /** Nobody is asked who they are. */
  readonly isOpen: boolean;
}

/** Issuers whose tokens the API takes, as the options of `serve` name them. Throws BAD_OPTIONS. */
export function readTokenOptions(flags: ServeFlags, { env, isOpen }: TokenContext): readonly TokenOptions[] {
  const options = readOptions(flags, env);
  if (!isOpen || options.length === 0) return options;
  throw new UsageError('nobody is asked for a token with --no-auth', 'leave out that, or --token-issuer');
}

function readOptions(flags: ServeFlags, env: NodeJS.ProcessEnv): readonly TokenOptions[] {
  const { tokenIssuer, tokenAudience, tokenJwks, tokenRolesClaim } = flags;
  const secret = env['KOMBINATOR_TOKEN_SECRET'] ?? '';
  const claims = {
    ...(tokenRolesClaim === undefined ? {} : { rolesClaim: tokenRolesClaim }),
    roleMap: readRoles(flags.tokenRole ?? []),
  };
  if (secret !== '') {
    if (tokenJwks !== undefined)
      throw new UsageError(
        '--token-jwks: tokens are checked with KOMBINATOR_TOKEN_SECRET',
        'leave out one of them',
      );
    const bounds = {
      ...(tokenIssuer === undefined ? {} : { issuer: tokenIssuer }),
      ...(tokenAudience === undefined ? {} : { audience: tokenAudience }),
    };
    return [{ type: 'secret', secret, ...bounds, ...claims }];
  }
  if (tokenIssuer === undefined) {
    const given = { tokenAudience, tokenJwks, tokenRolesClaim, tokenRole: flags.tokenRole?.[0] };
    if (Object.values(given).every((value) => value === undefined)) return [];
    throw new UsageError('tokens need --token-issuer', 'the address that stands in them as iss');
  }
  if (tokenAudience === undefined)
    throw new UsageError(
      '--token-issuer needs --token-audience: any token of that issuer would be taken',
      'the name that the issuer knows this API by, which stands in tokens as aud',
    );
  assertAddress(tokenIssuer, '--token-issuer');
  if (tokenJwks !== undefined) assertAddress(tokenJwks, '--token-jwks');
  return [
    {
      type: 'oidc',
      issuer: tokenIssuer,
      audience: tokenAudience,
      ...(tokenJwks === undefined ? {} : { jwksUri: tokenJwks }),
      ...claims,
    },
  ];
}

/** An answer that is changed on its way could bring other keys. */
function assertAddress(text: string, option: string): void {
  if (isProtectedAddress(text)) return;
  throw new UsageError(`${option}: "${text}" is no https address`, 'http is taken on this machine only');
}

function readRoles(pairs: readonly string[]): Readonly<Record<string, Role>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.lastIndexOf('=');
      const role = ROLES.find((one) => one === pair.slice(at + 1));
      if (at > 0 && role !== undefined) return [pair.slice(0, at), role];
      throw new UsageError(
        `--token-role: "${pair}" is not NAME=ROLE`,
        `for example platform-team=deployer; roles: ${ROLES.join(', ')}`,
      );
    }),
  );
}
