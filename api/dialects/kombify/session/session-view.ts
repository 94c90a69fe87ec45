import type { Identity } from '../../../auth/identity.ts';
import { ANONYMOUS } from '../../../auth/identity.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { listOf, record } from '../schemas.ts';

const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };
const BOOLEAN = { type: 'boolean' };

export const SESSION = record({
  signed_in: BOOLEAN,
  name: TEXT_OR_NULL,
  email: TEXT_OR_NULL,
  role: { enum: ['viewer', 'deployer', 'admin', null] },
  via: { enum: ['key', 'token', 'session', 'open', null] },
  expires_at: { type: ['string', 'null'], format: 'date-time' },
  auth: { enum: ['on', 'off'] },
  methods: record({
    key: BOOLEAN,
    password: BOOLEAN,
    providers: listOf(record({ name: TEXT, display_name: TEXT })),
  }),
  version: TEXT,
});

/** Tells who asks, and how one can sign in here. */
export function toSession(identity: Identity, { accounts, isOpen, sessions, version }: KombifyDeps) {
  const { passwordLogin = false, hasUsers = false, providers = [] } = accounts?.methods() ?? {};
  const takes = sessions !== null;
  return {
    ...toCaller(identity),
    auth: isOpen ? 'off' : 'on',
    methods: {
      key: takes,
      // Nobody is asked for a password where nobody has one.
      password: takes && passwordLogin && hasUsers,
      providers: takes ? providers.map(({ name, displayName }) => ({ name, display_name: displayName })) : [],
    },
    version,
  };
}

function toCaller(identity: Identity) {
  if (identity === ANONYMOUS)
    return { signed_in: false, name: null, email: null, role: null, via: null, expires_at: null };
  const { name, email, role, via, session } = identity;
  const expiresAt = session === undefined ? null : new Date(session.expiresAt).toISOString();
  return { signed_in: true, name, email, role, via, expires_at: expiresAt };
}
