/** Families of findings, as other programs that validate such documents name them. */
export type DiagnosticRule =
  | 'invalid_format'
  | 'invalid_value'
  | 'required'
  | 'duplicate'
  | 'out_of_range'
  | 'security'
  | 'invalid_reference'
  | 'circular_dependency'
  | 'stackkit_validation_error'
  | 'nil_spec'
  | 'encoding_error'
  | 'schema_error'
  | 'timeout_error'
  | 'validation_error';

/** Every code that a finding about a repository may have, by the family it belongs to. */
const CODES: Readonly<Record<DiagnosticRule, readonly string[]>> = {
  invalid_format: ['YAML_SYNTAX', 'INVALID_TYPE', 'INVALID_FORMAT', 'INVALID_CIDR'],
  invalid_value: ['INVALID_VALUE', 'RESERVED_RANGE', 'MEANINGLESS_EDGE'],
  required: [
    'REQUIRED',
    'MISSING_DOMAIN',
    'MISSING_EMAIL',
    'MISSING_SETTING',
    'BACKUP_DESTINATION_MISSING',
    'SECRET_NOT_FOUND',
    'UNRESOLVED_VARIABLE',
    'UNSET_VARIABLE',
  ],
  duplicate: [
    'DUPLICATE_KEY',
    'DUPLICATE_NAME',
    'DUPLICATE_PORT',
    'DUPLICATE_STACK',
    'DUPLICATE_NODE',
    'DUPLICATE_OBJECT',
    'DUPLICATE_MOUNT',
  ],
  out_of_range: ['OUT_OF_RANGE', 'FILE_TOO_LARGE'],
  security: [
    'PATH_OUTSIDE_REPOSITORY',
    'INSECURE_PATH',
    'NOT_ALLOWED',
    'SECRET_IN_CLEAR',
    'SECRET_MISPLACED',
    'SECRET_NOT_DECRYPTED',
  ],
  invalid_reference: [
    'UNKNOWN_SERVICE',
    'UNKNOWN_NODE',
    'UNKNOWN_NETWORK',
    'UNKNOWN_VOLUME',
    'UNKNOWN_SECRET',
    'UNKNOWN_KIT',
    'UNKNOWN_ADDON',
    'UNKNOWN_CONFIG',
    'UNKNOWN_STACK',
    'UNKNOWN_CLUSTER',
    'UNKNOWN_CHANNEL',
    'UNKNOWN_PLUGIN',
    'FILE_NOT_FOUND',
    'ENV_FILE_NOT_FOUND',
    'CONTENT_ELSEWHERE',
  ],
  circular_dependency: ['CIRCULAR_DEPENDENCY'],
  stackkit_validation_error: ['INVALID_KIT', 'CONSTRAINT_VIOLATION', 'RESOURCE_EXCEEDED', 'INCOMPLETE_ADDON'],
  nil_spec: ['EMPTY_DOCUMENT'],
  encoding_error: ['NOT_UTF8'],
  schema_error: ['UNKNOWN_KEY'],
  timeout_error: ['SECRET_TIMEOUT'],
  validation_error: [
    'UNSUPPORTED_KEY',
    'NOT_APPLIED',
    'NOT_RENDERED',
    'RENDER_FAILED',
    'RENAMED_KIT',
    'IMPLIED_SERVICE',
    'ANONYMOUS_VOLUME',
    'BIND_AS_VOLUME',
    'BIND_TRACKED',
    'COMPOSE_NOT_READ',
    'OBSOLETE_KEY',
    'INTERNAL_ERROR',
    'MORE_FINDINGS',
  ],
};

const RULES: ReadonlyMap<string, DiagnosticRule> = new Map(
  Object.entries(CODES).flatMap(([rule, codes]) => (isRule(rule) ? codes.map((code) => [code, rule]) : [])),
);

function isRule(name: string): name is DiagnosticRule {
  return Object.hasOwn(CODES, name);
}

/** Sorted. */
export const DIAGNOSTIC_CODES: readonly string[] = [...RULES.keys()].sort();

/** The family of a code. */
export function ruleOf(code: string): DiagnosticRule {
  return RULES.get(code) ?? 'validation_error';
}
