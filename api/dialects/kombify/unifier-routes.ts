import type { Diagnostic, ValidationReport } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { answers } from './page.ts';
import { refer } from './schemas.ts';

interface ValidateBody {
  readonly yaml?: string;
  readonly spec?: object;
}

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

const validateBody = shape<ValidateBody>({
  type: 'object',
  additionalProperties: false,
  maxProperties: 1,
  properties: {
    yaml: { type: 'string', description: 'The text of a kombination.yaml.' },
    spec: { type: 'object', description: 'A kombination document.' },
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
      'Answers 200 for a document with errors, too: it was validated. 400 means that nothing could be validated.',
    access: 'viewer',
    body: { json: validateBody, text: YAML_TYPES },
    responses: { 200: answers('What was found.', refer('Validation')) },
    handle(request, { reconciler }: ApiDeps) {
      const { text, hasPlaces } = readText(request);
      return ok(toValidation(reconciler.validate(text), hasPlaces));
    },
  }),
];

/** Lines and columns mean nothing to somebody who sent a document instead of its text. JSON is YAML. */
function readText({ text, body }: ApiRequest<unknown, ValidateBody>): {
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
    ...(hasPlaces && line !== undefined ? { line } : {}),
    ...(hasPlaces && column !== undefined ? { column } : {}),
    ...(hint === undefined ? {} : { hint }),
  };
}
