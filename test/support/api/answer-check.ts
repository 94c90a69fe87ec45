import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { buildKomposeOpenApi } from '../../../api/dialects/kompose/kompose.ts';
import { buildProvisionerOpenApi, isProvisioner } from '../../../api/dialects/provisioner/provisioner.ts';
import { buildWorkflowsOpenApi, isWorkflows } from '../../../api/dialects/workflows/workflows.ts';
import { buildKombifyOpenApi } from '../../../api/dialects/kombify/kombify.ts';

/** The documents of all dialects together. */
export function createAnswerChecks(): CheckAnswer {
  const kombify = createAnswerCheck(buildKombifyOpenApi('1'));
  const kompose = createAnswerCheck(buildKomposeOpenApi('1'));
  const provisioner = createAnswerCheck(buildProvisionerOpenApi('1'));
  const workflows = createAnswerCheck(buildWorkflowsOpenApi('1'));
  return (method, path, status, body) => {
    if (isWorkflows(path)) return workflows(method, path, status, body);
    const check = path.startsWith('/api/v1') ? kombify : isProvisioner(path) ? provisioner : kompose;
    check(method, path, status, body);
  };
}

/** Throws when an answer is not as the OpenAPI document says, members that it does not name included. */
export type CheckAnswer = (method: string, path: string, status: number, body: unknown) => void;

function createAnswerCheck(openApi: object): CheckAnswer {
  const document: unknown = closeObjects(JSON.parse(JSON.stringify(openApi)));
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addSchema({ $id: 'openapi', ...asObject(document) });
  const paths = Object.keys(asObject(asObject(document)['paths']));
  return (method, path, status, body) => {
    const pattern = paths.find((candidate) => toRegExp(candidate).test(path));
    if (pattern === undefined) return;
    const operation = asObject(asObject(asObject(document)['paths'])[pattern])[method.toLowerCase()];
    if (operation === undefined) return;
    const pointer = [
      pattern,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      'application/json',
      'schema',
    ];
    const escaped = pointer.map((part) =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const validate = ajv.getSchema(`openapi#/paths/${escaped.join('/')}`);
    if (validate === undefined)
      throw new Error(`${method} ${pattern} does not document the status ${status}`);
    if (validate(body) !== true) {
      throw new Error(`${method} ${path} ${status} is not as documented: ${ajv.errorsText(validate.errors)}`);
    }
  };
}

/** Answers may gain members for clients; the tests want each of them documented. */
function closeObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closeObjects);
  if (typeof value !== 'object' || value === null) return value;
  const closed = Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, closeObjects(member)]),
  );
  return 'properties' in closed && closed['type'] === 'object'
    ? { additionalProperties: false, ...closed }
    : closed;
}

function toRegExp(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
