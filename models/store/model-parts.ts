// Which parts a version plays, from the state of its model: as winnow.models tells it, or the copy
// in the store.
import type { ModelAnnouncement, SecondaryRole } from '../../schemas/model-announcement.ts'

/** The versions of a model that play a part, and the champions before this one, the latest last. */
export type ModelParts = Readonly<
  Pick<ModelAnnouncement, 'champion' | 'challenger' | 'shadow'> & { previous: readonly string[] }
>

/** A part that a version plays. */
export type VersionRole =
  | { readonly kind: 'champion' }
  | { readonly kind: SecondaryRole; readonly percent: number }
  /** What a rollback returns to. */
  | { readonly kind: 'previous' }
  /** The configuration names this very version. */
  | { readonly kind: 'pinned' }

/** What a rollback returns to: the last champion that is still there. */
export function rollbackTarget(
  { previous }: Pick<ModelParts, 'previous'>,
  isThere: (version: string) => boolean = () => true,
): string | undefined {
  return previous.findLast(isThere)
}

/** The parts of one version. `isThere` says which earlier champions a rollback can return to. */
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

/** A part in words: `champion`, `challenger 10 %`, `previous`. */
export function roleText(role: VersionRole): string {
  return 'percent' in role ? `${role.kind} ${role.percent} %` : role.kind
}
