// Reads how two versions of a model compare, from the views version_*: on events that both
// classified, and for each version on all its events with a known label. The caller judges the
// figures.
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** Two versions of one model. */
export type VersionPair = { readonly model: string; readonly a: string; readonly b: string }

export type VersionComparison = {
  /** Events that both versions classified, one of them as a shadow. */
  readonly events: number
  /** Share of these events with the same answer; null without events. */
  readonly agreement: number | null
  /** Most frequent changes of the answer. */
  readonly flips: readonly { readonly a: string; readonly b: string; readonly events: number }[]
  /** On those of the events whose label is known; null without any. */
  readonly judged: {
    readonly labelled: number
    readonly accuracyA: number
    readonly accuracyB: number
    readonly onlyARight: number
    readonly onlyBRight: number
    /** McNemar's test, two-sided. */
    readonly pValue: number
  } | null
  /** Each version by role, on all its own events whose label is known. */
  readonly alone: readonly {
    readonly version: string
    readonly role: string
    readonly labelled: number
    readonly accuracy: number
  }[]
}

/**
 * Compares two versions. With `secondsMax`, the server ends a query that takes longer. Throws
 * analytics_unavailable, analytics_refused.
 */
export async function compareVersions(
  analytics: Analytics,
  pair: VersionPair,
  { flipsMax, secondsMax }: { readonly flipsMax: number; readonly secondsMax?: number },
): Promise<VersionComparison> {
  const settings = secondsMax === undefined ? '' : `SETTINGS max_execution_time = ${secondsMax}`
  const those = `model = {model: String} AND version_a = {a: String} AND version_b = {b: String}`
  const parameters = { ...pair, flipsMax }
  const [agreed, flips, judged, alone] = await Promise.all([
    analytics.rows<{ events: number; agreement: number }>(
      `SELECT events, agreement FROM version_disagreement WHERE ${those} ${settings}`,
      parameters,
    ),
    analytics.rows<{ a: string; b: string; events: number }>(
      `SELECT answer_a AS a, answer_b AS b, events FROM version_flips
       WHERE ${those} AND answer_a != answer_b
       ORDER BY events DESC, a, b LIMIT {flipsMax: UInt32} ${settings}`,
      parameters,
    ),
    analytics.rows<NonNullable<VersionComparison['judged']>>(
      `SELECT labelled, accuracy_a AS accuracyA, accuracy_b AS accuracyB,
         only_a_right AS onlyARight, only_b_right AS onlyBRight, p_value AS pValue
       FROM version_mcnemar WHERE ${those} ${settings}`,
      parameters,
    ),
    analytics.rows<VersionComparison['alone'][number]>(
      `SELECT version, toString(role) AS role, labelled, accuracy FROM version_accuracy
       WHERE model = {model: String} AND version IN ({a: String}, {b: String})
       ORDER BY toUInt64(version), role ${settings}`,
      parameters,
    ),
  ])
  const { events = 0, agreement = null } = agreed[0] ?? {}
  return { events, agreement, flips, judged: judged[0] ?? null, alone }
}
