// Watches a promoted version for a while and rolls it back when a guard trips. Every consumer
// watches. The write to winnow.models is exclusive, so one of them rolls back and the others find
// it done.
import type { Config } from '../configs/schema.ts'
import type { Promotion } from '../infra/readers/guard-figures.ts'
import { trippedGuard, type GuardFigures, type GuardName } from '../models/inference/guards.ts'
import { errorMessage } from '../schemas/errors.ts'
import type { ModelAnnouncement } from '../schemas/model-announcement.ts'
import { pause } from '../models/runtime/retry.ts'

export type GuardWatchOptions = {
  readonly config: Config['guards']
  readonly readFigures: (promotion: Promotion) => Promise<GuardFigures>
  /** Returns to the previous champion; false if the state has changed meanwhile. */
  readonly rollBack: (promotion: Promotion, reason: string) => Promise<boolean>
  readonly onRollback: (guard: GuardName) => void
  readonly log: (line: string) => void
  readonly nowMs: () => number
}

export type GuardWatch = {
  /** Takes the current state of a model. */
  onState(state: ModelAnnouncement): void
  close(): Promise<void>
}

/** Starts watching with the first state that announces a promotion; the caller closes it. */
export function watchPromotions(options: GuardWatchOptions): GuardWatch {
  let watched: { promotion: Promotion; stop: AbortController; ended: Promise<void> } | undefined
  return {
    onState(state) {
      const promotion = promotionOf(state)
      const isSame =
        promotion?.version === watched?.promotion.version &&
        promotion?.promotedAtMs === watched?.promotion.promotedAtMs
      if (isSame) return
      watched?.stop.abort()
      watched = undefined
      if (promotion === undefined) return
      const stop = new AbortController()
      watched = { promotion, stop, ended: watch(options, promotion, stop.signal) }
    },
    async close() {
      watched?.stop.abort()
      await watched?.ended
    },
  }
}

/**
 * The promotion of the current champion; undefined if there is no previous one to return to.
 */
export function promotionOf(state: ModelAnnouncement): Promotion | undefined {
  const { name, champion, promotedAtMs } = state
  const before = state.previous.at(-1)
  if (champion === null || promotedAtMs === null || before === undefined) return undefined
  return { name, version: champion, before, promotedAtMs }
}

async function watch(
  options: GuardWatchOptions,
  promotion: Promotion,
  signal: AbortSignal,
): Promise<void> {
  const { config, nowMs, log } = options
  const ref = `${promotion.name}@${promotion.version}`
  const endMs = promotion.promotedAtMs + config.windowMs
  let failing = false
  while (nowMs() < endMs) {
    await pause(config.everyMs, signal)
    if (signal.aborted) return
    try {
      const tripped = trippedGuard(config, await options.readFigures(promotion))
      failing = false
      if (tripped === undefined) continue
      const reason = `guard ${tripped.guard}: ${tripped.because}`
      if (await options.rollBack(promotion, reason)) {
        options.onRollback(tripped.guard)
        log(`${ref} is rolled back to version ${promotion.before}: ${reason}`)
      }
      return
    } catch (error) {
      // ClickHouse or the broker is away: the next check may succeed, and the stream goes on.
      if (!failing) log(`the guards of ${ref} cannot read their figures: ${errorMessage(error)}`)
      failing = true
    }
  }
}
