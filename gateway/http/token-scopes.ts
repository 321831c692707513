// What a verified token of an identity provider permits: the roles in one of its claims, as scopes.
import type { Config } from '../../configs/schema.ts'
import { isJsonObject } from '../../schemas/json-object.ts'
import type { Caller, Scope } from './auth.ts'

type Mapping = Pick<NonNullable<Config['gateway']['oidc']>, 'roleClaim' | 'roles'>

/** Claims of a token that name people, the best first. */
const nameClaims = ['email', 'preferred_username', 'name', 'sub'] as const

/**
 * The caller that a token names. `roleClaim` is a path such as `realm_access.roles`. The claim is a
 * list, or words with spaces between them as in `scope` (RFC 8693, 4.2).
 */
export function callerOf(
  token: Readonly<Record<string, unknown>>,
  { roleClaim, roles }: Mapping,
): Caller {
  const claim = roleClaim
    .split('.')
    .reduce<unknown>((value, name) => (isJsonObject(value) ? value[name] : undefined), token)
  const given = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : []
  const scopes = new Set<Scope>()
  for (const role of given) {
    if (typeof role !== 'string' || !Object.hasOwn(roles, role)) continue
    for (const scope of roles[role]!) scopes.add(scope)
  }
  const name = nameClaims.map((one) => token[one]).find((one) => typeof one === 'string')
  return { name: name?.slice(0, 256) ?? null, scopes: [...scopes] }
}
