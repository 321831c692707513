import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../schemas/ports/audit-log.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { insertAudit } from './audit-rows.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const entry: AuditEntry = {
  atMs: 1_700_000_000_123,
  requestId: 'r-1',
  by: 'operations',
  action: 'models.promote',
  target: 'mail@2',
  outcome: 'refused',
  reason: 'better',
  code: 'publish_refused',
  message: 'm'.repeat(3_000),
}

describe('insertAudit', () => {
  it('adds a row, with a long message cut', async () => {
    await insertAudit(scripted.analytics, entry)
    expect(scripted.inserts()).toMatchObject([
      {
        table: 'audit',
        rows: [
          {
            ...{ at: '1700000000.123', request_id: 'r-1', by: 'operations', target: 'mail@2' },
            ...{ action: 'models.promote', outcome: 'refused', reason: 'better' },
            ...{ code: 'publish_refused', message: 'm'.repeat(2_000) },
          },
        ],
      },
    ])
  })

  it('stores two entries of one request id', async () => {
    await insertAudit(scripted.analytics, entry)
    await insertAudit(scripted.analytics, entry)
    const tokens = scripted.inserts().map(({ token }) => token)
    expect(new Set(tokens).size).toBe(2)
  })
})
