import type { ScryptOptions } from 'node:crypto';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { tooManyAttempts } from './account-error.ts';

export interface PasswordOptions {
  /** Base-2 logarithm of scrypt's N. Default 15: 32 MiB a hash. */
  readonly logN?: number;
  /** Parallelization of scrypt. Default 3, with which N = 2^15 costs as much as OWASP asks for. */
  readonly p?: number;
  /** Hashes that wait for their turn; beyond that attempts are refused. Default 64. */
  readonly maxWaiting?: number;
}

export interface Passwords {
  /** Makes the text that is kept: `scrypt$ln=15,r=8,p=3$<salt>$<hash>`. Throws TOO_MANY_ATTEMPTS. */
  hash(password: string): Promise<string>;
  /**
   * Tells whether the password is the one behind the hash. Without a hash it takes as long, and is not. Throws TOO_MANY_ATTEMPTS.
   */
  verify(password: string, hash: string | null): Promise<boolean>;
}

/** Hashes that are made at the same time: the other half of Node's four threads stays free for files and names. */
const CONCURRENCY = 2;
const BLOCK_SIZE = 8;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const FORM = /^scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/**
 * Hashes passwords with scrypt, beside whatever else the process does, and two at a time: logging in cannot take all of the machine.
 */
export function createPasswords({ logN = 15, p = 3, maxWaiting = 64 }: PasswordOptions = {}): Passwords {
  const inTurn = createTurns(maxWaiting);
  const cost = { logN, r: BLOCK_SIZE, p };
  const derive = (password: string, salt: Buffer, how: Cost) => inTurn(() => deriveKey(password, salt, how));
  // Nobody has this password: its hash is what unknown users are checked against.
  const nobody = { salt: randomBytes(SALT_BYTES), key: randomBytes(KEY_BYTES), cost };
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const key = await derive(password, salt, cost);
      return `scrypt$ln=${logN},r=${BLOCK_SIZE},p=${p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
    },
    async verify(password, hash) {
      const known = hash === null ? null : parseHash(hash);
      const { salt, key, cost: how } = known ?? nobody;
      const derived = await derive(password, salt, how);
      return timingSafeEqual(derived, key) && known !== null;
    },
  };
}

interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

interface KnownHash {
  readonly salt: Buffer;
  readonly key: Buffer;
  readonly cost: Cost;
}

/** Reads a hash; `null`: it is none, so no password is behind it. */
function parseHash(text: string): KnownHash | null {
  const [, logN, r, p, salt = '', key = ''] = FORM.exec(text) ?? [];
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  const isBounded = cost.logN >= 1 && cost.logN <= 20 && cost.r >= 1 && cost.p >= 1;
  if (!isBounded) return null;
  return { salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url'), cost };
}

/** The same password may be typed as other code points on another keyboard: all are brought into one form. */
function deriveKey(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** logN;
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r + 1024 ** 2 };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Runs work in the order in which it came, two at a time. */
function createTurns(maxWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= CONCURRENCY) {
      if (waiting.length >= maxWaiting) throw tooManyAttempts(5_000);
      // The one that ends hands its place over.
      await new Promise<void>((resolve) => void waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
