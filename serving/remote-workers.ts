// Opens the clients of the two sides of remote work: the coordinator of a run, for `tune --executor
// kafka`, and the log and stores of a worker, for `train-worker`.
import { join } from 'node:path'
import type { Config } from '../configs/schema.ts'
import { createKafka } from '../infra/kafka/kafka.ts'
import { openTaskLog } from '../infra/kafka/task-topics.ts'
import { ensureTopics, topicOf } from '../infra/kafka/topics.ts'
import { readIfThere, writeWhole } from '../models/runtime/whole-file.ts'
import type { ObjectStore } from '../schemas/object-store.ts'
import type { TaskLog } from '../schemas/ports/task-log.ts'
import { openTaskCoordinator, type TaskCoordinator } from '../trainers/workers/task-coordinator.ts'
import { openAll, type OpenResources } from './open-resources.ts'
import { openObjects } from './publishing.ts'

/** The clients of one side; the caller closes them. */
export type RemoteWork = {
  readonly log: TaskLog
  /** The artifact store, if one is configured. */
  readonly objects: ObjectStore | undefined
  close(): Promise<void>
}

type RemoteWorkOptions = { readonly config: Config; readonly note: (line: string) => void }

/**
 * Opens the topics of tasks, creating them if they are missing, and the artifact store. Throws
 * broker_unavailable, broker_refused, config_invalid.
 */
export function openRemoteWork(options: RemoteWorkOptions): Promise<RemoteWork> {
  return openAll(async (resources) => {
    const opened = await openClients(options, resources)
    return { ...opened, close: () => resources.close() }
  })
}

/**
 * Opens the coordinator of a run in the model store. One that was stopped goes on: the run keeps
 * where its records begin.
 */
export function openRunCoordinator(
  options: RemoteWorkOptions & { readonly storeDir: string; readonly run: string },
): Promise<RemoteWork & { readonly coordinator: TaskCoordinator }> {
  const { config, storeDir, run, note } = options
  return openAll(async (resources) => {
    const opened = await openClients(options, resources)
    const path = join(storeDir, 'runs', run, 'progress-offset.json')
    const kept = await readIfThere(path)
    const fromOffset = kept === undefined ? await opened.log.end() : (JSON.parse(kept) as number)
    if (kept === undefined) await writeWhole(path, JSON.stringify(fromOffset))
    const { log } = opened
    const coordinator = resources.add(
      await openTaskCoordinator({ ...config.trials, log, run, fromOffset, note }),
      (one) => one.close(),
    )
    return { ...opened, coordinator, close: () => resources.close() }
  })
}

async function openClients(
  { config, note }: RemoteWorkOptions,
  resources: OpenResources,
): Promise<Omit<RemoteWork, 'close'>> {
  const kafka = createKafka(config, note)
  await ensureTopics(createKafka(config), config.topics, { refusal: 'leave' })
  const objects = await openObjects(config.store)
  if (objects !== undefined) {
    resources.add(objects, (one) => {
      one.close()
      return Promise.resolve()
    })
  }
  const topics = {
    offers: topicOf(config.topics, 'trials'),
    progress: topicOf(config.topics, 'trial-progress'),
  }
  const log = resources.add(await openTaskLog(kafka, topics), (one) => one.close())
  return { log, objects }
}
