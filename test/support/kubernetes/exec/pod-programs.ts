import { spawn } from 'node:child_process';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';

/** A program that was run in a container of a pod. */
export interface PodProgram {
  /** `namespace/pod/container` */
  readonly place: string;
  readonly argv: readonly string[];
  readonly tty: boolean;
  /** Sizes that its terminal was given. */
  readonly sizes: unknown[];
  /** Bytes of output that the network has taken. */
  sent: number;
}

const PROTOCOL = 'v5.channel.k8s.io';
const [STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE] = [0, 1, 2, 3, 4, 255];
const PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/exec$/;
const PIECE = 65_536;

/** Runs programs in pods: `cat`, `echo WORDS`, `fail CODE`, `flood PIECES` of 64 KiB; `sh` and `head` are those of this machine. */
export function answerPrograms(server: Server, programs: PodProgram[]): void {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => PROTOCOL });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'http://api');
    const [, namespace, pod] = PATH.exec(url.pathname) ?? [];
    if (pod === undefined) return void socket.destroy();
    const query = url.searchParams;
    const program: PodProgram = {
      place: `${namespace}/${pod}/${query.get('container')}`,
      argv: query.getAll('command'),
      tty: query.get('tty') === 'true',
      sizes: [],
      sent: 0,
    };
    programs.push(program);
    sockets.handleUpgrade(request, socket, head, (opened) => run(opened, program));
  });
}

function run(socket: WebSocket, program: PodProgram): void {
  const [name = '', ...words] = program.argv;
  const write = (channel: number, bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => socket.send(Buffer.concat([Buffer.of(channel), bytes]), () => resolve()));
  const exit = async (code: number): Promise<void> => {
    const causes = [{ reason: 'ExitCode', message: String(code) }];
    const status = code === 0 ? { status: 'Success' } : { status: 'Failure', details: { causes } };
    await write(STATUS, Buffer.from(JSON.stringify(status)));
    socket.close();
  };
  socket.on('error', () => undefined);
  if (name === 'sh' || name === 'head') return runHere(socket, program.argv, { write, exit });
  socket.on('message', (data: Buffer) => {
    const [channel] = data;
    if (channel === STDIN && name === 'cat') void write(STDOUT, data.subarray(1));
    if (channel === RESIZE) program.sizes.push(JSON.parse(data.subarray(1).toString()));
    if (channel === CLOSE && name === 'cat') void exit(0);
  });
  void play();
  async function play(): Promise<void> {
    if (name === 'echo') await write(STDOUT, Buffer.from(`${words.join(' ')}\n`));
    if (name === 'fail') await write(STDERR, Buffer.from('wrong\n'));
    if (name === 'flood') await flood(Number(words[0]));
    if (name !== 'cat') await exit(name === 'fail' ? Number(words[0]) : 0);
  }
  async function flood(pieces: number): Promise<void> {
    for (let piece = 0; piece < pieces && socket.readyState === socket.OPEN; piece += 1) {
      await write(STDOUT, Buffer.alloc(PIECE, 'x'));
      program.sent += PIECE;
    }
  }
}

interface Answers {
  readonly write: (channel: number, bytes: Uint8Array) => Promise<void>;
  readonly exit: (code: number) => Promise<void>;
}

/** Programs in a pod hear no end of their input before protocol 5, and may end before they have read all of it. */
function runHere(
  socket: WebSocket,
  [name = '', ...words]: readonly string[],
  { write, exit }: Answers,
): void {
  const child = spawn(name, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  socket.on('close', () => child.kill('SIGKILL'));
  socket.on('message', (data: Buffer) => {
    const [channel] = data;
    if (channel === STDIN && !child.stdin.write(data.subarray(1))) {
      socket.pause();
      child.stdin.once('drain', () => socket.resume());
    }
    if (channel === CLOSE) child.stdin.end();
  });
  // Input that does not drain any more is not waited for.
  child.stdin.on('close', () => socket.resume());
  const pass = async (channel: number, output: AsyncIterable<Buffer>): Promise<void> => {
    for await (const bytes of output) await write(channel, bytes);
  };
  const passed = Promise.all([pass(STDOUT, child.stdout), pass(STDERR, child.stderr)]);
  child.once('close', (code) => {
    void passed.then(() => exit(code ?? 137));
  });
}
