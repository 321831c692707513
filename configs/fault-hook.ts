// Makes the fault points act as the fault tests say in WINNOW_FAULTS; otherwise they do nothing.
// The points are schemas/ports/fault-point.ts. No deployment sets this variable.
import { WinnowError } from '../schemas/errors.ts'
import { faultPoints, type FaultPoint, type Reach } from '../schemas/ports/fault-point.ts'

type Fault = { point: FaultPoint; hit: number; act: () => Promise<void> | undefined }

/**
 * Parses a plan of faults separated by commas, each `POINT:HIT:kill`, `POINT:HIT:pause` or
 * `POINT:HIT:delay:MS`; undefined without a plan. Hits count from 1; hit 0 means every hit. Throws
 * config_invalid.
 */
export function faultHook(plan = process.env['WINNOW_FAULTS'] ?? ''): Reach | undefined {
  if (plan === '') return undefined
  // Delays run one after another, as work does on a slow machine.
  let delayed = Promise.resolve()
  const delay = (ms: number) => {
    delayed = delayed.then(() => new Promise((resolve) => setTimeout(resolve, ms)))
    return delayed
  }
  const faults = plan.split(',').map((text) => parseFault(text, delay))
  const hits = new Map<FaultPoint, number>()
  return (point) => {
    const hit = (hits.get(point) ?? 0) + 1
    hits.set(point, hit)
    const due = faults.find((one) => one.point === point && (one.hit === hit || one.hit === 0))
    return due?.act()
  }
}

function parseFault(text: string, delay: (ms: number) => Promise<void>): Fault {
  const [name, hit, kind, ms] = text.split(':')
  const point = faultPoints.find((one) => one === name)
  const acts = {
    kill: () => signalSelf('SIGKILL'),
    pause: () => signalSelf('SIGSTOP'),
    delay: () => delay(Number(ms)),
  }
  if (point === undefined || !/^\d+$/.test(hit ?? '') || !isKeyOf(acts, kind)) {
    throw new WinnowError('config_invalid', `WINNOW_FAULTS: "${text}" is not POINT:HIT:KIND`)
  }
  return { point, hit: Number(hit), act: acts[kind] }
}

/** The system delivers the signal before the call returns, so nothing runs past the point. */
function signalSelf(signal: NodeJS.Signals): undefined {
  process.kill(process.pid, signal)
}

function isKeyOf<T extends object>(object: T, key: string | undefined): key is keyof T & string {
  return key !== undefined && Object.hasOwn(object, key)
}
