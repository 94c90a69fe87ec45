import process from 'node:process';
import { API, TypeFlags } from 'typescript/unstable/sync';
import type { Checker, Type } from 'typescript/unstable/sync';
import { SyntaxKind } from 'typescript/unstable/ast';
import type { BinaryExpression, ElementAccessExpression, Node, SourceFile } from 'typescript/unstable/ast';

/*
 * `npm run check:names`: refuses `record[name]` and `name in record` where the name is any text. Both also find what every object inherits,
 * and a service called `constructor` is then taken for one that is known. `own(record, name)` of base/values.ts finds what was put there.
 */

const CHECKED = /^(?:reconciler|api)\//;
/** These go through the keys of the object itself. */
const ALLOWED = new Set(['reconciler/base/values.ts', 'reconciler/base/json.ts']);
const ANY_TEXT = TypeFlags.String | TypeFlags.Any | TypeFlags.Unknown | TypeFlags.TemplateLiteral;

interface Lookup {
  readonly node: Node;
  readonly name: Node;
}

function lookupOf(node: Node, parent: Node | undefined): Lookup | null {
  if (node.kind === SyntaxKind.ElementAccessExpression) {
    const { argumentExpression: name } = node as ElementAccessExpression;
    return isWritten(node, parent) ? null : { node, name };
  }
  if (node.kind !== SyntaxKind.BinaryExpression) return null;
  const { left, operatorToken } = node as BinaryExpression;
  return operatorToken.kind === SyntaxKind.InKeyword ? { node, name: left } : null;
}

function isWritten(node: Node, parent: Node | undefined): boolean {
  if (parent?.kind === SyntaxKind.DeleteExpression) return true;
  if (parent?.kind !== SyntaxKind.BinaryExpression) return false;
  const { left, operatorToken } = parent as BinaryExpression;
  const { kind } = operatorToken;
  return left === node && kind >= SyntaxKind.FirstAssignment && kind <= SyntaxKind.LastAssignment;
}

function lookupsOf(file: SourceFile): readonly Lookup[] {
  const found: Lookup[] = [];
  const visit = (node: Node, parent: Node | undefined): void => {
    const lookup = lookupOf(node, parent);
    if (lookup !== null) found.push(lookup);
    node.forEachChild((child) => visit(child, node));
  };
  visit(file, undefined);
  return found;
}

function isAnyText(type: Type | undefined): boolean {
  if (type === undefined) return false;
  if (type.isUnionType()) return type.getTypes().some(isAnyText);
  return (type.flags & ANY_TEXT) !== 0;
}

function* findRefused(file: SourceFile, checker: Checker): Generator<string> {
  const lookups = lookupsOf(file);
  if (lookups.length === 0) return;
  const types = checker.getTypeAtLocation(lookups.map(({ name }) => name));
  for (const [index, { node, name }] of lookups.entries()) {
    // A cast is a promise that nobody checked.
    if (!isAnyText(types[index]) && name.kind !== SyntaxKind.AsExpression) continue;
    const line = file.text.slice(0, node.end).split('\n').length;
    yield `:${line} ${file.text.slice(node.pos, node.end).trim()}`;
  }
}

using api = {
  client: new API({ cwd: process.cwd() }),
  [Symbol.dispose]() {
    this.client.close();
  },
};
const snapshot = api.client.updateSnapshot({ openProjects: [`${process.cwd()}/test/lint/tsconfig.json`] });
const refused = snapshot.getProjects().flatMap(({ program, checker }) =>
  program.getSourceFileNames().flatMap((name) => {
    const path = name.replace(`${process.cwd()}/`, '');
    const file = CHECKED.test(path) && !ALLOWED.has(path) ? program.getSourceFile(name) : undefined;
    return file ? [...findRefused(file, checker)].map((problem) => `${path}${problem}`) : [];
  }),
);
for (const line of refused) process.stdout.write(`${line}\n`);
if (refused.length > 0)
  process.stdout.write('own(record, name) of reconciler/base/values.ts finds only what was put there\n');
process.exitCode = refused.length === 0 ? 0 : 1;
