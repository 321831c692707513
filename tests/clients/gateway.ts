// A gateway for the clients of other protocols: real models, trained on sample texts, behind a real
// socket. There is no Kafka and no ClickHouse, which the protocols do not need.
import { createWorkQueue } from '../../gateway/http/work-queue.ts'
import { listen } from '../../gateway/http/server.ts'
import { SwappableModel } from '../../models/inference/swappable-model.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { openModel } from '../../serving/model.ts'
import { createOnlineModels } from '../../serving/online/online-models.ts'
import { openAll } from '../../serving/open-resources.ts'
import { configWith, gatewayUnderTest } from '../support/gateway-under-test.ts'

/** A running gateway. */
export type ClientGateway = { readonly url: string; close(): Promise<void> }

/** Serves the version `serving` of a store, or none; others are opened on demand. */
export function startGateway(options: {
  readonly storeDir: string
  readonly serving: string | undefined
  readonly key?: string
}): Promise<ClientGateway> {
  const { storeDir, serving: ref, key } = options
  return openAll(async (resources) => {
    const keys = key === undefined ? [] : [{ key, scopes: ['read' as const] }]
    const config = configWith({ keys, port: 0 })
    const close = (one: { close(): Promise<void> }): Promise<void> => one.close()
    const serving =
      ref === undefined
        ? undefined
        : resources.add(
            new SwappableModel(
              await openModel({
                version: await openVersion({ ref, storeDir }),
                config: { ...config.inference, workers: 1 },
              }),
            ),
            close,
          )
    const queue = createWorkQueue()
    const models = resources.add(
      createOnlineModels({
        config,
        storeDir,
        objects: undefined,
        serving,
        queue,
        log: (line) => process.stderr.write(`${line}\n`),
      }),
      close,
    )
    const { app } = gatewayUnderTest({ config, queue, models })
    const server = resources.add(await listen(app, config.gateway), close)
    return { url: server.url, close: () => resources.close() }
  })
}
