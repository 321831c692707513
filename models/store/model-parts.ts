// Derives the roles of a version from the state of its model, which comes from winnow.models or
// from the copy in the store.
import type { ModelAnnouncement, SecondaryRole } from '../../schemas/model-announcement.ts'

/** The versions of a model that have a role, and the earlier champions, the latest last. */
export type ModelParts = Readonly<
  Pick<ModelAnnouncement, 'champion' | 'challenger' | 'shadow'> & { previous: readonly string[] }
>

/** A role of a version. */
export type VersionRole =
  | { readonly kind: 'champion' }
  | { readonly kind: SecondaryRole; readonly percent: number }
  /** The version that a rollback returns to. */
  | { readonly kind: 'previous' }
  /** The configuration names exactly this version. */
  | { readonly kind: 'pinned' }

/** The version that a rollback returns to: the last earlier champion that still exists. */
export function rollbackTarget(
  { previous }: Pick<ModelParts, 'previous'>,
  isThere: (version: string) => boolean = () => true,
): string | undefined {
  return previous.findLast(isThere)
}

/** The roles of one version; `isThere` says which earlier champions still exist. */
export function rolesOf(
  version: string,
  parts: ModelParts | undefined,
  isThere: (version: string) => boolean,
): VersionRole[] {
  const roles: VersionRole[] = []
  if (parts?.champion === version) roles.push({ kind: 'champion' })
  for (const kind of ['challenger', 'shadow'] as const) {
    const side = parts?.[kind]
    if (side?.version === version) roles.push({ kind, percent: side.percent })
  }
  if (parts && rollbackTarget(parts, isThere) === version) roles.push({ kind: 'previous' })
  return roles
}

/** A role as text: `champion`, `challenger 10 %`, `previous`. */
export function roleText(role: VersionRole): string {
  return 'percent' in role ? `${role.kind} ${role.percent} %` : role.kind
}
