// What the log says of models and their encoders.
import { expect, it } from 'vitest'
import { sharingLines } from './encoder-sharing.ts'

it('names the models of each encoder', () => {
  const model = (ref: string, encoder?: string) => ({ ref, classifier: { encoder } })
  expect(
    sharingLines([model('a@1', 'x'), model('b@2', 'y'), model('c@1', 'x'), model('d@4')]),
  ).toEqual([
    'a@1, c@1 have the same encoder and share one pass over each text',
    'b@2 shares no encoder: each text is encoded for it alone',
    'd@4 shares no encoder: each text is encoded for it alone',
  ])
})
