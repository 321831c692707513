// Which open dead letters a replay takes, its limits, and how it stops. Reading records from their
// topic is tested on a real broker in tests/integration/dead-letters.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { createFakeAdmin } from '../../tests/support/fake-admin.ts'
import {
  createRecordingProducer,
  type RecordingProducer,
} from '../../tests/support/recording-producer.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { replayLetters, type LetterReplay } from './letter-replay.ts'

let scripted: ScriptedEngine
let producer: RecordingProducer
beforeEach(async () => {
  scripted = await openScriptedEngine()
  producer = createRecordingProducer()
})
afterEach(() => scripted.close())

const config = configSchema.parse({})

/** Open dead letters that keep their whole value, 300 in each of two partitions. */
function openLetters(): void {
  const letters = [0, 1].flatMap((partition) =>
    Array.from({ length: 300 }, (_, offset) => ({
      topic: 'winnow.events',
      partition,
      offset,
      recordTimeMs: 1_000 + offset,
      code: offset % 2 === 0 ? 'text_empty' : 'json_invalid',
      attempt: 0,
      payloadBytes: 5,
      isSent: offset === 7,
    })),
  )
  scripted.answer('FROM open_dead_letters', letters)
  scripted.answer('LIMIT 1 BY', (seen) =>
    (JSON.parse(seen.parameters['offsets']!) as number[]).map((offset) => ({
      offset,
      recordTimeMs: 1_000 + offset,
      code: 'text_empty',
      key: '',
      keyBase64: '',
      payload: 'hello',
      payloadBase64: '',
      payloadBytes: 5,
    })),
  )
}

function replay(changes: Partial<LetterReplay> = {}) {
  const { kafka } = createFakeAdmin({
    'winnow.events': [
      [0, 300],
      [0, 300],
    ],
  })
  return replayLetters(
    { analytics: scripted.analytics, kafka, producer },
    {
      filter: { code: 'text_empty' },
      limit: Infinity,
      again: false,
      by: 'ann@here',
      signal: new AbortController().signal,
      ...changes,
    },
    config,
  )
}

describe('replayLetters', () => {
  it('sends what matches and counts by code and reason', async () => {
    openLetters()
    expect(await replay()).toEqual({
      matched: 600,
      sent: 598,
      reread: 0,
      skipped: { already_sent: 2 },
      byCode: {
        text_empty: { matched: 300, sent: 300, skipped: 0 },
        json_invalid: { matched: 300, sent: 298, skipped: 2 },
      },
      stopped: false,
    })
    const records = producer.sent.flatMap(({ records: sent }) => sent)
    expect(records).toHaveLength(598)
    const noted = scripted.inserts().flatMap(({ rows }) => rows)
    expect(noted).toHaveLength(598)
    expect(noted[0]).toMatchObject({ sent_by: 'ann@here', attempt: 1 })
    expect(
      scripted.statements().some(({ parameters }) => parameters['code'] === 'text_empty'),
    ).toBe(true)
  })

  it('sends at most the limit', async () => {
    openLetters()
    expect(await replay({ limit: 5 })).toMatchObject({ matched: 5, sent: 5, stopped: false })
    expect(producer.sent.flatMap(({ records }) => records)).toHaveLength(5)
  })

  it('stops when its signal aborts, and says what was done until then', async () => {
    openLetters()
    const stop = new AbortController()
    const onProgress = () => {
      stop.abort()
    }
    const done = await replay({ signal: stop.signal, onProgress })
    expect(done).toMatchObject({ matched: 200, sent: 199, stopped: true })
  })
})
