// When which version served: read from the releases of a model.
import type { Releases } from '../api/answers.ts'

/** A time in which one version was the champion. */
export type Reign = {
  readonly version: string
  readonly from: string
  /** Absent for the version that serves. */
  readonly to?: string
}

const changes = ['promote', 'rollback']

/** The times of each champion, the newest first. Releases are given newest first. */
export function reignsOf(releases: Releases['releases']): Reign[] {
  const reigns: Reign[] = []
  let to: string | undefined
  for (const { kind, version, at } of releases) {
    if (!changes.includes(kind)) continue
    const newer = reigns.at(-1)
    // Promoting the champion once more changes nothing.
    if (newer?.version === version) reigns.pop()
    const end = newer?.version === version ? newer.to : to
    reigns.push({ version, from: at, ...(end !== undefined && { to: end }) })
    to = at
  }
  return reigns
}
