import type { Row } from './row.ts';
import { NO_ID, refusals } from './row.ts';

const LOGS = 'GET /resources/:id/logs/stream';
const TERMINAL = 'GET /resources/:id/exec/terminal';

/** Logs and terminals, as far as requests without a web socket tell; what they give is in pods.test.ts. */
export const terminalRows: readonly Row[] = [
  ...refusals(LOGS, [
    {
      path: `/resources/${NO_ID}/logs/stream?tail=100&follow=true`,
      status: 404,
      error: 'Resource not found',
    },
    { path: '/resources/nope/logs/stream', status: 400, error: 'Invalid resource ID' },
    { path: `/resources/${NO_ID}/logs/stream?sinceSeconds=x`, status: 400, error: /sinceSeconds/ },
  ]),
  {
    of: LOGS,
    path: `/resources/${NO_ID}/logs/stream`,
    as: 'nobody',
    status: 401,
    error: 'Authorization token is required (header or query param)',
  },
  { of: TERMINAL, path: `/resources/${NO_ID}/exec/terminal`, status: 400, error: /this is a web socket/ },
];
