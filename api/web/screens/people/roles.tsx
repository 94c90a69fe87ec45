import type { Role } from '../../client/api-types.ts';

export const ROLES: readonly (readonly [Role, string])[] = [
  ['viewer', 'may look'],
  ['deployer', 'may look and deploy'],
  ['admin', 'may do everything, also with keys and users'],
];

/** Field that asks for a role, with what it means. */
export function RoleField({ value, onChoose }: { value: Role; onChoose: (role: Role) => void }) {
  return (
    <fieldset class="roles">
      <legend>Role</legend>
      {ROLES.map(([role, meaning]) => (
        <label key={role} class="check">
          <input
            type="radio"
            name="role"
            value={role}
            checked={value === role}
            onChange={() => onChoose(role)}
          />
          <span>
            <b>{role}</b> <span class="muted">{meaning}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
