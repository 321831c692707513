// The course of a run as it happens, in progress.jsonl of the run's folder: what it was begun with,
// when folds and trials begin and end, and metrics by step. It owns the file. A killed run keeps
// its lines, and a resumed one adds to them. A failed write never disturbs the training.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readIfThere } from '../../models/runtime/whole-file.ts'
import { runEnvironment } from '../runs/run-environment.ts'
import type { RunBegun } from '../runs/run-record.ts'
import { runKinds, type RunKind } from './tracked-run.ts'

/** The name of the file in a run's folder. */
export const progressFile = 'progress.jsonl'

const numbers = z.record(z.string(), z.number())
const anyRecord = z.record(z.string(), z.unknown())
const at = z.number()

const startSchema = z.looseObject({
  event: z.literal('start'),
  formatVersion: z.literal(1),
  run: z.string(),
  kind: z.enum(runKinds),
  name: z.string(),
  method: z.string(),
  started: z.iso.datetime(),
  parameters: anyRecord,
  dataManifest: anyRecord,
  environment: anyRecord,
})

const pointSchema = z.object({
  event: z.literal('point'),
  at,
  /** What the steps are: batches of texts, or epochs. */
  series: z.enum(['step', 'epoch']),
  /** The fold or trial that was trained; absent if the run is one training. */
  within: z.string().optional(),
  step: z.number(),
  metrics: numbers,
})

const lineSchema = z.discriminatedUnion('event', [
  startSchema,
  pointSchema,
  z.object({ event: z.literal('begun'), at, step: z.string() }),
  z.object({
    event: z.literal('ended'),
    at,
    step: z.string(),
    seconds: z.number().optional(),
    parameters: anyRecord.optional(),
    metrics: numbers.optional(),
  }),
  z.object({ event: z.literal('file'), path: z.string() }),
  z.object({ event: z.literal('resumed'), at }),
  z.object({
    event: z.literal('stopped'),
    at,
    state: z.enum(['failed', 'cancelled']),
    error: z.string(),
  }),
])
type Line = z.output<typeof lineSchema>

/** Metrics at a step of a training. */
export type ProgressPoint = Omit<z.output<typeof pointSchema>, 'event'>

/** A fold or trial that has ended; of a trial, its journal says the rest. */
export type EndedStep = Omit<Extract<Line, { event: 'ended' }>, 'event'>

/** What a run was begun with, and by which release on which machine. */
export type ProgressStart = z.output<typeof startSchema>

/** The course of a run up to some moment. */
export type RunProgress = {
  readonly start: ProgressStart | undefined
  /** When folds or trials began, epoch milliseconds, by their step. */
  readonly begun: ReadonlyMap<string, number>
  readonly ended: ReadonlyMap<string, EndedStep>
  /** In the order in which they came. */
  readonly points: readonly ProgressPoint[]
  /** Files outside of the run's folder that the run wrote. */
  readonly files: readonly string[]
  /** Undefined while the run goes on, and after a kill. */
  readonly stopped: Omit<Extract<Line, { event: 'stopped' }>, 'event'> | undefined
  /** When the last line was written, epoch milliseconds. */
  readonly lastAt: number | undefined
}

/** A course that is being written. */
export type ProgressLog = {
  readonly progress: RunProgress
  /** Adds a line; at once, without waiting for the disk. */
  readonly add: (line: LineToAdd) => void
  /** Resolves when all lines are on disk, or cannot be written. */
  readonly flush: () => Promise<void>
}

type LineToAdd =
  Exclude<Line, { event: 'start' }> extends infer One
    ? One extends { at: number }
      ? Omit<One, 'at'>
      : One
    : never

/** A run of many trials keeps no more points than this; later ones are left out. */
const pointsMax = 20_000

/**
 * Opens the course of a run, or continues one. `folder` says whether the run's folder is created
 * for it; otherwise lines wait in memory until the run has made its folder.
 */
export function openProgressLog(
  dir: string,
  begun: RunBegun & { readonly kind: RunKind },
  { folder }: { readonly folder: 'created' | 'awaited' },
): ProgressLog {
  const path = join(dir, progressFile)
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  const course = createCourse(before ?? '')
  let waiting = before === undefined || before.endsWith('\n') ? '' : '\n'
  let writing: Promise<void> | undefined
  let isBroken = false
  if (folder === 'created') mkdirSync(dir, { recursive: true })
  const write = async (): Promise<void> => {
    while (waiting !== '' && !isBroken) {
      const text = waiting
      waiting = ''
      await appendFile(path, text).catch(() => {
        isBroken = true
      })
    }
    writing = undefined
  }
  const append = (line: Line): void => {
    if (!course.apply(line) || isBroken) return
    waiting += `${JSON.stringify(line)}\n`
    if (writing === undefined && (folder === 'created' || existsSync(dir))) writing = write()
  }
  if (course.progress.start === undefined) {
    const environment = { ...runEnvironment() }
    append({ event: 'start', formatVersion: 1, ...begun, environment } as unknown as Line)
  } else {
    append({ event: 'resumed', at: Date.now() })
  }
  return {
    progress: course.progress,
    add: (line) => append({ ...line, at: Date.now() } as Line),
    async flush() {
      if (writing === undefined && existsSync(dir)) writing = write()
      await writing
    },
  }
}

/** The course of a run; undefined if its folder has none. Damaged lines are left out. */
export async function readProgress(dir: string): Promise<RunProgress | undefined> {
  const text = await readIfThere(join(dir, progressFile))
  return text === undefined ? undefined : createCourse(text).progress
}

type Course = {
  readonly progress: RunProgress
  /** False for a line that tells nothing new, such as a step that is repeated after a resume. */
  readonly apply: (line: Line) => boolean
}

function createCourse(text: string): Course {
  const begun = new Map<string, number>()
  const ended = new Map<string, EndedStep>()
  const points: ProgressPoint[] = []
  const files: string[] = []
  const lastStep = new Map<string, number>()
  let start: ProgressStart | undefined
  let stopped: RunProgress['stopped']
  let lastAt: number | undefined
  const isNew = (line: Line): boolean => {
    switch (line.event) {
      case 'start':
        start = line
        return true
      case 'begun':
        if (!begun.has(line.step)) begun.set(line.step, line.at)
        return true
      case 'ended':
        ended.set(line.step, line)
        return true
      case 'file':
        if (files.includes(line.path)) return false
        files.push(line.path)
        return true
      case 'point': {
        const series = `${line.series} ${line.within ?? ''}`
        if (line.step <= (lastStep.get(series) ?? -1) || points.length >= pointsMax) return false
        lastStep.set(series, line.step)
        points.push(line)
        return true
      }
      case 'stopped':
        stopped = line
        return true
      case 'resumed':
        stopped = undefined
        return true
    }
  }
  const apply = (line: Line): boolean => {
    if (!isNew(line)) return false
    if (line.event !== 'start' && line.event !== 'file') lastAt = line.at
    return true
  }
  for (const line of text.split('\n')) {
    const parsed = lineOf(line)
    if (parsed !== undefined) apply(parsed)
  }
  const progress: RunProgress = {
    get start() {
      return start
    },
    begun,
    ended,
    points,
    files,
    get stopped() {
      return stopped
    },
    get lastAt() {
      return lastAt
    },
  }
  return { progress, apply }
}

function lineOf(text: string): Line | undefined {
  if (text === '') return undefined
  try {
    return lineSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined // Cut off by a kill.
  }
}
