import { createHash } from 'node:crypto';
import type {
  GeneratedFile,
  GeneratedStack,
  GenerateFormat,
  GenerateRequest,
} from '../../../reconciler/index.ts';
import { GENERATE_FORMATS, own } from '../../../reconciler/index.ts';
import { requireRole } from '../../auth/require-role.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { answers } from './answers.ts';
import { refer } from './schemas.ts';

/** Names that other pages about this API have for the formats. */
const ALIASES: Readonly<Record<string, GenerateFormat>> = {
  'docker-compose': 'compose',
  tofu: 'opentofu',
  terraform: 'opentofu',
};
const OUTPUTS = [...GENERATE_FORMATS, ...Object.keys(ALIASES)];
const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

interface GenerateBody {
  readonly stack?: string;
  readonly yaml?: string;
  readonly spec?: object;
  readonly output?: string;
}

interface GenerateQuery {
  readonly output?: string;
}

const OUTPUT = { enum: OUTPUTS, description: 'Default compose.' };

const generateBody = shape<GenerateBody>({
  type: 'object',
  additionalProperties: false,
  properties: {
    stack: { type: 'string', description: 'Id of a stack of the repository.' },
    yaml: {
      type: 'string',
      description: 'The text of a kombination.yaml, as if it stood in the repository.',
    },
    spec: { type: 'object', description: 'A kombination document.' },
    output: OUTPUT,
  },
});

const generateQuery = shape<GenerateQuery>({
  type: 'object',
  additionalProperties: false,
  properties: { output: OUTPUT },
});

export const generateRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/unifier/generate',
    id: 'generate',
    tag: 'Validation',
    summary: 'Generate files for other tools from a stack',
    description:
      'Compose, OpenTofu, Traefik or Kubernetes files, of a stack of the repository or, for deployers, of a document. Writes nothing. Secrets are variables.',
    access: 'viewer',
    query: generateQuery,
    body: { json: generateBody, text: YAML_TYPES },
    responses: { 200: answers('The files.', refer('Generated')) },
    async handle(request, { reconciler }: ApiDeps) {
      const output = request.query.output ?? request.body.output ?? 'compose';
      const format = own(ALIASES, output) ?? GENERATE_FORMATS.find((known) => known === output) ?? 'compose';
      const subject = subjectOf(request);
      // A text may name any file of the repository, whose content comes back.
      if ('text' in subject) requireRole(request.identity, 'deployer');
      const generated = await reconciler.generate({ subject, format }, request.signal);
      return ok(toAnswer(generated));
    },
  }),
];

function subjectOf({ text, body }: ApiRequest<GenerateQuery, GenerateBody>): GenerateRequest['subject'] {
  const given = [
    ...(text === null ? [] : [{ text }]),
    ...(body.stack === undefined ? [] : [{ stack: body.stack }]),
    ...(body.yaml === undefined ? [] : [{ text: body.yaml }]),
    ...(body.spec === undefined ? [] : [{ text: JSON.stringify(body.spec, null, 2) }]),
  ];
  const [subject, ...others] = given;
  if (subject && others.length === 0) return subject;
  const message =
    'send one of: a kombination.yaml as application/yaml, {"stack": id}, {"yaml": text} or {"spec": document}';
  throw new HttpProblem('VALIDATION_ERROR', message, {
    details: [{ field: 'body', message: subject ? 'says more than one of them' : 'is empty' }],
  });
}

function toAnswer({ stack, format, files, notes, variables, overview }: GeneratedStack): object {
  return {
    stack_name: stack,
    stack_kit: overview.stackkit,
    output: format,
    nodes: overview.nodes.map(({ name, host, user, port }) => ({
      name,
      host,
      ...(user === undefined ? {} : { ssh_user: user }),
      ...(port === undefined ? {} : { ssh_port: port }),
    })),
    services: overview.services.map(({ ports, ...service }) => ({
      ...service,
      ports,
      port: ports[0] ?? null,
    })),
    network: { domain: overview.domain },
    files: files.map(toFile),
    checksums: Object.fromEntries(files.map(({ path, content }) => [path, checksum(content)])),
    variables,
    warnings: notes,
  };
}

/** Returns a file for the answer; content that is no text is base64. */
function toFile({ path, content }: GeneratedFile): object {
  if (typeof content === 'string') return { path, content, encoding: 'utf-8' };
  return { path, content: Buffer.from(content).toString('base64'), encoding: 'base64' };
}

function checksum(content: GeneratedFile['content']): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
