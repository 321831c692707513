// Removes what Winnow keeps of events, and says what it cannot reach. The command `forget` calls
// it.
import { hostname, userInfo } from 'node:os'
import type { Config } from '../configs/schema.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import type { EventSelection } from '../infra/erasure/find-events.ts'
import { rememberForgotten } from '../infra/erasure/forgotten-events.ts'
import type { TopicCopies } from '../infra/erasure/topic-copies.ts'
import { insertAudit } from '../infra/sinks/audit-rows.ts'
import { deadLetterId } from '../schemas/dead-letter.ts'
import { errorMessage, WinnowError } from '../schemas/errors.ts'
import { storedIds, type StoredId } from '../schemas/hashed-id.ts'
import type { Origin } from '../schemas/validated.ts'
import { readCopies } from '../serving/erasure/event-copies.ts'
import {
  countStored,
  eventsPerPass,
  findStored,
  forgetRows,
  listDetachedParts,
  type StoredEvents,
  type TableRows,
} from '../serving/erasure/forget-rows.ts'
import { openPatientAnalytics } from '../serving/patience.ts'
import {
  forgetInStore,
  touchedRuns,
  type ForgottenFile,
} from '../trainers/erasure/forget-in-store.ts'
import { ForgottenTexts } from '../trainers/erasure/forgotten-texts.ts'
import { trainedOn, type TrainedRun } from '../trainers/erasure/trained-on.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'

/** How far {@link forget} is. */
export type ForgetProgress = {
  readonly step: 'finding' | 'files' | 'rows'
  /** Events that were found so far. */
  readonly events: number
}

/** The options of {@link forget}: events with one of the ids, or with all of the attributes. */
export type ForgetOptions = WinnowOptions &
  Pick<LongWork<ForgetProgress>, 'onProgress'> & {
    readonly ids?: readonly string[] | undefined
    readonly attributes?: Readonly<Record<string, string>> | undefined
    /** Removes nothing; says what would be removed. */
    readonly dryRun?: boolean | undefined
    /**
     * Leaves the tables as they are: for the model stores of further machines, before the last one.
     */
    readonly filesOnly?: boolean | undefined
    /** Why, for the audit row; it must not name a person. */
    readonly reason?: string | undefined
  }

/** What was removed, or with `dryRun` would be, and what is out of reach. */
export type Forgotten = {
  readonly dryRun: boolean
  /** How many events were found. */
  readonly events: number
  /** Whether a dry run stopped counting at this number. */
  readonly more: boolean
  readonly tables: readonly TableRows[]
  /** Files of the model store that held a text, or what was computed from one. */
  readonly files: readonly ForgottenFile[]
  readonly outOfReach: {
    /** Null if Kafka or the registry did not answer. */
    readonly topics: readonly TopicCopies[] | null
    /** Runs that read the events, with the models that they made. */
    readonly runs: readonly TrainedRun[]
    /** Parts of tables that somebody detached, or ClickHouse found broken; paths on its server. */
    readonly detachedParts: readonly string[]
  }
}

/**
 * Removes rows, dead letters and labels of events, their texts in runs and reports, and what caches
 * hold of them. It resolves when neither a query nor a file holds them. Running it again removes
 * what a killed one left.
 *
 * @throws WinnowError `usage`, `analytics_unavailable`, `analytics_refused`,
 *   `analytics_unsupported`, `deadline_exceeded`.
 *
 * @example
 * const { events, outOfReach } = await forget({ ids: ['ticket-17'] })
 */
export async function forget(options: ForgetOptions): Promise<Forgotten> {
  return forgetIn(await resolveContext(options), options)
}

/** `forget` in a context. */
export async function forgetIn(
  context: Context,
  options: Omit<ForgetOptions, keyof WinnowOptions>,
): Promise<Forgotten> {
  const { config, note } = context
  refuseCluster(config)
  const selection = selectionOf(options, storedIds(config.retention))
  const analytics = openPatientAnalytics(config.clickhouse, { log: note })
  try {
    const passes: Pass[] = []
    for (;;) {
      const events = passes.reduce((sum, pass) => sum + pass.origins.length, 0)
      options.onProgress?.({ step: 'finding', events })
      const stored = await findStored(analytics, selection)
      if (options.filesOnly === true && stored.isCut) throw tooMany()
      const pass = await onePass({ context, analytics, stored }, options)
      passes.push(pass)
      // A pass that deletes leaves fewer for the next one.
      if (options.dryRun === true || !stored.isCut || pass.origins.length === 0) break
    }
    return summary(passes, options.dryRun === true)
  } finally {
    await analytics.close()
  }
}

function refuseCluster({ clickhouse: { cluster, cloud } }: Config): void {
  if (cluster === undefined && !cloud) return
  const message =
    'forget waits until the files of one ClickHouse server hold the events no longer, which it cannot ' +
    'see on a cluster or in ClickHouse Cloud. Delete the rows there by ALTER TABLE … DELETE; ' +
    'docs/privacy.md names the tables'
  throw new WinnowError('analytics_unsupported', message)
}

/** What one pass did. */
type Pass = Omit<Forgotten, 'dryRun' | 'events'> & { readonly origins: readonly Origin[] }

async function onePass(
  { context, analytics, stored }: { context: Context; analytics: Analytics; stored: StoredEvents },
  options: Omit<ForgetOptions, keyof WinnowOptions>,
): Promise<Pass> {
  const { dryRun = false, filesOnly = false, reason = '', onProgress } = options
  const { origins, isCut: more } = stored
  const storeDir = context.paths.store
  const copies = await readCopies(stored, context)
  const forgotten = new ForgottenTexts(copies)
  onProgress?.({ step: 'files', events: origins.length })
  const audited = dryRun ? withoutAudit : auditing(analytics, { origins, reason })
  return audited(async () => {
    // Files first: rows say which texts to look for, so a command that was killed can run again.
    const files = await forgetInStore(storeDir, forgotten, { dryRun })
    const touched = touchedRuns(storeDir, files)
    onProgress?.({ step: 'rows', events: origins.length })
    const whole = { ...stored, ids: copies.ids }
    if (!dryRun && !filesOnly) {
      await rememberForgotten(analytics, [...origins, ...stored.labelOrigins])
    }
    const tables = filesOnly ? [] : await (dryRun ? countStored : forgetRows)(analytics, whole)
    const runs = await trainedOn(storeDir, { origins, touched })
    const detachedParts = await listDetachedParts(analytics, tables)
    return {
      origins,
      more,
      tables,
      files,
      outOfReach: { topics: copies.topics, runs, detachedParts },
    }
  })
}

/** Throws usage unless exactly one way of choosing events is given. */
function selectionOf(
  { ids = [], attributes = {} }: Pick<ForgetOptions, 'ids' | 'attributes'>,
  storedId: StoredId,
): EventSelection {
  const hasAttributes = Object.keys(attributes).length > 0
  if (ids.length > 0 !== hasAttributes) {
    // Rows from before ids were hashed have the id itself.
    return hasAttributes ? { attributes } : { ids: ids.flatMap((id) => [id, storedId(id)]) }
  }
  const message =
    ids.length > 0
      ? 'Choose events by id or by attribute, not by both.'
      : 'Say which events: give an id or an attribute.'
  throw new WinnowError('usage', message)
}

/** Without deletions, the next pass would find the same events. */
function tooMany(): WinnowError {
  const message = `There are more than ${eventsPerPass} events; with files only, choose fewer at once.`
  return new WinnowError('usage', message)
}

const withoutAudit = <T>(work: () => Promise<T>): Promise<T> => work()

/**
 * Writes an audit row of the work, also if it fails. It names the places of the events, which say
 * nothing once their records are gone.
 */
function auditing(
  analytics: Analytics,
  { origins, reason }: { origins: readonly Origin[]; reason: string },
): typeof withoutAudit {
  const entry = {
    atMs: Date.now(),
    requestId: '',
    by: `${userInfo().username}@${hostname()}`,
    action: 'events.forget',
    target: placesText(origins),
    reason,
  }
  return async (work) => {
    try {
      const done = await work()
      await insertAudit(analytics, { ...entry, outcome: 'done', code: '', message: '' })
      return done
    } catch (error) {
      const code = error instanceof WinnowError ? error.code : 'internal'
      const failed = { outcome: 'failed', code, message: errorMessage(error) } as const
      await insertAudit(analytics, { ...entry, ...failed }).catch(() => undefined)
      throw error
    }
  }
}

/** Most places that an audit row names. */
const placesMax = 50

function placesText(origins: readonly Origin[]): string {
  const shown = origins.slice(0, placesMax).map(deadLetterId).join(' ')
  const more = origins.length - placesMax
  return more > 0 ? `${shown} and ${more} more` : shown
}

function summary(passes: readonly Pass[], dryRun: boolean): Forgotten {
  const rows = new Map<string, number>()
  const files = new Map<string, ForgottenFile>()
  const runs = new Map<string, TrainedRun>()
  const topics: TopicCopies[] = []
  const detached = new Set<string>()
  for (const pass of passes) {
    for (const { table, rows: own } of pass.tables) rows.set(table, (rows.get(table) ?? 0) + own)
    for (const file of pass.files) files.set(file.path, file)
    for (const run of pass.outOfReach.runs) {
      if (!runs.has(run.run)) runs.set(run.run, run)
    }
    topics.push(...(pass.outOfReach.topics ?? []))
    for (const path of pass.outOfReach.detachedParts) detached.add(path)
  }
  const isSearched = passes.every(({ outOfReach }) => outOfReach.topics !== null)
  return {
    dryRun,
    events: passes.reduce((sum, { origins }) => sum + origins.length, 0),
    more: dryRun && passes.some(({ more }) => more),
    tables: [...rows].map(([table, own]) => ({ table, rows: own })),
    files: [...files.values()],
    outOfReach: {
      topics: isSearched ? topics : null,
      runs: [...runs.values()],
      detachedParts: [...detached],
    },
  }
}
