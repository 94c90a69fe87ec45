import type { IncomingMessage } from 'node:http';
import { networkOf } from '../http/client-address.ts';
import { HttpProblem } from '../http/problem.ts';

export interface BodyLimits {
  /** Bytes of one body. */
  readonly maxBytes: number;
  /** Bytes that are in memory at the same time, of everybody and of one address. */
  readonly maxTotal: number;
  readonly maxOfOne: number;
  /** Bodies that are read at the same time, of everybody and of one address. */
  readonly maxOpen: number;
  readonly maxOpenOfOne: number;
}

const MIB = 1_024 ** 2;

/** Limits that what hosts send keeps within: GitHub sends up to 25 MB. */
const LIMITS: BodyLimits = {
  maxBytes: 25 * MIB,
  maxTotal: 96 * MIB,
  maxOfOne: 32 * MIB,
  maxOpen: 64,
  maxOpenOfOne: 16,
};

/** Reads a body while it is worked with, which is when its memory is counted. */
export type WithBody = <T>(
  request: IncomingMessage,
  address: string,
  work: (body: Buffer) => Promise<T>,
) => Promise<T>;

interface Use {
  bytes: number;
  open: number;
}

/**
 * Reads bodies of whoever asks, known or not, in bounded memory. Throws PAYLOAD_TOO_LARGE, TOO_MANY_REQUESTS when others have taken the memory, and BAD_REQUEST
 * for a body that ended early.
 */
export function createHookBodies(limits: BodyLimits = LIMITS): WithBody {
  const total: Use = { bytes: 0, open: 0 };
  const byNetwork = new Map<string, Use>();

  return async (request, address, work) => {
    const network = networkOf(address);
    const own = byNetwork.get(network) ?? { bytes: 0, open: 0 };
    if (total.open >= limits.maxOpen || own.open >= limits.maxOpenOfOne) throw busy();
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > limits.maxBytes) throw tooLarge(limits.maxBytes, length);
    byNetwork.set(network, own);
    let taken = 0;
    const take = (bytes: number) => {
      taken += bytes;
      for (const use of [total, own]) use.bytes += bytes;
      if (taken > limits.maxBytes) throw tooLarge(limits.maxBytes, null);
      if (total.bytes > limits.maxTotal || own.bytes > limits.maxOfOne) throw busy();
    };
    for (const use of [total, own]) use.open += 1;
    try {
      return await work(await readAll(request, take));
    } finally {
      for (const use of [total, own]) {
        use.open -= 1;
        use.bytes -= taken;
      }
      if (own.open === 0) byNetwork.delete(network);
    }
  };
}

async function readAll(request: IncomingMessage, take: (bytes: number) => void): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    // Destroying the request would end the connection before the answer.
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      take(part.length);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem('BAD_REQUEST', 'the body ended early', { cause: error });
  }
  return Buffer.concat(parts);
}

/** @param length what the client says that there is; the rest of what is endless is not waited for */
function tooLarge(maxBytes: number, length: number | null): HttpProblem {
  const isWorthDraining = length !== null && length <= 2 * maxBytes;
  return new HttpProblem('PAYLOAD_TOO_LARGE', `a hook may have ${maxBytes} bytes`, {
    headers: isWorthDraining ? {} : { Connection: 'close' },
  });
}

function busy(): HttpProblem {
  return new HttpProblem('TOO_MANY_REQUESTS', 'too many hooks are being read, please try again later', {
    headers: { 'Retry-After': '5', Connection: 'close' },
  });
}
