import { expect, it } from 'vitest'
import { replayWords } from './replay-words.ts'

it('says what was sent and what was left out', () => {
  expect(replayWords({ matched: 0, sent: 0, skipped: {}, stopped: false })).toContain(
    'Nothing matched',
  )
  expect(replayWords({ matched: 1, sent: 1, skipped: {}, stopped: false })).toBe(
    '1 event was sent again',
  )
  expect(replayWords({ matched: 9, sent: 2, skipped: {}, stopped: true })).toContain('replay again')
  expect(
    replayWords({ matched: 5, sent: 3, skipped: { settled: 2, gone: 0 }, stopped: false }),
  ).toBe('3 events were sent again; left out: 2 settled')
})
