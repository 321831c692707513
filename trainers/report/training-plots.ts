// The plots of how a model came about: the loss by step, the epochs, and the accuracy by number of
// training examples.
import type { EpochReport, StepLoss } from '../evaluation/epoch-report.ts'
import type { SizeCurve } from '../evaluation/size-curve.ts'
import { accent, colours, countAxis, landscape, muted, second, valueAxis } from './plot-parts.ts'
import { formatFigure } from './report-tables.ts'
import type { Plot } from './report-svg.ts'

/** The learning curves of fine-tuning. */
export type LearningCurves = {
  readonly epochs: readonly EpochReport[]
  /** Steps in all, from which the step at the end of each epoch follows. */
  readonly steps?: number | undefined
  /** The training loss by step; empty in records of earlier releases. */
  readonly losses?: readonly StepLoss[] | undefined
}

/** The loss by step, and the scores on the validation texts after each epoch. */
export function learningPlots({ epochs, steps, losses = [] }: LearningCurves): Plot[] {
  return [lossPlot({ epochs, steps, losses }), epochPlot(epochs)]
}

const trained = 'training texts'
const validated = 'validation texts'

function lossPlot({ epochs, steps, losses }: Required<LearningCurves> | LearningCurves): Plot {
  const bySteps = steps !== undefined && losses !== undefined && losses.length > 1
  const perEpoch = bySteps ? steps / epochs.length : 1
  const values = [
    ...(bySteps
      ? losses.map(({ step, loss }) => ({ at: step, loss, name: trained }))
      : epochs.map(({ epoch, trainLoss }) => ({ at: epoch, loss: trainLoss, name: trained }))),
    ...epochs.map(({ epoch, logLoss }) => ({
      at: Math.round(epoch * perEpoch),
      loss: logLoss,
      name: validated,
    })),
  ]
  const [first, last] = [epochs[0]!, epochs.at(-1)!]
  const encoding = {
    x: countAxis('at', bySteps ? 'step' : 'epoch'),
    y: valueAxis('loss', { title: 'loss', unit: 'number' }),
    color: colours([trained, validated], [muted, accent]),
  }
  const point = { filled: true, size: 45 }
  return {
    caption: `Loss by ${bySteps ? 'step' : 'epoch'}; on validation texts after each epoch`,
    alternative:
      `Loss from epoch ${first.epoch} to ${last.epoch}: on the training texts from ` +
      `${first.trainLoss.toFixed(3)} to ${last.trainLoss.toFixed(3)}, on the validation texts from ` +
      `${first.logLoss.toFixed(3)} to ${last.logLoss.toFixed(3)}.`,
    spec: {
      ...landscape,
      layer: [
        {
          data: { values: values.filter(({ name }) => name === trained) },
          mark: { type: 'line', strokeWidth: 1.5, point: bySteps ? false : point },
          encoding,
        },
        {
          data: { values: values.filter(({ name }) => name === validated) },
          mark: { type: 'line', point },
          encoding,
        },
      ],
    },
  }
}

function epochPlot(epochs: readonly EpochReport[]): Plot {
  const values = epochs.flatMap(({ epoch, macroF1, accuracy }) => [
    { epoch, score: accuracy, name: 'accuracy' },
    { epoch, score: macroF1, name: 'macro F1' },
  ])
  const read = epochs.map(
    ({ epoch, macroF1 }) => `${formatFigure(macroF1, 'share')} after epoch ${epoch}`,
  )
  return {
    caption: 'Scores on the validation texts; macro F1 chose the epoch',
    alternative: `Macro F1 on the validation texts: ${read.join(', ')}.`,
    spec: {
      ...landscape,
      data: { values },
      mark: { type: 'line', point: { filled: true, size: 45 } },
      encoding: {
        x: countAxis('epoch', 'epoch'),
        y: valueAxis('score', { title: 'score', unit: 'share' }),
        color: colours(['accuracy', 'macro F1'], [second, accent]),
      },
    },
  }
}

/** Accuracy and macro F1 against the number of training examples, with the spread of the fits. */
export function sizeCurvePlot({ points }: SizeCurve): Plot {
  const names = ['accuracy', 'macro F1']
  const values = points.flatMap(({ examples, accuracy, macroF1 }) => [
    { examples, ...accuracy, name: 'accuracy' },
    { examples, ...macroF1, name: 'macro F1' },
  ])
  const read = points.map(
    ({ examples, accuracy }) =>
      `${formatFigure(accuracy.mean, 'share')} with ${examples.toLocaleString('en-US')}`,
  )
  const encoding = {
    x: {
      field: 'examples',
      type: 'quantitative',
      title: 'training examples',
      scale: { type: 'log', nice: false },
      axis: {
        values: points.map(({ examples }) => examples),
        format: ',',
        grid: false,
        labelOverlap: true,
      },
    },
    y: valueAxis('mean', { title: 'score', unit: 'share' }),
    color: colours(names, [accent, second]),
  }
  return {
    caption: 'Score by number of training examples (doubling)',
    alternative: `Accuracy by number of training examples: ${read.join(', ')}.`,
    spec: {
      ...landscape,
      data: { values },
      layer: [
        { mark: { type: 'line', point: { filled: true, size: 45 } }, encoding },
        {
          mark: { type: 'rule', strokeWidth: 1.5 },
          encoding: { ...encoding, y: { ...encoding.y, field: 'low' }, y2: { field: 'high' } },
        },
      ],
    },
  }
}
