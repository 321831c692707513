// Keeps the models of a process at what winnow.models announces: the champion that serves, and the
// challenger and the shadow beside it. Each role follows by itself, so that none waits for another.
// How a version is fetched, checked and loaded is version-loader.ts.
import type { Config } from '../configs/schema.ts'
import type { ModelAnnouncements, ModelStates } from '../infra/sinks/model-announcements.ts'
import { parseModelRef } from '../models/store/model-ref.ts'
import type { SwappableModel, SecondaryModel } from '../models/inference/swappable-model.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import type { Classification } from '../schemas/classification.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { ModelAnnouncement, SecondaryRole } from '../schemas/model-announcement.ts'
import { pause } from '../models/runtime/retry.ts'
import type { OpenModel } from './model.ts'
import { loadVersion, prefetchVersion, type LoaderOptions } from './version-loader.ts'

type Role = Classification['role']

/** The models of a process by their role. */
export type ServingModels = {
  readonly champion: SwappableModel<OpenModel>
  readonly challenger: SecondaryModel<OpenModel>
  readonly shadow: SecondaryModel<OpenModel>
}

export type FollowerOptions = LoaderOptions & {
  readonly models: ServingModels
  /** The roles beside the champion that this process gives work to. */
  readonly secondaryRoles: readonly SecondaryRole[]
  readonly announcements: ModelAnnouncements
  /** Loads a version of the local store for a role. */
  readonly open: (version: ModelVersion, role: Role) => Promise<OpenModel>
  /** Which model has a role from now on; undefined for none. */
  readonly onChange: (role: Role, model: OpenModel | undefined) => void
  /** Following has failed for good; the current models continue to serve. */
  readonly onFailure: (error: Error) => void
  /** Every state of the model, the first one included. */
  readonly onState?: (state: ModelAnnouncement) => void
}

export type ModelFollower = { close(): Promise<void> }

/** First pause before an unreachable version is tried again. */
const retryPauseMs = 1_000
const retryPauseMsMax = 30_000

/** Follows when `inference.model` names a model rather than one version of it. */
export function follows(config: Config['inference']): boolean {
  return parseModelRef(config.model).kind !== 'version'
}

/** Starts following; `close` ends it and waits for the current change. */
export function followModel(options: FollowerOptions): ModelFollower {
  const { models, secondaryRoles, announcements, log } = options
  const { name } = models.champion.current.manifest
  const stop = new AbortController()
  // The champion first: a challenger that was promoted moves to it before the role of the
  // challenger ends.
  const followers = [
    roleFollower((state) => followChampion(options, state, stop.signal), stop.signal),
    ...secondaryRoles.map((role) =>
      roleFollower((state) => followSecondary(options, { state, role }, stop.signal), stop.signal),
    ),
  ]
  let fetching: Promise<void> | undefined
  const want = (state: ModelAnnouncement | undefined): void => {
    if (state === undefined || state.name !== name) return
    for (const follower of followers) follower.want(state)
    if (state.kind === 'published') fetching = prefetchVersion(options, state, stop.signal)
    options.onState?.(state)
  }
  const following = (async () => {
    const handlers = {
      onCaughtUp: (states: ModelStates) => want(states.get(name)),
      onAnnouncement: (state: ModelAnnouncement) => want(state),
      log,
    }
    // A broker that is away must not end the following for good.
    for (let pauseMs = retryPauseMs; !stop.signal.aborted;) {
      try {
        await announcements.follow(handlers, stop.signal)
      } catch (error) {
        if (isFinal(error)) {
          options.onFailure(error)
          return
        }
        log(`changes of the model ${name} cannot be read, trying again: ${errorMessage(error)}`)
      }
      await pause(pauseMs, stop.signal)
      pauseMs = Math.min(pauseMs * 2, retryPauseMsMax)
    }
  })()
  return {
    async close() {
      stop.abort()
      await Promise.all(followers.map(({ idle }) => idle()))
      await fetching
      await following
    },
  }
}

/** A refusal for good. A missing topic is not one: it may come back. */
function isFinal(error: unknown): error is WinnowError {
  const missing = 'UNKNOWN_TOPIC_OR_PARTITION'
  return (
    error instanceof WinnowError &&
    error.code === 'broker_refused' &&
    error.details['kafkaError'] !== missing
  )
}

type Following = 'followed' | 'refused' | 'unreachable'

/** Applies one state at a time; of several that come meanwhile only the last counts. */
function roleFollower(
  follow: (state: ModelAnnouncement) => Promise<Following>,
  signal: AbortSignal,
): { want: (state: ModelAnnouncement) => void; idle: () => Promise<void> } {
  let wanted: ModelAnnouncement | undefined
  let working: Promise<void> | undefined
  const workOff = async (): Promise<void> => {
    let pauseMs = retryPauseMs
    while (!signal.aborted && wanted !== undefined) {
      const state = wanted
      const outcome = await follow(state)
      if (outcome === 'unreachable') {
        await pause(pauseMs, signal)
        pauseMs = Math.min(pauseMs * 2, retryPauseMsMax)
      } else if (wanted === state) wanted = undefined
    }
  }
  const begin = (): void => {
    working ??= workOff().finally(() => {
      working = undefined
      if (wanted !== undefined && !signal.aborted) begin()
    })
  }
  return {
    want(state) {
      wanted = state
      begin()
    },
    idle: async () => working,
  }
}

async function followChampion(
  options: FollowerOptions,
  state: ModelAnnouncement,
  signal: AbortSignal,
): Promise<Following> {
  const { models, log, reach } = options
  const { champion, challenger } = models
  const version = state.champion
  const before = champion.current
  if (version === null || version === before.manifest.version) return 'followed'
  const isLoaded = challenger.current?.manifest.version === version
  if (!isLoaded) {
    const loaded = await loadVersion(options, {
      state,
      version,
      signal,
      rival: before,
      open: (fetched) => options.open(fetched, 'champion'),
      otherwise: `${before.ref} continues to serve`,
    })
    if (loaded.kind !== 'ready') return loaded.kind
    await reach?.('swap-switching')
    const closed = champion.replace(loaded.model)
    void reach?.('swap-freeing')
    closed
      .then(() => reach?.('swap-freed'))
      .catch((error: unknown) => log(`${before.ref} did not close: ${errorMessage(error)}`))
  } else {
    const closed = champion.replaceBy(challenger)
    closed.catch((error: unknown) => log(`${before.ref} did not close: ${errorMessage(error)}`))
    options.onChange('challenger', undefined)
  }
  options.onChange('champion', champion.current)
  log(`${champion.current.ref} serves from now on, in place of ${before.ref}`)
  return 'followed'
}

async function followSecondary(
  options: FollowerOptions,
  { state, role }: { state: ModelAnnouncement; role: SecondaryRole },
  signal: AbortSignal,
): Promise<Following> {
  const { models, log } = options
  const secondary = models[role]
  const announced = state[role]
  const before = secondary.current
  if (before !== undefined && before.manifest.version === announced?.version) {
    secondary.setPercent(announced.percent)
    return 'followed'
  }
  if (before !== undefined) {
    // Its memory is free before another version is loaded.
    const closed = secondary.remove()
    closed.catch((error: unknown) => log(`${before.ref} did not close: ${errorMessage(error)}`))
    options.onChange(role, undefined)
    log(`${before.ref} is not the ${role} any more`)
  }
  if (announced === null) return 'followed'
  const loaded = await loadVersion(options, {
    state,
    version: announced.version,
    signal,
    // A shadow yields to the main path, so its pace proves nothing; a slow one sheds events.
    rival: role === 'challenger' ? models.champion.current : undefined,
    open: (fetched) => options.open(fetched, role),
    otherwise: `there is no ${role}`,
  })
  if (loaded.kind !== 'ready') return loaded.kind
  await secondary.assign(loaded.model, announced.percent)
  options.onChange(role, loaded.model)
  log(`${loaded.model.ref} is the ${role} for ${announced.percent} % of the events from now on`)
  return 'followed'
}
