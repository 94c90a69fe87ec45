/** Root of the platform, where it says hello. */
export const WORKFLOWS_ROOT = '/v1';
export const WORKFLOWS_PREFIX = '/v1/api';
