import { expect, it } from 'vitest'
import type { RunStep } from '../api/answers.ts'
import { curvesOf } from './curves.ts'

it('puts measures of one scale into one chart', () => {
  const steps: RunStep[] = [
    { step: 0, metrics: { train_loss: 1.2, lr: 1e-4 } },
    { step: 1, metrics: { train_loss: 0.8, val_loss: 0.9, macroF1: 0.7, tokensPerSecond: 900 } },
  ]
  expect(curvesOf(steps)).toEqual([
    {
      title: 'Loss',
      series: [
        { name: 'train_loss', values: [1.2, 0.8] },
        { name: 'val_loss', values: [null, 0.9] },
      ],
    },
    { title: 'Scores', series: [{ name: 'macroF1', values: [null, 0.7] }] },
    { title: 'Learning rate', series: [{ name: 'lr', values: [1e-4, null] }] },
    { title: 'Other measures', series: [{ name: 'tokensPerSecond', values: [null, 900] }] },
  ])
})
