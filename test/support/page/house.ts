import { IMAGE } from '../main-job.ts';

/** Names as long as a stack and a service may reasonably have. */
export const LONG_NAME = 'a-name-of-sixty-characters-that-somebody-really-gave-a-stack';

const kombination = (name: string, services: string, more = ''): string =>
  `version: "1.0"\nmeta: { name: ${name} }\n${more}services:\n${services}`;

const SLEEPER = `    image: ${IMAGE}\n    command: [sleep, "100000"]\n    init: true\n`;
const WEB = `    image: ${IMAGE}\n    command: [httpd, -f, -p, "8080", -h, /www]\n    init: true\n`;

/** `true` as a health check: seldom, since each costs an engine time. */
const WELL =
  '    healthcheck: { test: [CMD, "true"], interval: 60s, start_interval: 1s, start_period: 20s }\n';

/** Files of a config repository whose stacks are in as many states as there are: what the page is looked at with. */
export const HOUSE: Readonly<Record<string, string>> = {
  'kombinator.yaml': 'policy: { drift: alert }\n',
  'kombinations/website/kombination.yaml': kombination(
    'website',
    `  web:\n${WEB}${WELL}    env: { GREETING: hello, API_PASSWORD: "correct horse" }\n    files:\n      - { source: index.html, target: /www/index.html }\n  cache:\n${SLEEPER}    depends_on: [web]\n`,
  ),
  'kombinations/website/index.html': '<h1>Welcome</h1>\n<p>The first page.</p>\n',
  'kombinations/shop/kombination.yaml': kombination(
    'shop',
    `  api:\n${SLEEPER}    healthcheck: { test: [CMD-SHELL, "echo no answer from the database; exit 1"], interval: 1s, retries: 1, start_period: 1s }\n  db:\n${SLEEPER}    volumes: ["data:/data"]\n`,
    'policy: { stable: 1s }\nvolumes: { data: }\n',
  ),
  'kombinations/broken/kombination.yaml': kombination(
    'broken',
    `  web:\n    imagee: nginx\n    ports: [eighty]\n`,
  ),
  'kombinations/nightly/kombination.yaml': kombination(
    'nightly',
    `  job:\n    image: ${IMAGE}\n    command: [echo, "3 files copied"]\n    restart: "no"\n`,
  ),
  [`kombinations/${LONG_NAME}/kombination.yaml`]: kombination(
    LONG_NAME,
    `  a-service-with-quite-a-long-name-as-well:\n${SLEEPER}`,
  ),
  'kombinations/garage/kombination.yaml': kombination(
    'garage',
    `  door:\n${SLEEPER}    node: shed\n`,
    'nodes: [{ name: shed }]\n',
  ),
  // Nobody listens there.
  'nodes/shed.yaml': 'type: docker\nconnection: { host: "tcp://127.0.0.1:1" }\n',
};

/** Configuration of the house's operator. */
export const HOUSE_OPERATOR = 'policy: { allow: { connections: ["tcp://127.0.0.1:1"] } }\n';
