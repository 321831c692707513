// The model that a process serves: opened from the store, kept at the announced champion, closed with
// the process. Consumers and the gateway share it.
import { hostname } from 'node:os'
import type { Config } from '../configs/schema.ts'
import type { Analytics } from '../infra/clickhouse.ts'
import type { KafkaClient } from '../infra/kafka.ts'
import { createModelAnnouncements } from '../infra/model-announcements.ts'
import type { Schemas } from '../infra/registry.ts'
import { insertRelease } from '../infra/release-rows.ts'
import type { Telemetry } from '../infra/telemetry.ts'
import { topicOf } from '../infra/topics.ts'
import type { BatchRecord } from '../models/batcher.ts'
import type { Manifest } from '../models/manifest.ts'
import { ModelSlot } from '../models/model-slot.ts'
import { resolveVersion } from '../models/version-resolver.ts'
import { errorMessage } from '../schemas/errors.ts'
import { followModel, follows } from './model-follower.ts'
import { openModel, type OpenModel } from './model.ts'
import type { Opened } from './opened.ts'
import { openObjects } from './publishing.ts'

export type ServingOptions = {
  readonly config: Config
  readonly storeDir: string
  readonly log: (line: string) => void
  readonly clients: { kafka: KafkaClient; schemas: Schemas; analytics: Analytics }
  readonly telemetry: Telemetry
  readonly onBatch?: (batch: BatchRecord, manifest: Manifest) => void
}

/**
 * Opens the model that `inference.model` names and, unless it names one version, follows the champion
 * from then on. Everything it opens is closed with `opened`. Throws model_not_found, model_corrupt,
 * session_failed; with the artifact store away, the local version serves, which is logged.
 */
export async function openServingModel(
  opened: Opened,
  options: ServingOptions,
): Promise<ModelSlot<OpenModel>> {
  const { config, storeDir, log, clients, telemetry, onBatch } = options
  const objects = await openObjects(config.store)
  if (objects !== undefined) {
    opened.add(objects, (one) => {
      one.close()
      return Promise.resolve()
    })
  }
  const open = (ref: string): Promise<OpenModel> =>
    openModel({
      ...{ ref, storeDir, config: config.inference },
      onBatch: (batch, manifest) => {
        telemetry.batch(batch)
        onBatch?.(batch, manifest)
      },
    })
  const { model: ref } = config.inference
  const { ref: version } = await resolveVersion({ ref, storeDir, objects, note: log })
  const slot = opened.add(new ModelSlot(await open(version)), (one) => one.close())
  telemetry.serving(slot.current.manifest.name, slot.current.manifest.version)
  if (!follows(config.inference)) return slot
  const { analytics, kafka, schemas } = clients
  const topic = topicOf(config.topics, 'models')
  opened.add(
    followModel({
      ...{ slot, objects, storeDir, config: config.inference, open, log },
      announcements: createModelAnnouncements({ kafka, schemas }, topic),
      by: `${hostname()}/${process.pid}`,
      record: (release) =>
        insertRelease(analytics, release).catch((error: unknown) =>
          log(`${release.kind} not recorded: ${errorMessage(error)}`),
        ),
      onSwap: ({ manifest }) => telemetry.serving(manifest.name, manifest.version),
      onRefusal: (reason) => telemetry.refused(reason),
    }),
    (one) => one.close(),
  )
  return slot
}
