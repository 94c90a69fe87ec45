/** Names that Compose looks for, in its order. */
export const COMPOSE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
/** Files that it merges over those. */
export const COMPOSE_OVERRIDES = COMPOSE_NAMES.map((name) => name.replace('.y', '.override.y'));
