import { parseDotenv } from '../dotenv.ts';

/**
 * The Compose files that a project's `.env` names.
 *
 * @returns paths from the directory of the project; `null` when it names none
 */
export function readComposeFileVariable(dotenv: string): readonly string[] | null {
  const { entries } = parseDotenv(dotenv, { lookup: () => undefined });
  const values = new Map(entries.map(({ name, plain }) => [name, plain]));
  const files = (values.get('COMPOSE_FILE') ?? '')
    .split(values.get('COMPOSE_PATH_SEPARATOR') || ':')
    .filter((path) => path !== '');
  return files.length > 0 ? files : null;
}
