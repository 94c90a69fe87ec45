import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface SmtpMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The message as it came, headers and text. */
  readonly data: string;
  readonly encrypted: boolean;
  /** User and password, where they were given. */
  readonly login: string | null;
}

export interface SmtpServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly SmtpMail[];
  /** Answers this to the next mail in place of taking it: `451 later`. */
  refuse(answer: string): void;
}

export interface SmtpOptions {
  /** Files of a certificate and its key: STARTTLS is offered. Default: it is not. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Password that is taken. Default: nobody has to give one. */
  readonly password?: string;
}

/** A mail server of this process that keeps what it is sent: as much of RFC 5321, 3207 and 4954 as a client needs. */
export async function startSmtpServer(options: SmtpOptions = {}): Promise<SmtpServer> {
  const mails: SmtpMail[] = [];
  const refusals: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    talk(socket, { ...options, mails, refusals, encrypted: false });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    refuse: (answer) => void refusals.push(answer),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Talk extends SmtpOptions {
  readonly mails: SmtpMail[];
  readonly refusals: string[];
  readonly encrypted: boolean;
}

function talk(socket: Socket, state: Talk): void {
  const { tls, password, mails, refusals, encrypted } = state;
  let [from, login]: [string, string | null] = ['', null];
  let to: string[] = [];
  let data: string[] | null = null;
  const say = (line: string) => void socket.write(`${line}\r\n`);
  const take = (line: string): void => {
    if (data !== null) {
      if (line !== '.') return void data.push(line);
      const refusal = refusals.shift();
      if (refusal === undefined) mails.push({ from, to, data: data.join('\n'), encrypted, login });
      data = null;
      return say(refusal ?? '250 taken');
    }
    const verb = line.slice(0, 4).toUpperCase();
    const address = /<(.*)>/.exec(line)?.[1] ?? '';
    if (verb === 'EHLO') {
      const offers = [...(tls && !encrypted ? ['STARTTLS'] : []), ...(password ? ['AUTH PLAIN'] : [])];
      return say(
        ['here', ...offers].map((offer, at) => `250${at === offers.length ? ' ' : '-'}${offer}`).join('\r\n'),
      );
    }
    if (verb === 'STAR' && !tls) return say('502 not here');
    if (verb === 'STAR' && tls) {
      say('220 go on');
      socket.removeAllListeners('data');
      const secured = { isServer: true, cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
      return talk(
        new TLSSocket(socket, secured).on('error', () => undefined),
        { ...state, encrypted: true },
      );
    }
    if (verb === 'AUTH') {
      login = Buffer.from(line.slice('AUTH PLAIN '.length), 'base64').toString().slice(1).replace('\0', ' ');
      return say(login.endsWith(` ${password}`) ? '235 welcome' : `535 no such user, not with ${login}`);
    }
    if (verb === 'MAIL') [from, to] = [address, []];
    if (verb === 'RCPT') to.push(address);
    if (verb === 'DATA') {
      data = [];
      return say('354 go on');
    }
    if (verb === 'QUIT') return void socket.end('221 bye\r\n');
    say('250 fine');
  };
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString()}`.split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  if (!encrypted) say('220 smtp');
}
