// What becomes of an entry when ClickHouse works, hangs or refuses.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import type { AuditEntry } from '../../schemas/ports/audit-log.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { createAuditTrail } from './audit-trail.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const entry: AuditEntry = {
  atMs: Date.UTC(2026, 0, 31),
  requestId: 'r-1',
  by: 'operations',
  action: 'models.promote',
  target: 'mail@2',
  outcome: 'done',
  reason: 'better',
  code: '',
  message: '',
}

function trail(parts: { insert?: Analytics['insert']; giveUp?: () => void; msMax: number }) {
  const { insert, giveUp = () => undefined, msMax } = parts
  const lines: string[] = []
  const { analytics } = scripted
  const patient = insert === undefined ? analytics : { ...analytics, insert }
  const log = (line: string) => void lines.push(line)
  return { lines, trail: createAuditTrail({ analytics, patient, log, giveUp, msMax }) }
}

describe('the audit log of a gateway', () => {
  it('stores an entry before an action is answered', async () => {
    const { trail: audit, lines } = trail({ msMax: 60_000 })
    await audit.write(entry)
    expect(scripted.inserts()).toMatchObject([{ table: 'audit', rows: [{ target: 'mail@2' }] }])
    expect(lines).toEqual([])
    scripted.answer('FROM audit', [entry])
    expect(await audit.list({ limit: 5 })).toEqual([entry])
  })

  it('writes an entry that cannot be stored to the log', async () => {
    const { trail: audit, lines } = trail({
      insert: () => Promise.reject(new Error('refused')),
      msMax: 60_000,
    })
    await audit.write(entry)
    expect(lines).toEqual([`audit entry not stored (refused): ${JSON.stringify(entry)}`])
  })

  it('holds an action up for a bounded time only, and is closed when the entry is stored', async () => {
    const store = Promise.withResolvers<undefined>()
    const over = Promise.withResolvers<undefined>()
    const { trail: audit, lines } = trail({
      insert: () => store.promise,
      giveUp: () => over.resolve(undefined),
      msMax: 20,
    })
    await audit.write(entry)
    let isClosed = false
    const closed = audit.close().then(() => (isClosed = true))
    await over.promise
    expect(isClosed).toBe(false)
    store.resolve(undefined)
    await closed
    expect(lines).toEqual([])
  })

  it('gives up when it is closed, and writes what is left to the log', async () => {
    const store = Promise.withResolvers<undefined>()
    const { trail: audit, lines } = trail({
      insert: () => store.promise,
      giveUp: () => store.reject(new Error('stopped')),
      msMax: 20,
    })
    await audit.write(entry)
    await audit.close()
    expect(lines).toEqual([`audit entry not stored (stopped): ${JSON.stringify(entry)}`])
  })

  it('keeps a bounded number of entries waiting', async () => {
    const { trail: audit, lines } = trail({ insert: () => new Promise(() => undefined), msMax: 20 })
    await Promise.all(Array.from({ length: 1_001 }, () => audit.write(entry)))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^audit entry not stored \(1000 entries wait already\): /)
  })
})
