import type { Role } from '../ports/accounts/user-records.ts';

/** `users` of the operator's configuration: who may sign in, and how. */
export interface UsersConfig {
  /** Address of the web pages, without a slash at the end; providers send browsers back there. */
  readonly frontendUrl: string | undefined;
  /** Address of this API as browsers reach it, without a slash at the end. */
  readonly publicUrl: string | undefined;
  readonly passwordLogin: boolean;
  readonly signUp: {
    /** Anybody who reaches the API may make an account; the very first one is an admin. */
    readonly enabled: boolean;
    /** Domains of addresses that may; empty: all. Lower case. */
    readonly domains: readonly string[];
    /** Everybody but the first needs the invite code. */
    readonly inviteCode: boolean;
  };
  readonly providers: readonly SignInProvider[];
  readonly tokens: readonly TrustedIssuer[];
}

/** A place where people sign in that is asked who they are. */
export type SignInProvider = OidcProvider | OAuthProvider;

interface ProviderBase {
  /** Part of addresses; unique. */
  readonly name: string;
  readonly displayName: string;
  readonly icon: string;
  readonly clientId: string;
  /** Reference (`secret://…`); `undefined`: the client has none. */
  readonly clientSecret: string | undefined;
  readonly scopes: readonly string[];
  readonly claims: ProviderClaims;
  /** Domains of addresses that may come; empty: all. Lower case. */
  readonly domains: readonly string[];
  /** One who comes for the first time gets an account. */
  readonly newUsers: boolean;
  /** Addresses count as verified although the provider does not say that they are. */
  readonly trustEmails: boolean;
}

export interface ProviderClaims {
  readonly subject: string;
  readonly email: string;
  readonly name: string;
}

export interface OidcProvider extends ProviderBase {
  readonly type: 'oidc';
  readonly issuer: string;
}

export interface OAuthProvider extends ProviderBase {
  readonly type: 'oauth2';
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly userUrl: string;
  /** Lists the addresses of a user as `[{email, primary, verified}]`. */
  readonly emailsUrl: string | undefined;
}

/** An issuer whose tokens are let in as they are (OpenID Connect). */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Default: as the issuer says. */
  readonly jwks: string | undefined;
  /** Default `roles`. */
  readonly rolesClaim: string | undefined;
  /** Names of roles in tokens to roles here. */
  readonly roles: Readonly<Record<string, Role>>;
}

/** Nothing is said: those who have an account may sign in with their password, and nobody can make one over the API. */
export const DEFAULT_USERS: UsersConfig = {
  frontendUrl: undefined,
  publicUrl: undefined,
  passwordLogin: true,
  signUp: { enabled: false, domains: [], inviteCode: true },
  providers: [],
  tokens: [],
};
