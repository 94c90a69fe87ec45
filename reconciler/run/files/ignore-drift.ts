import { ReconcilerError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { asFields, asList, own } from '../../base/values.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import type { IgnoreDriftRequest } from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import { spliceYaml } from '../write/yaml-splice.ts';
import type { FileEdits } from './edit-files.ts';
import { openText, readContents } from './read-files.ts';

/** The document of a stack with one more field that may differ. Throws as `FileOperations.ignoreDrift` does. */
export async function draftIgnore(
  context: RunContext,
  { stack, resource, field }: Omit<IgnoreDriftRequest, 'message'>,
  signal: AbortSignal,
): Promise<FileEdits> {
  const { desired } = context;
  const description = desired.get(stack);
  if (description === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  if (description.kind === 'workflow')
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${stack} is a workflow, which has no policy of its own: write it under policy.ignoreDrift of kombinator.yaml`,
    );
  refuseWrong(description, { resource, field });
  const head = desired.revision?.commit ?? '';
  const draft = desired.rewriteStack(stack, (text) =>
    withIgnored(text, { resource, field }, description.file),
  );
  const files = desired.describing(stack)?.files ?? [];
  const blob = files.find(({ path }) => path === draft.path)?.blob ?? '';
  const text = openText((await readContents(context, [blob].filter(Boolean), signal)).get(blob)?.content);
  return {
    stack,
    file: description.file,
    writes: [{ path: draft.path, content: draft.text }],
    before: new Map(text === null ? [] : [[draft.path, text]]),
    head,
  };
}

function refuseWrong(
  { name, resources, policy }: NonNullable<ReturnType<RunContext['desired']['get']>>,
  { resource, field }: Pick<IgnoreDriftRequest, 'resource' | 'field'>,
): void {
  if (!resources.some(({ id }) => id === resource)) {
    const known = resources.filter(({ shared }) => shared !== true).map(({ id }) => id);
    const hint = known.length === 0 ? 'it has none' : `those are ${known.slice(0, 10).join(', ')}`;
    throw new ReconcilerError('BAD_OPTIONS', `${resource} is no resource of ${name}; ${hint}`);
  }
  const isThere = policy.ignoreDrift?.some((one) => one.resource === resource && one.field === field);
  if (isThere === true)
    throw new ReconcilerError('BAD_OPTIONS', `${field} of ${resource} may differ already`);
}

function withIgnored(
  text: string,
  added: { readonly resource: string; readonly field: string },
  file: string,
): string {
  const policy = asFields(own(asFields(parseYaml(text).value), 'policy'));
  const listed = asList(own(policy, 'ignoreDrift')) ?? [];
  const result = spliceYaml(text, ['policy', 'ignoreDrift'], [...listed, added] as Json);
  if (result !== null) return result;
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `policy.ignoreDrift of ${file} cannot be changed in place: anchors or aliases are involved; write it there by hand`,
  );
}
