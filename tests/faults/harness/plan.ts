// What a seed means: how the stages are run, and which faults happen in which order. Pure.
import { faultPoints, type FaultPoint } from '../../../schemas/fault-point.ts'
import type { ServiceName } from '../../../infra/local/services/stack-state.ts'
import { seededRandom, type Random } from './random.ts'

/** All stages in one process, or each in its own. */
export type Layout = 'chained' | 'apart'

export type Step =
  /** The process that passes the point for the hit-th time is killed, and started again. */
  | { readonly kind: 'kill'; readonly point: FaultPoint; readonly hit: number }
  /**
   * It is stopped there, another takes its partitions over, it wakes, and one of the two leaves.
   */
  | {
      readonly kind: 'pause'
      readonly point: FaultPoint
      readonly hit: number
      readonly leaves: 'woken' | 'other'
    }
  /** The process is asked to end, and started again. */
  | { readonly kind: 'restart' }
  /** The champion is replaced, and back. */
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
  readonly steps: readonly Step[]
}

/** The points at which each kind of fault makes sense, in the order in which seeds take them. */
export const streamPoints = faultPoints.filter((point) => !point.startsWith('publish'))

/** Later hits than the first only where a run passes a point often. */
const passedOnce = /^(swap|publish|before-fence|after-fence|draining|leaving)|model_releases$/

const services = ['kafka', 'registry', 'analytics'] as const

/** The plan of a seed: seeds in a row go through all points, and everything else is drawn. */
export function planOf(seed: number): Plan {
  const random = seededRandom(seed)
  const at = (point: FaultPoint) => stepAt(point, random)
  return {
    seed,
    layout: random.pick(['chained', 'chained', 'apart'] as const),
    steps: [
      at(faultPoints[seed % faultPoints.length]!),
      trouble(random),
      at(random.pick(streamPoints)),
    ],
  }
}

/** A kill or a pause at a point. A publication is killed only: nobody takes it over. */
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

/** A plan in words. */
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
