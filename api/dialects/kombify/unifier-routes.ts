import type { Diagnostic, ValidationReport } from '../../../reconciler/index.ts';
import { ruleOf } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { answers } from './answers.ts';
import { refer } from './schemas.ts';

interface ValidateBody {
  readonly yaml?: string;
  readonly spec?: object;
  readonly file?: string;
  readonly strict?: boolean;
}

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

const STRICT = { type: 'boolean', description: 'Warnings are errors. Default false.' } as const;

const validateQuery = shape<{ readonly strict?: boolean }>({
  type: 'object',
  properties: { strict: STRICT },
});

const validateBody = shape<ValidateBody>({
  type: 'object',
  additionalProperties: false,
  not: { properties: { yaml: true, spec: true }, required: ['yaml', 'spec'] },
  properties: {
    yaml: { type: 'string', description: 'The text of a kombination.yaml.' },
    spec: { type: 'object', description: 'A kombination document.' },
    file: {
      type: 'string',
      description:
        'Name of the file, which tells what it is: stackkit.yaml, nodes/NAME.yaml, … Default: a kombination.',
    },
    strict: STRICT,
  },
});

export const unifierRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/unifier/validate',
    id: 'validate',
    tag: 'Validation',
    summary: 'Validate a kombination.yaml',
    description:
      'Answers 200 for a document with errors, too: it was validated. 400 means that nothing could be validated. A viewer is not told whether the secrets and files that it names are there.',
    access: 'viewer',
    query: validateQuery,
    body: { json: validateBody, text: YAML_TYPES },
    responses: { 200: answers('What was found.', refer('Validation')) },
    handle(request, { reconciler }: ApiDeps) {
      const { text, hasPlaces } = readText(request);
      const alone = request.identity.role === 'viewer';
      const report = reconciler.validate(text, request.body?.file, { alone });
      const strict = request.query.strict ?? request.body?.strict ?? false;
      return ok(toValidation(strict ? toStrict(report) : report, hasPlaces));
    },
  }),
];

/** Lines and columns mean nothing to somebody who sent a document instead of its text. JSON is YAML. */
function readText({ text, body }: Pick<ApiRequest<unknown, ValidateBody>, 'text' | 'body'>): {
  readonly text: string;
  readonly hasPlaces: boolean;
} {
  const yaml = text ?? body.yaml;
  if (yaml !== undefined) return { text: yaml, hasPlaces: true };
  if (body.spec !== undefined) return { text: JSON.stringify(body.spec, null, 2), hasPlaces: false };
  const message =
    'send the text of a kombination.yaml as application/yaml, or {"yaml": text} or {"spec": document} as JSON';
  throw new HttpProblem('VALIDATION_ERROR', message, { details: [{ field: 'body', message: 'is empty' }] });
}

function toStrict(report: ValidationReport): ValidationReport {
  const diagnostics = report.diagnostics.map((found) => ({ ...found, severity: 'error' as const }));
  return { ...report, diagnostics, valid: diagnostics.length === 0 };
}

function toValidation({ valid, diagnostics, services, dependencies }: ValidationReport, hasPlaces: boolean) {
  const of = (severity: Diagnostic['severity']) =>
    diagnostics.filter((found) => found.severity === severity).map((found) => toFinding(found, hasPlaces));
  if (!valid) return { valid, errors: of('error'), warnings: of('warning') };
  return { valid, warnings: of('warning'), resolved: { services, dependencies } };
}

function toFinding({ path = '', message, code, line, column, hint }: Diagnostic, hasPlaces: boolean) {
  return {
    path,
    message,
    code,
    rule: ruleOf(code),
    ...(hasPlaces && line !== undefined ? { line } : {}),
    ...(hasPlaces && column !== undefined ? { column } : {}),
    ...(hint === undefined ? {} : { hint }),
  };
}
