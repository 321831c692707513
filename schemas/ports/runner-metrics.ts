// What a runner counts and times.
import type { ErrorCode } from '../errors.ts'

/** Takes the figures of one runner; infra/telemetry.ts exports them. */
export type RunnerMetrics = {
  outcomes(stage: string, code: ErrorCode | 'ok' | 'filtered' | 'other_model', events: number): void
  chainSeconds(seconds: number): void
  blockWritten(rows: number, seconds: number): void
  retried(operation: 'stages' | 'write' | 'commit', code: string): void
  inFlight(events: number, bytes: number): void
  lag(topic: string, partition: number, records: number): void
}
