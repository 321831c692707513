// The queries of labelling as one reader for the gateway.
import type { LabellingReader } from '../../schemas/ports/labelling-reader.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { readAgreement } from './label-agreement.ts'
import { readCandidates } from './labelling-candidates.ts'
import { readSimilar } from './similar-events.ts'
import { readSuspicious } from './suspicious-labels.ts'

/** Creates the reader; the caller closes the client. */
export function createLabellingReader(analytics: Analytics): LabellingReader {
  return {
    candidates: (reason, filter) => readCandidates(analytics, reason, filter),
    similar: (eventId, limit) => readSimilar(analytics, eventId, limit),
    agreement: () => readAgreement(analytics),
    suspicious: (filter) => readSuspicious(analytics, filter),
  }
}
