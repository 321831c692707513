// Derives a plan from a seed: how the stages run, and which faults happen in which order. Pure.
import { faultPoints, type FaultPoint } from '../../../schemas/ports/fault-point.ts'
import type { ServiceName } from '../../../infra/local/services/stack-state.ts'
import { seededRandom, type Random } from './random.ts'

/** All stages in one process, or each in its own. */
export type Layout = 'chained' | 'apart'

export type Step =
  /** The process that passes the point for the `hit`-th time is killed, and started again. */
  | { readonly kind: 'kill'; readonly point: FaultPoint; readonly hit: number }
  /**
   * The process is paused at the point, another takes over its partitions, the process resumes, and
   * one of the two ends.
   */
  | {
      readonly kind: 'pause'
      readonly point: FaultPoint
      readonly hit: number
      readonly leaves: 'woken' | 'other'
    }
  /** The process is asked to end, and started again. */
  | { readonly kind: 'restart' }
  /** The champion is replaced, then restored. */
  | { readonly kind: 'swap' }
  | { readonly kind: 'service'; readonly service: ServiceName; readonly how: 'kill' | 'stop' }
  | {
      readonly kind: 'link'
      readonly service: ServiceName
      readonly how: 'cut' | 'hang' | 'mute' | 'delay'
    }
  | { readonly kind: 'full-disk' }

export type Plan = {
  readonly seed: number
  readonly layout: Layout
  /** Two classify each event in one consumer, over one encoder. */
  readonly models: 1 | 2
  readonly steps: readonly Step[]
}

/** The points at which each kind of fault makes sense, in the order in which seeds use them. */
export const streamPoints = faultPoints.filter((point) => !point.startsWith('publish'))

/** Later hits only at points that a run passes often. */
const passedOnce = /^(swap|publish|before-fence|after-fence|draining|leaving)|model_releases$/

const services = ['kafka', 'registry', 'analytics'] as const

/** The plan of a seed: consecutive seeds cover all points; everything else is drawn at random. */
export function planOf(seed: number): Plan {
  const random = seededRandom(seed)
  const at = (point: FaultPoint) => stepAt(point, random)
  return {
    seed,
    layout: random.pick(['chained', 'chained', 'apart'] as const),
    models: seed % 3 === 2 ? 2 : 1,
    steps: [
      at(faultPoints[seed % faultPoints.length]!),
      trouble(random),
      at(random.pick(streamPoints)),
    ],
  }
}

/** A kill or a pause at a point. A publication is only killed, because no process takes it over. */
function stepAt(point: FaultPoint, random: Random): Step {
  const hit = passedOnce.test(point) ? 1 : 1 + random.below(4)
  if (point.startsWith('publish') || random.below(2) === 0) return { kind: 'kill', point, hit }
  return { kind: 'pause', point, hit, leaves: random.pick(['woken', 'other'] as const) }
}

function trouble(random: Random): Step {
  const service = random.pick(services)
  switch (random.below(5)) {
    case 0:
      return { kind: 'restart' }
    case 1:
      return { kind: 'swap' }
    case 2:
      return { kind: 'full-disk' }
    case 3:
      return { kind: 'service', service, how: random.pick(['kill', 'stop'] as const) }
    default:
      return { kind: 'link', service, how: random.pick(['cut', 'hang', 'mute', 'delay'] as const) }
  }
}

/** Describes a step in words. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'kill':
      return `kill at ${step.point} (${step.hit})`
    case 'pause':
      return `pause at ${step.point} (${step.hit}), ${step.leaves} leaves`
    case 'service':
      return `${step.how} ${step.service}`
    case 'link':
      return `${step.how} the link to ${step.service}`
    case 'full-disk':
      return 'fill the disk'
    case 'restart':
    case 'swap':
      return step.kind
  }
}
