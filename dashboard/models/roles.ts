// What the roles of a version mean to people.
import type { ModelVersion } from '../api/answers.ts'

/** The version with a role. */
export function withRole(
  versions: readonly ModelVersion[],
  kind: string,
): ModelVersion | undefined {
  return versions.find(({ roles }) => roles.some((role) => role.kind === kind))
}

/** The share of events that a version gets, and what becomes of its answers. */
export const roleMeanings: Readonly<Record<string, string>> = {
  champion: 'answers for all events, but for the share of a challenger',
  challenger: 'answers for a share of the events',
  shadow: 'classifies a share of the events once more; its answers count nowhere',
  previous: 'served before the champion',
  pinned: 'is kept because the configuration names it',
}
