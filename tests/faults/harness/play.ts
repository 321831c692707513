// Plays a plan on a stack: starts the stages, sends load, triggers each fault, waits until events
// flow again, and audits ClickHouse at the end.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promoteModel } from '../../../serving/promoting.ts'
import { createTopics } from '../../../infra/kafka/topics.ts'
import { openRegistry, publishModel, type Registry } from '../../../serving/publishing.ts'
import { openVersion } from '../../../models/store/version-store.ts'
import { errorMessage } from '../../../schemas/errors.ts'
import { openBackends, uniqueName, type Backends } from '../../support/backends.ts'
import { until } from '../../support/until.ts'
import { killActors, startActor, stopActor } from './actor.ts'
import { audit, countsOf, type Counts } from './audit.ts'
import type { Ground } from './ground.ts'
import { Crew, met } from './crew.ts'
import { mappedInput, openLoad, type Load } from './load.ts'
import { describeStep, type Plan, type Step } from './plan.ts'
import { seededRandom } from './random.ts'

export type Outcome = {
  readonly plan: Plan
  readonly seconds: number
  readonly counts: Counts | undefined
  /** Empty if everything held. */
  readonly problems: readonly string[]
}

/** So many events with an outcome show that events flow again. */
const progressEvents = 30
const troubleMs = 4_000

type Scene = {
  readonly ground: Ground
  readonly backends: Backends
  readonly registry: Registry
  readonly crew: Crew
  readonly load: Load
  /** The version that serves; swaps alternate between the two. */
  champion: string
}

/** Plays a plan. Throws only for a defect of the harness; problems are in the outcome. */
export async function play(
  ground: Ground,
  plan: Plan,
  note: (line: string) => void = () => undefined,
): Promise<Outcome> {
  const startMs = performance.now()
  const seconds = () => (performance.now() - startMs) / 1_000
  const name = uniqueName()
  const store = join(ground.dir, `${name}-store`)
  const input = mappedInput(`${name}_orders`)
  const env = {
    ...ground.env,
    WINNOW_INPUTS: JSON.stringify([input]),
    ...(plan.models === 2 && { WINNOW_INFERENCE_MODELS: 'test,twin' }),
    WINNOW_STREAM_GROUP: name,
    WINNOW_STORE_KIND: 'folder',
    WINNOW_STORE_PATH: store,
  }
  const backends = await openBackends(ground.stack.addresses, env)
  await createInput(backends, input.topic)
  const registry = await openRegistry({
    config: backends.config,
    storeDir: ground.storeDir,
    log: () => undefined,
  })
  const stages = { ...backends.env, WINNOW_MODEL_STORE: join(ground.dir, 'stages') }
  const crew = new Crew(stages, plan.layout)
  const load = await openLoad(backends, seededRandom(plan.seed))
  const scene: Scene = { ground, backends, registry, crew, load, champion: '1' }
  const problems: string[] = []
  let counts: Counts | undefined
  try {
    const version = await openVersion({ ref: 'test@1', storeDir: ground.storeDir })
    await publishModel(registry, { version, force: 'the first', by: 'faults' })
    load.start()
    for (const step of plan.steps) {
      note(describeStep(step))
      if (!isArming(step)) crew.start()
      await playStep(scene, step)
      crew.start()
      await progress(scene)
    }
    await load.stop()
    const found = await audit(backends, { sent: load.sent, clean: ground.clean })
    counts = found.counts
    problems.push(...found.problems, ...crew.unexpected())
    await crew.stop()
  } catch (error) {
    problems.push(errorMessage(error))
  } finally {
    await load.stop().catch(() => undefined)
    if (problems.length > 0) note(crew.output())
    await crew.close()
    await ground.repair()
    await load.close()
    await registry.close()
    await backends.close()
    await rm(store, { recursive: true, force: true })
  }
  return { plan, seconds: seconds(), counts, problems }
}

/** Creates the topic of an input, with as many partitions as others have. */
async function createInput({ kafka, config }: Backends, topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const numPartitions = config.topics.partitions
    await createTopics(admin, [{ topic, numPartitions, replicationFactor: 1 }])
  } finally {
    await admin.disconnect()
  }
}

/** Whether the step starts processes itself. */
function isArming(step: Step): boolean {
  return (step.kind === 'kill' || step.kind === 'pause') && !step.point.startsWith('publish')
}

async function playStep(scene: Scene, step: Step): Promise<void> {
  const { ground, crew } = scene
  const { stack } = ground
  switch (step.kind) {
    case 'kill':
      if (step.point.startsWith('publish')) return killPublication(scene, step.point)
      await armed(scene, step)
      return
    case 'pause':
      return pauseAndWake(scene, step)
    case 'restart':
      await crew.arm(crew.rangeOf('before-infer'))
      return
    case 'swap':
      await crew.ready()
      await swap(scene)
      return
    case 'service':
      if (step.service === 'analytics' && step.how === 'kill') await insertUnderWay(scene)
      await stack.end(step.service, step.how)
      await stack.start()
      return
    case 'link':
      if (step.how === 'delay') stack.links[step.service].delay(200)
      else stack.links[step.service][step.how]()
      await sleep(troubleMs)
      stack.links[step.service].restore()
      return
    case 'full-disk':
      if (stack.disk === undefined) return
      await stack.disk.fill()
      await standstill(scene)
      await stack.disk.clear()
      return
  }
}

/** Starts the process with the fault, brings it to the point, and waits until the fault happens. */
async function armed(scene: Scene, step: Extract<Step, { kind: 'kill' | 'pause' }>) {
  const { crew } = scene
  const { point, hit, kind } = step
  const range = crew.rangeOf(point)
  const actor = await crew.arm(range, `${point}:${hit}:${kind}`)
  crew.start()
  if (/^swap|model_releases$/.test(point)) {
    await actor.ready
    await swap(scene)
  }
  if (point === 'draining' || point === 'leaving') {
    await actor.ready
    actor.signal('SIGTERM')
  }
  await met(actor, kind)
  return { actor, range }
}

/** A process is paused beyond its session, another takes over, then both are awake. */
async function pauseAndWake(scene: Scene, step: Extract<Step, { kind: 'pause' }>): Promise<void> {
  const { crew } = scene
  const { actor: sleeper, range } = await armed(scene, step)
  const other = crew.spawn(range)
  await progress(scene)
  sleeper.signal('SIGCONT')
  const isLeaving = step.point === 'draining' || step.point === 'leaving'
  if (!isLeaving) await progress(scene)
  const leaves = isLeaving || step.leaves === 'woken' ? sleeper : other
  crew.replace(range, leaves === sleeper ? other : sleeper)
  await stopActor(leaves)
}

/** A publication is killed and repeated: the result must be the same. */
async function killPublication(scene: Scene, point: string): Promise<void> {
  const { backends, ground } = scene
  const args = ['models', 'push', 'test@2', '--force', 'a fault test']
  const env = { ...backends.env, WINNOW_MODEL_STORE: ground.storeDir }
  const killed = startActor(args, { env, faults: `${point}:1:kill` })
  try {
    await met(killed, 'kill')
    const again = startActor(args, { env })
    await until('the publication', () => !again.isAlive(), 60_000)
    if ((await again.ended) !== '0') throw new Error(`not published again\n${again.output()}`)
  } finally {
    await killActors([killed])
  }
  await swap(scene)
}

async function swap(scene: Scene): Promise<void> {
  scene.champion = scene.champion === '1' ? '2' : '1'
  const { registry, ground, champion } = scene
  if (champion === '2') {
    const version = await openVersion({ ref: 'test@2', storeDir: ground.storeDir })
    await publishModel(registry, { version, force: 'the second', by: 'faults' })
  }
  await promoteModel(registry, { ref: `test@${champion}`, by: 'faults', reason: 'a fault test' })
}

/** Waits, up to a limit, until the engine is in the middle of an insert. */
async function insertUnderWay({ backends }: Scene): Promise<void> {
  const isInserting = async () => {
    const [row] = await backends.analytics.rows<{ n: number }>(
      `SELECT count() AS n FROM system.processes WHERE startsWith(Settings['log_comment'], 'winnow/')`,
    )
    return row!.n > 0
  }
  await until('an insert', isInserting, troubleMs).catch(() => undefined)
}

/** Checks that nothing is written for a while, or the disk was not full. */
async function standstill({ backends }: Scene): Promise<void> {
  await sleep(troubleMs / 4)
  const before = await countsOf(backends)
  await sleep((troubleMs * 3) / 4)
  const after = await countsOf(backends)
  if (after.rows > before.rows) throw new Error('the engine wrote although the disk was full')
}

/** Waits until more events have an outcome. */
async function progress({ backends }: Scene): Promise<void> {
  const settled = async () => {
    const { rows, letters } = await countsOf(backends)
    return rows + letters
  }
  let refusal = ''
  const before = await until(
    'an answer',
    () =>
      settled().catch((error: unknown) => {
        refusal = errorMessage(error)
        return undefined
      }),
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`${errorMessage(error)}: ${refusal}`)
  })
  await until(
    'the flow to go on',
    async () => (await settled().catch(() => 0)) >= before + progressEvents,
    90_000,
  )
}
