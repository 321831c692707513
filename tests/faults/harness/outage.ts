// Runs a stream and a gateway while a dependency is unreachable or slow. It measures memory, lag
// and the gateway's responses, and checks that everything acknowledged is stored in the end.
import { readLag, topicOf } from '../../../infra/kafka/topics.ts'
import { openBackends, uniqueName, type Backends } from '../../support/backends.ts'
import { until } from '../../support/until.ts'
import { sampleText } from '../../support/workspace.ts'
import { killActors, startActor, stopActor, type Actor } from './actor.ts'
import { audit, countsOf } from './audit.ts'
import type { Ground } from './ground.ts'
import { openLoad } from './load.ts'
import { seededRandom } from './random.ts'

export type OutageOutcome = {
  /** Highest resident bytes during the outage, as a multiple of those before it. */
  readonly memoryFactor: number
  readonly lagAtEnd: number
  readonly problems: readonly string[]
}

/** For a while, cuts off ClickHouse or slows inference down by `slowMs` milliseconds per text. */
export async function outage(
  ground: Ground,
  options: { forMs: number; slowMs?: number },
): Promise<OutageOutcome> {
  const backends = await openOutage(ground)
  const { forMs, slowMs } = options
  const faults = slowMs === undefined ? undefined : `before-infer:0:delay:${slowMs}`
  const stream = startActor(['stream', '--stages', 'validate..infer'], {
    env: backends.env,
    faults,
  })
  const load = await openLoad(backends, seededRandom(7))
  try {
    await stream.ready
    load.start()
    await settled(backends, 150)
    const steadyBytes = stream.rssBytes()
    if (slowMs === undefined) ground.stack.links.analytics.cut()
    let highestBytes = 0
    const endMs = performance.now() + forMs
    await until(
      'the end of the outage',
      () => {
        highestBytes = Math.max(highestBytes, stream.rssBytes())
        return performance.now() > endMs
      },
      forMs + 30_000,
    )
    const lagAtEnd = await lagOf(backends)
    ground.stack.links.analytics.restore()
    await load.stop()
    const { problems } = await audit(backends, {
      sent: load.sent,
      clean: ground.clean,
      settledMsMax: 240_000,
    })
    await stopActor(stream)
    return { memoryFactor: highestBytes / steadyBytes, lagAtEnd, problems }
  } finally {
    await load.stop().catch(() => undefined)
    await killActors([stream])
    await ground.repair()
    await load.close()
    await backends.close()
  }
}

export type GatewayOutcome = {
  readonly accepted: number
  /** Responses other than 202 by status, and those of them without Retry-After. */
  readonly refused: Readonly<Record<string, number>>
  readonly withoutRetryAfter: number
  /** Ids that were acknowledged but have no row. */
  readonly lost: readonly string[]
  /** Rows beyond one per record. */
  readonly doubled: number
}

/** Posts events to a gateway while the broker is killed and started again. */
export async function brokerAway(ground: Ground): Promise<GatewayOutcome> {
  const backends = await openOutage(ground)
  const actors: Actor[] = []
  const start = (...args: string[]) => {
    const actor = startActor(args, { env: backends.env })
    actors.push(actor)
    return actor
  }
  const gateway = start('serve')
  const stream = start('stream', '--stages', 'validate..infer')
  const accepted: string[] = []
  const refused: Record<string, number> = {}
  let withoutRetryAfter = 0
  let number = 0
  const post = async (url: string): Promise<void> => {
    const id = `g-${number++}`
    const answer = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, text: sampleText(number % 100).text }),
    })
    await answer.arrayBuffer()
    if (answer.status === 202) {
      accepted.push(id)
      return
    }
    refused[answer.status] = (refused[answer.status] ?? 0) + 1
    // Less than Retry-After asks for, but enough to let the broker start.
    await new Promise((resolve) => setTimeout(resolve, 50))
    if (!answer.headers.has('retry-after')) withoutRetryAfter++
  }
  try {
    const { url } = (await gateway.ready) as { url: string }
    // A stream that is not ready yet would end while the broker is unreachable.
    await stream.ready
    const asking = { isOver: false }
    const asked = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!asking.isOver) await post(url)
      }),
    )
    await until('accepted events', () => accepted.length > 50)
    await ground.stack.end('kafka', 'kill')
    await until('refused events', () => Object.keys(refused).length > 0, 90_000)
    await ground.stack.start()
    const before = accepted.length
    await until('accepted events again', () => accepted.length > before + 50, 90_000)
    asking.isOver = true
    await asked
    const lost = async () => {
      const rows = await backends.analytics.rows<{ id: string }>(
        'SELECT DISTINCT event_id AS id FROM classifications',
      )
      const stored = new Set(rows.map(({ id }) => id))
      return accepted.filter((id) => !stored.has(id))
    }
    await until('the rows', async () => (await lost()).length === 0, 120_000).catch(() => undefined)
    const [rows] = await backends.analytics.rows<{ doubled: number }>(
      'SELECT count() - uniqExact(topic, partition, offset) AS doubled FROM classifications',
    )
    const outcome = {
      ...{ accepted: accepted.length, refused, withoutRetryAfter },
      ...{ lost: await lost(), doubled: rows!.doubled },
    }
    for (const actor of actors) await stopActor(actor)
    return outcome
  } finally {
    await killActors(actors)
    await ground.repair()
    await backends.close()
  }
}

function openOutage(ground: Ground): Promise<Backends> {
  const env = {
    ...ground.env,
    WINNOW_STREAM_GROUP: uniqueName(),
    WINNOW_STREAM_IN_FLIGHT_EVENTS_MAX: '128',
  }
  return openBackends(ground.stack.addresses, env)
}

async function settled(backends: Backends, events: number): Promise<void> {
  await until(`${events} settled events`, async () => {
    const { rows, letters } = await countsOf(backends)
    return rows + letters >= events
  })
}

async function lagOf({ kafka, config }: Backends): Promise<number> {
  const topics = [topicOf(config.topics, 'events')]
  const lags = await readLag(kafka, { groupPrefix: config.stream.group, topics })
  return lags.reduce((sum, { lag }) => sum + lag, 0)
}
