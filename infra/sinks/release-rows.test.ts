import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { exception } from '../../tests/support/fake-clickhouse.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { insertRelease, insertTrainingRun, type FinishedRun } from './release-rows.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(async () => {
  vi.useRealTimers()
  await scripted.close()
})

const model = { name: 'mail', version: '3', graphSha256: 'abc' }

describe('insertRelease', () => {
  const release = { kind: 'promote', model, by: 'ann@host', reason: 'better' } as const

  it('adds a row of now', async () => {
    vi.useFakeTimers({ now: 1_700_000_000_123, toFake: ['Date'] })
    await insertRelease(scripted.analytics, release)
    expect(scripted.inserts()).toEqual([
      {
        table: 'model_releases',
        rows: [
          {
            at: '1700000000.123',
            kind: 'promote',
            model: 'mail',
            version: '3',
            by: 'ann@host',
            reason: 'better',
          },
        ],
        token: 'promote-mail@3-ann@host-1700000000.123',
        fence: undefined,
      },
    ])
  })

  it('throws what the engine answers', async () => {
    scripted.engine.failures.push(exception(60, 'UNKNOWN_TABLE'))
    await expect(insertRelease(scripted.analytics, release)).rejects.toMatchObject({
      code: 'analytics_refused',
    })
  })
})

describe('insertTrainingRun', () => {
  const run: FinishedRun = {
    run: 'run-1',
    method: 'head',
    started: '2026-01-01T00:00:00Z',
    seconds: 12.5,
    parameters: { seed: 7, base: 'minilm', folds: undefined, steps: ['unicode'] },
    dataManifest: { rows: 10 },
    evaluation: { accuracy: 0.9, confusion: [[1]], measuredOn: 'test' },
  }

  it('adds the row of a run: parameters as text, and of the evaluation the numbers', async () => {
    scripted.answer('training_runs', [])
    await insertTrainingRun(scripted.analytics, run, { model })
    expect(scripted.statements()[0]!.parameters).toEqual({ run: 'run-1' })
    expect(scripted.inserts()).toEqual([
      {
        table: 'training_runs',
        rows: [
          {
            run: 'run-1',
            at: '1767225600.000',
            kind: 'train',
            model: 'mail',
            version: '3',
            method: 'head',
            parameters: { seed: '7', base: 'minilm', steps: '["unicode"]' },
            metrics: { accuracy: 0.9 },
            data_manifest: '{"rows":10}',
            artifact_hash: 'abc',
            seconds: 12.5,
            parent: '',
            state: 'complete',
            steps: '[]',
            environment: {},
          },
        ],
        token: 'run-run-1-0',
        fence: undefined,
      },
    ])
  })

  it('says that a cross-validation is one, and that it made no version', async () => {
    scripted.answer('training_runs', [])
    const none = { name: 'cv', version: '', graphSha256: '' }
    await insertTrainingRun(scripted.analytics, { ...run, kind: 'cv' }, { model: none })
    expect(scripted.inserts()[0]!.rows).toMatchObject([
      { kind: 'cv', model: 'cv', version: '', artifact_hash: '' },
    ])
  })

  it('adds the rows of folds that are missing, which made no version', async () => {
    scripted.answer('training_runs', [{ run: 'run-1' }, { run: 'run-1#1' }])
    const part = { ...run, kind: 'fold' as const, parent: 'run-1', steps: [{ epoch: 1, loss: 2 }] }
    const parts = [
      { ...part, run: 'run-1#1' },
      { ...part, run: 'run-1#2', environment: { node: '24' } },
    ]
    await insertTrainingRun(scripted.analytics, { ...run, kind: 'cv' }, { model, parts })
    expect(scripted.inserts()).toMatchObject([
      {
        rows: [
          {
            run: 'run-1#2',
            kind: 'fold',
            parent: 'run-1',
            version: '',
            steps: '[{"epoch":1,"loss":2}]',
            environment: { node: '24' },
          },
        ],
        token: 'run-run-1-2',
      },
    ])
  })

  it('adds nothing for a run that has its row', async () => {
    scripted.answer('training_runs', [{ run: 'run-1' }])
    await insertTrainingRun(scripted.analytics, run, { model })
    expect(scripted.inserts()).toEqual([])
  })
})
