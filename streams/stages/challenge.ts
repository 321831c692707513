// Splits the events of a chunk between the champion and a challenger, by event id. The champion
// answers what the challenger cannot, so a bad challenger costs no event.
import type { Classification } from '../../schemas/classification.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { isInShare } from './event-share.ts'
import { inferEvents, type InferOptions, type ModelPort, type ChunkModels } from './infer.ts'
import type { Outcome } from '../../schemas/outcome.ts'
import type { TokenizedEvent } from './tokenize.ts'

/** What became of the events of a challenger's share. */
export type ChallengeOutcome = 'answered' | 'passed_on'

export type ChallengeOptions = InferOptions & {
  readonly onChallenge: (outcome: ChallengeOutcome, events: number) => void
}

/**
 * Classifies events, those of the challenger's share by the challenger; outcomes in order. Throws
 * what the champion throws.
 */
export async function inferByShare(
  events: readonly TokenizedEvent[],
  { champion, challenger }: ChunkModels,
  options: ChallengeOptions,
): Promise<Outcome<Classification>[]> {
  if (challenger === undefined) return inferEvents(events, champion, options)
  const share = { purpose: `${champion.name}/challenger`, percent: challenger.percent }
  const isChallenged = events.map(({ id }) => isInShare(id, share))
  const [answers, others] = await Promise.all([
    attempt(
      events.filter((_, at) => isChallenged[at]),
      challenger.model,
      options,
    ),
    inferEvents(
      events.filter((_, at) => !isChallenged[at]),
      champion,
      options,
    ),
  ])
  const unanswered = events.filter((_, at) => isChallenged[at]).filter((_, at) => !answers[at])
  const passedOn = await inferEvents(unanswered, champion, options)
  options.onChallenge('answered', answers.length - unanswered.length)
  options.onChallenge('passed_on', unanswered.length)
  const [answer, other, last] = [answers.values(), others.values(), passedOn.values()]
  return isChallenged.map((challenged) =>
    challenged ? (answer.next().value ?? last.next().value!) : other.next().value!,
  )
}

/**
 * The challenger's results; undefined for each event that it cannot answer. Anything but a
 * WinnowError is a bug in Winnow and is thrown on.
 */
async function attempt(
  events: readonly TokenizedEvent[],
  model: ModelPort,
  options: InferOptions,
): Promise<(Outcome<Classification> | undefined)[]> {
  try {
    const outcomes = await inferEvents(events, model, options)
    return outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome : undefined))
  } catch (error) {
    if (!(error instanceof WinnowError)) throw error
    // The workers of the challenger are gone; the count of events that were passed on shows it.
    return events.map(() => undefined)
  }
}
