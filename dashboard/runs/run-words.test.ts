import { expect, it } from 'vitest'
import { flatEntries, mainFigure, parameterText, spoken, stateTone } from './run-words.ts'

it('shows macro F1 first, and any figure rather than none', () => {
  expect(mainFigure({ accuracy: 0.9, macroF1: 0.8 })).toEqual({ name: 'macro F1', value: 0.8 })
  expect(mainFigure({ ms_per_text: 3 })).toEqual({ name: 'ms per text', value: 3 })
  expect(mainFigure({})).toBeUndefined()
})

it('writes names, states and parameters as people read them', () => {
  expect(['macroF1', 'log_loss', 'weightedF1', 'trainLoss'].map(spoken)).toEqual([
    ...['macro F1', 'log loss', 'weighted F1', 'train loss'],
  ])
  expect(['finished', 'failed', 'running'].map(stateTone)).toEqual(['good', 'bad', ''])
  expect([null, 'x', 3, [1]].map(parameterText)).toEqual(['–', 'x', '3', '[1]'])
})

it('lays out what an object holds', () => {
  const values = { seed: 1, train: { source: 'a.jsonl', parts: [1, 2] }, test: null }
  expect(flatEntries(values)).toEqual([
    ['seed', 1],
    ['train source', 'a.jsonl'],
    ['train parts', [1, 2]],
  ])
})
