// Reads what happened to a model from model_releases, the newest first.
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** A row of model_releases. */
export type StoredRelease = {
  readonly atMs: number
  readonly kind: string
  readonly version: string
  readonly by: string
  readonly reason: string
}

/** The last releases of a model. Throws analytics_unavailable, analytics_refused. */
export function readReleases(
  analytics: Analytics,
  { model, limit }: { readonly model: string; readonly limit: number },
): Promise<StoredRelease[]> {
  return analytics.rows<StoredRelease>(
    `SELECT toUnixTimestamp64Milli(at) AS atMs, toString(kind) AS kind, version, by, reason
     FROM model_releases WHERE model = {model: String}
     ORDER BY at DESC, kind LIMIT {limit: UInt32}`,
    { model, limit },
  )
}
