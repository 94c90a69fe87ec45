import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { toDiagnostics } from '../../../reconciler/config/kombination/analyze.ts';
import {
  CONTAINER_OPTIONS,
  OPTION_ROWS,
} from '../../../reconciler/model/docker/options/container-options.ts';
import { CONTAINER_LIMITS, LIMIT_ROWS } from '../../../reconciler/model/docker/options/limit-options.ts';
import { analyzeProject } from '../../support/compose/compose-config.ts';
import { LIMIT_EXAMPLES } from '../../support/docker/limit-examples.ts';
import { OPTION_EXAMPLES } from '../../support/docker/option-examples.ts';

/* The variables of Compose files: every value may come out of one, and is a text then. */

const rows = [
  ...OPTION_ROWS.map(([name]) => ({
    key: CONTAINER_OPTIONS[name].key,
    written: OPTION_EXAMPLES[name].written,
    want: { options: { [name]: OPTION_EXAMPLES[name].spec } },
    beside: {},
  })),
  ...LIMIT_ROWS.map(([name]) => ({
    key: CONTAINER_LIMITS[name].key,
    written: LIMIT_EXAMPLES[name].written,
    want: { resources: LIMIT_EXAMPLES[name].limits },
    beside: name === 'memorySwapBytes' ? { mem_limit: '64m' } : {},
  })),
];

/** The value with a variable in place of each scalar, and the variables. */
function withVariables(value: unknown, variables: string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withVariables(item, variables));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, withVariables(member, variables)]),
    );
  variables.push(String(value));
  return `\${V${variables.length - 1}}`;
}

it.each(rows)('$key in a Compose file is the same out of variables', ({ key, written, want, beside }) => {
  const variables: string[] = [];
  const value = withVariables(parse(written), variables);
  const analysis = analyzeProject({
    'compose.yaml': JSON.stringify({ services: { web: { image: 'a', ...beside, [key]: value } } }),
    '.env': variables.map((text, index) => `V${index}='${text}'\n`).join(''),
  });
  const found = toDiagnostics('kombination.yaml', analysis.document, analysis.diagnostics);
  expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(analysis.kombination.services).toMatchObject([want]);
});
