// Which models may have learnt from the events to forget: those whose run read their offsets, or
// whose run held one of their texts.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { listVersions } from '../../models/store/version-store.ts'
import { readIfThere } from '../../models/runtime/whole-file.ts'
import type { Origin } from '../../schemas/validated.ts'
import { syncStateFile } from '../tracking/sync-state.ts'

/** A run that read the events, with what came of it. */
export type TrainedRun = {
  readonly run: string
  /** `name@version` of the versions that it made. */
  readonly versions: readonly string[]
  readonly why: 'its folder held a text' | 'it read these offsets'
  /** The MLflow server that has files of the run. */
  readonly mlflow?: string | undefined
}

/** The runs of a store that read the events; `touched` are those whose folder held a text. */
export async function trainedOn(
  storeDir: string,
  { origins, touched }: { origins: readonly Origin[]; touched: ReadonlySet<string> },
): Promise<TrainedRun[]> {
  const versions = await versionsByRun(storeDir)
  const found: TrainedRun[] = []
  for (const run of await runNames(storeDir)) {
    const dir = join(storeDir, 'runs', run)
    const why = touched.has(run)
      ? ('its folder held a text' as const)
      : (await readsOne(dir, origins))
        ? ('it read these offsets' as const)
        : undefined
    if (why === undefined) continue
    const mlflow = await mlflowUrl(dir)
    found.push({ run, versions: versions.get(run) ?? [], why, ...(mlflow && { mlflow }) })
  }
  return found
}

/** The facts of a source that is a range of a topic (library/remote-sources.ts). */
const topicFacts = z.looseObject({
  kind: z.literal('topic'),
  topic: z.string(),
  partitions: z.array(z.looseObject({ partition: z.int(), from: z.int(), to: z.int() })),
})

/** The records of runs that say which data was read. */
const recordFiles = ['run.json', 'cv.json', 'progress.jsonl'] as const

async function readsOne(dir: string, origins: readonly Origin[]): Promise<boolean> {
  for (const file of recordFiles) {
    const text = await readIfThere(join(dir, file))
    for (const line of file.endsWith('.jsonl') ? (text ?? '').split('\n') : [text ?? '']) {
      if (topicsIn(line).some((facts) => origins.some((origin) => isWithin(origin, facts)))) {
        return true
      }
    }
  }
  return false
}

function isWithin(origin: Origin, { topic, partitions }: z.output<typeof topicFacts>): boolean {
  return (
    origin.topic === topic &&
    partitions.some(
      ({ partition, from, to }) =>
        partition === origin.partition && from <= origin.offset && origin.offset < to,
    )
  )
}

/** All descriptions of topic ranges in a JSON document, at any depth. */
function topicsIn(json: string): z.output<typeof topicFacts>[] {
  const found: z.output<typeof topicFacts>[] = []
  try {
    JSON.parse(json, (_, value: unknown) => {
      const facts = topicFacts.safeParse(value)
      if (facts.success) found.push(facts.data)
      return value
    })
  } catch {
    // Not JSON: a line that a crash cut.
  }
  return found
}

async function mlflowUrl(dir: string): Promise<string | undefined> {
  const text = await readIfThere(join(dir, syncStateFile))
  const state = z.looseObject({ url: z.string() }).safeParse(text && JSON.parse(text))
  return state.success ? state.data.url : undefined
}

async function runNames(storeDir: string): Promise<string[]> {
  const entries = await readdir(join(storeDir, 'runs'), { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function versionsByRun(storeDir: string): Promise<Map<string, string[]>> {
  const byRun = new Map<string, string[]>()
  for (const one of await listVersions({ storeDir })) {
    const run = one.state === 'readable' ? one.manifest.trainingRun : null
    if (run !== null) byRun.set(run, [...(byRun.get(run) ?? []), `${one.name}@${one.version}`])
  }
  return byRun
}
