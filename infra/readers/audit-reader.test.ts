// tests/integration/gateway-control.test.ts reads real rows.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readAudit } from './audit-reader.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

describe('readAudit', () => {
  it('bounds the times that are given, and no others', async () => {
    await readAudit(scripted.analytics, { limit: 5 })
    await readAudit(scripted.analytics, { sinceMs: 1, untilMs: 2, limit: 5 })
    const [all, some] = scripted.statements()
    expect([all!.sql.includes('WHERE'), all!.parameters]).toEqual([false, { limit: '5' }])
    expect(some!.sql).toMatch(/at >= .*sinceMs.* AND at < .*untilMs/s)
    expect(some!.parameters).toEqual({ sinceMs: '1', untilMs: '2', limit: '5' })
  })
})
