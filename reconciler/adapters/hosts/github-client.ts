import { createAppAuth } from '@octokit/auth-app';
import { request as octokit } from '@octokit/request';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { Secret } from '../../model/secret.ts';
import { memberAt, readAnswer } from './read-answer.ts';
import type { AskHost, HostOptions, HostRequest } from './host-client.ts';
import { nextOf, revealToken } from './host-client.ts';
import type { HostFetch } from './host-fetch.ts';
import { HostAnswer } from './host-fetch.ts';

/** App of GitHub that is installed where the repository is. */
export interface GithubApp {
  readonly id: number;
  readonly installation: number;
  /** PEM, looked up when it is needed. */
  readonly privateKey: () => Secret;
}

export interface GithubOptions extends HostOptions {
  /** App that acts in place of an account with a token; `null`: there is none. */
  readonly app: GithubApp | null;
}

interface GithubClient {
  readonly ask: AskHost;
  /** Finds out who writes. */
  askLogin(signal: AbortSignal): Promise<string>;
}

/** Version of the API that is asked for (https://docs.github.com/rest/about-the-rest-api/api-versions). */
const API_VERSION = '2022-11-28';
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Asks GitHub through its own library, in the limits of all hosts, with a token or as an app. */
export function createGithubClient(options: GithubOptions): GithubClient {
  const send = createSender(options);
  const { app, token } = options;
  if (app === null) {
    const ask: AskHost = (request) => send(request, `Bearer ${revealToken(token)}`);
    const askLogin = async (signal: AbortSignal) =>
      readAnswer((await ask({ path: '/user', signal })).data).text('login');
    return { ask, askLogin };
  }
  const tokens = createInstallationTokens(app, options);
  return {
    async ask(request) {
      const current = await tokens.get();
      try {
        return await send(request, `Bearer ${current}`);
      } catch (error) {
        // One that was taken back before its end: the next one says whether the app was as well.
        if (!(error instanceof HostAnswer) || error.status !== 401) throw error;
        tokens.drop(current);
        return send(request, `Bearer ${await tokens.get()}`);
      }
    },
    async askLogin(signal) {
      const { data } = await send({ path: '/app', signal }, `Bearer ${await tokens.sign()}`);
      return `${readAnswer(data).text('slug')}[bot]`;
    },
  };
}

type Send = (request: HostRequest, authorization: string) => ReturnType<AskHost>;

function createSender({ api, fetch }: Pick<HostOptions, 'api' | 'fetch'>): Send {
  return async ({ method = 'GET', path, query = {}, body, signal }, authorization) => {
    const search = new URLSearchParams(query).toString();
    try {
      const { data, headers } = await octokit(`${method} ${path}${search === '' ? '' : `?${search}`}`, {
        baseUrl: api,
        headers: { authorization, 'x-github-api-version': API_VERSION },
        ...(body !== undefined && { data: body }),
        request: { fetch: toFetch(fetch), signal, log: SILENT },
      });
      return { data: data as unknown, next: nextOf(headers.link ?? null) };
    } catch (error) {
      signal.throwIfAborted();
      throw toFailure(error, 'GitHub could not be asked');
    }
  };
}

/** The part of `fetch` that the library uses. */
function toFetch(send: HostFetch) {
  return (url: string, init: RequestInit) =>
    send(url, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(typeof init.body === 'string' && { body: init.body }),
      ...(init.signal && { signal: init.signal }),
    });
}

/** The library wraps what `fetch` throws; its own messages may repeat what was sent. */
function toFailure(error: unknown, message: string): ReconcilerError {
  const cause = error instanceof Error ? error.cause : undefined;
  if (isReconcilerError(cause)) return cause;
  if (isReconcilerError(error)) return error;
  return new ReconcilerError('HOST_UNREACHABLE', message, { retryable: true });
}

/** Tokens of an installation, which live for an hour, and of the app itself. */
interface InstallationTokens {
  get(): Promise<string>;
  /** Forgets a token that was refused. */
  drop(token: string): void;
  /** Signs a token of the app, for what only the app may ask. */
  sign(): Promise<string>;
}

/** Time before its end at which a token is not used any more, in milliseconds. */
const SPARE_MS = 60_000;

function createInstallationTokens(
  app: GithubApp,
  { api, fetch }: Pick<HostOptions, 'api' | 'fetch'>,
): InstallationTokens {
  let current: { readonly token: string; readonly until: number } | null = null;
  let asked: Promise<string> | null = null;
  const request = octokit.defaults({ baseUrl: api, request: { fetch: toFetch(fetch), log: SILENT } });

  /** Opens the app anew each time: its key may be another by now. */
  function open() {
    const { id: appId, installation: installationId } = app;
    return createAppAuth({ appId, installationId, privateKey: app.privateKey().reveal(), request });
  }
  async function refresh(): Promise<string> {
    const answer: unknown = await open()({ type: 'installation', refresh: true }).catch(throwFailure);
    const token = readAnswer(answer).text('token');
    current = { token, until: Date.parse(readAnswer(answer).text('expiresAt')) - SPARE_MS };
    return token;
  }
  return {
    get() {
      if (current !== null && Date.now() < current.until) return Promise.resolve(current.token);
      asked ??= refresh().finally(() => void (asked = null));
      return asked;
    },
    drop(token) {
      if (current?.token === token) current = null;
    },
    async sign() {
      const answer: unknown = await open()({ type: 'app' }).catch(throwFailure);
      return readAnswer(answer).text('token');
    },
  };
}

/** A key that cannot be used fails before anything is sent. */
function throwFailure(error: unknown): never {
  if (memberAt(error, 'request') !== undefined) throw toFailure(error, 'GitHub gives the app no token');
  const message = 'the private key of the app cannot be used: git.host.app.privateKey has to name one in PEM';
  throw new ReconcilerError('HOST_UNAUTHORIZED', message);
}
