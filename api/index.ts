/** The part of the API that the command line and embedding programs use. */
export type { AppOptions, MetricsSource } from './app.ts';
export { createApp } from './app.ts';
export type { AdminKey } from './auth/admin-key.ts';
export { ensureAdminKey } from './auth/admin-key.ts';
export { generateApiKey, hashApiKey } from './auth/api-key.ts';
export type { AuthOptions } from './auth/authenticate.ts';
export type { TokenOptions } from './auth/token.ts';
export { answerUpgrades, isSocketRequest } from './http/sockets/upgrade.ts';
export type { LoopbackHost } from './http/loopback.ts';
export { isLoopbackHost } from './http/loopback.ts';
export type { RequestRecord } from './http/request-log.ts';
